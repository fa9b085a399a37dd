"""What may be spent, what a request may come to, and how a budget stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Literal

from podium.model.duration import PAUSE, Seconds, SecondsOrNone, hold_seconds
from podium.model.expected import FUNCTION, NAME, Expected, check_fields, each, instance, one_of, or_none, up_to
from podium.model.json import Json

PER_USD = 1_000_000_000
"""Budgets are kept in billionths of a US dollar: whole numbers, so that sums are exact."""


@lru_cache(1024)
def nano(usd: float) -> int:
    """Return US dollars as billionths, rounded up: what is set aside is never less than what was said."""
    return int((Decimal(repr(float(usd))) * PER_USD).to_integral_value(ROUND_CEILING))


MOST_USD = 1_000_000_000
MOST_COUNT = 1_000_000_000_000_000
"""No budget, and no request, comes to more: the store adds whole numbers of 64 bits."""


USUAL_OUTPUT = 4_096
"""Tokens that an answer of a model may have under a budget at least, as long as there is room, where nobody says so."""
LEAST_OUTPUT = 1_024
"""Tokens for which a request is still made when there is no more room in a budget."""
SIDE_BY_SIDE = 20
"""Of a longer answer so many may be under way at once: none takes a larger share of a budget."""

USD = up_to(MOST_USD)
NUMBER = up_to(MOST_COUNT, whole=True)


_BOUND: Mapping[str, Expected] = {"usd": USD, "input_tokens": NUMBER, "output_tokens": NUMBER, "fit": or_none(FUNCTION)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that one request may come to."""

    usd: float | None = None
    """US dollars; None where the price is not known."""
    input_tokens: int = 0
    output_tokens: int = 0
    fit: "BoundWithin | None" = field(default=None, compare=False, repr=False)
    """Bounds it anew, so that it comes to no more than these limits; None where nobody can."""

    def __post_init__(self) -> None:
        check_fields(self, _BOUND)

    def within(self, limits: "BudgetLimits") -> bool:
        """Whether it comes to no more than these limits; a price that is not known counts as none."""
        cheap = limits.usd is None or self.usd is None or nano(self.usd) <= limits.usd
        return cheap and (limits.tokens is None or self.input_tokens + self.output_tokens <= limits.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What is set aside or spent."""

    usd: int = 0
    """In billionths of a US dollar."""
    tokens: int = 0
    calls: int = 0

    def __bool__(self) -> bool:
        """Whether it is anything at all."""
        return bool(self.usd or self.tokens or self.calls)

    def __add__(self, other: "Amount") -> "Amount":
        """Return both together."""
        return Amount(usd=self.usd + other.usd, tokens=self.tokens + other.tokens, calls=self.calls + other.calls)

    def times(self, n: int) -> "Amount":
        """Return so many of it."""
        return Amount(usd=self.usd * n, tokens=self.tokens * n, calls=self.calls * n)

    def at_least(self, other: "Amount") -> "Amount":
        """Return the larger of both, in each of its parts."""
        return Amount(
            usd=max(self.usd, other.usd), tokens=max(self.tokens, other.tokens), calls=max(self.calls, other.calls)
        )

    def within(self, other: "Amount") -> bool:
        """Whether it is no larger, in any of its parts."""
        return self.usd <= other.usd and self.tokens <= other.tokens and self.calls <= other.calls

    def counts(self, limits: "BudgetLimits") -> bool:
        """Whether any of it counts against these limits."""
        return bool(
            (self.usd and limits.usd is not None)
            or (self.tokens and limits.tokens is not None)
            or (self.calls and limits.calls is not None)
        )

    def under(self, limits: "BudgetLimits") -> "Amount":
        """Return as much of it as counts against these limits."""
        usd = 0 if limits.usd is None else self.usd
        tokens = 0 if limits.tokens is None else self.tokens
        calls = 0 if limits.calls is None else self.calls
        if usd == self.usd and tokens == self.tokens and calls == self.calls:
            return self
        return Amount(usd=usd, tokens=tokens, calls=calls)


_BUDGET: Mapping[str, Expected] = {
    "usd": USD, "tokens": NUMBER, "calls": NUMBER, "seconds": up_to(MOST_COUNT), "depth": NUMBER, "fan_out": NUMBER,
    "on_breach": one_of(("stop", "ask")), "to": NAME,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that a run, with all its calls and child runs, may come to; None is no bound."""

    usd: float | None = None
    tokens: int | None = None
    """Input and output together."""
    calls: int | None = None
    """Calls of agents, and uses of tools by them; calls of workflows, and requests to models, are not counted."""
    seconds: SecondsOrNone = SecondsOrNone()
    """From the start of the run."""
    depth: int | None = None
    """Workflows inside one another, called or spawned; of a child run, counted from itself."""
    fan_out: int | None = None
    """Branches of one gather, map, race or select, later ones included; child runs of one context not awaited yet."""
    on_breach: Literal["stop", "ask"] = "stop"
    """Whether what does not fit is refused, or a person is asked to raise the limit."""
    to: str = "operators"
    """Who is asked."""

    def __post_init__(self) -> None:
        hold_seconds(self, PAUSE, "seconds", optional=True)
        check_fields(self, _BUDGET)


_ALLOWANCE: Mapping[str, Expected] = {
    "usd": USD, "tokens": NUMBER, "calls": NUMBER, "per": one_of(("day", "month", "ever")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that all runs together may come to in a time; None is no bound."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    per: Literal["day", "month", "ever"] = "day"
    """Days and months of UTC."""

    def __post_init__(self) -> None:
        check_fields(self, _ALLOWANCE)


_AN_ALLOWANCE = instance(Allowance, "Allowance(usd=5.0)")
_SETTINGS: Mapping[str, Expected] = {
    "run": or_none(instance(Budget, "Budget(usd=0.5)")), "day": or_none(_AN_ALLOWANCE),
    "tenants": each(_AN_ALLOWANCE, 'allowances by tenant, such as {"*": Allowance(usd=5.0)}'),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings:
    """The budgets of the configuration."""

    run: Budget | None = None
    """That of each run which is started without one."""
    day: Allowance | None = None
    """Of everything together."""
    tenants: Mapping[str, Allowance] = field(default_factory=dict[str, Allowance])
    """By tenant; `*` is each of those that are not named."""
    max_wait: Seconds = Seconds(600.0)
    """The longest that a call waits for room while what others have set aside may come back, in seconds."""

    def __post_init__(self) -> None:
        hold_seconds(self, PAUSE, "max_wait")
        check_fields(self, _SETTINGS)

    def __bool__(self) -> bool:
        """Whether anything is bounded that runs share."""
        return self.day is not None or bool(self.tenants)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimits:
    """A budget's limits, as the store keeps them; None is no bound."""

    usd: int | None = None
    """In billionths of a US dollar."""
    tokens: int | None = None
    calls: int | None = None

    def beside(self, share: "BudgetLimits") -> "BudgetLimits":
        """Return those that a share does not bound itself."""
        return BudgetLimits(
            usd=self.usd if share.usd is None else None,
            tokens=self.tokens if share.tokens is None else None,
            calls=self.calls if share.calls is None else None,
        )

    def at_least(self, spent: Amount) -> "BudgetLimits":
        """Return them, none lower than what is spent."""
        return BudgetLimits(
            usd=None if self.usd is None else max(self.usd, spent.usd),
            tokens=None if self.tokens is None else max(self.tokens, spent.tokens),
            calls=None if self.calls is None else max(self.calls, spent.calls),
        )

    def also_in(self, share: "BudgetLimits") -> "BudgetLimits":
        """Return those that a share bounds too: out of them it is carved."""
        return BudgetLimits(
            usd=None if share.usd is None else self.usd,
            tokens=None if share.tokens is None else self.tokens,
            calls=None if share.calls is None else self.calls,
        )

    def shared_by(self, n: int) -> "BudgetLimits":
        """Return the share of each of so many, of money and tokens."""
        return BudgetLimits(
            usd=None if self.usd is None else self.usd // n, tokens=None if self.tokens is None else self.tokens // n
        )

    def __bool__(self) -> bool:
        """Whether anything is bounded."""
        return self != _NO_LIMITS


_NO_LIMITS = BudgetLimits()

BoundWithin = Callable[[BudgetLimits, int, str], Bound | None]
"""Takes the limits, the fewest tokens that an answer is to have in any case, and who sets the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A budget that a request counts against."""

    id: str
    limits: BudgetLimits
    configured: bool = False
    """Its limits come from the settings, which may have changed; those of a run's are in the store."""
    to: str | None = None
    """Who is asked to raise it where it has no room; None asks no one."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount that was set aside and waits for what it really comes to."""

    id: str
    amount: Amount
    at: float = 0.0
    """When it was set aside."""
    budgets: Sequence[str] = ()
    """Those in which it is set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """How a budget stands."""

    id: str
    limits: BudgetLimits
    reserved: Amount
    """Set aside for what is under way."""
    spent: Amount
    in_doubt: int = 0
    """Part of `spent`, in billionths of a US dollar: set aside when its process died, so it may have been spent."""


@dataclass(frozen=True, slots=True)
class Scarcity:
    """A budget that has no room for what was to be set aside, and what is in the way."""

    state: BudgetState
    coming: Amount = Amount()
    """What is set aside for what is in flight, and may come back."""
    recallable: bool = False
    """Whether there would be room but for escrows."""
    waits: bool = False
    """Whether there may be room once what is in flight is settled."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A budget has no room for what was to be set aside."""

    state: BudgetState
    to: str | None
    """Who may be asked to raise it; None asks no one."""
    coming: Amount = Amount()
    """What is set aside for what is in flight, and may come back."""

    @property
    def left(self) -> BudgetLimits:
        """Money and tokens that are neither spent nor set aside for good: room for so much comes by waiting."""
        limits, taken = self.state.limits, self.state.spent + self.state.reserved
        usd, tokens = taken.usd - self.coming.usd, taken.tokens - self.coming.tokens
        taken = replace(taken, usd=usd, tokens=tokens)
        return BudgetLimits(
            usd=None if limits.usd is None else max(0, limits.usd - taken.usd),
            tokens=None if limits.tokens is None else max(0, limits.tokens - taken.tokens),
        )

    def __str__(self) -> str:
        """Say what is left of it."""
        state, parts = self.state, list[str]()
        if (usd := state.limits.usd) is not None:
            parts.append(f"{dollars(state.spent.usd + state.reserved.usd)} of {dollars(usd)}")
        for name in ("tokens", "calls"):
            if (most := getattr(state.limits, name)) is not None:
                parts.append(f"{getattr(state.spent, name) + getattr(state.reserved, name)} of {most} {name}")
        return f"of budget {state.id} {' and '.join(parts)} are spent or set aside"


def limits_of(budget: Budget | Allowance) -> BudgetLimits:
    """Return what the store holds of a budget."""
    return BudgetLimits(usd=None if budget.usd is None else nano(budget.usd), tokens=budget.tokens, calls=budget.calls)


def budget_json(budget: Budget) -> Json:
    """Return a budget as a fact says it: what it bounds, and what becomes of a breach."""
    said = {name: getattr(budget, name) for name in ("usd", "tokens", "calls", "seconds", "depth", "fan_out")}
    known = {name: value for name, value in said.items() if value is not None}
    return {**known, "on_breach": budget.on_breach, "to": budget.to}


def dollars(nanos: int) -> str:
    """Return billionths of a US dollar for people."""
    return f"${Decimal(nanos) / PER_USD:f}"


def line_json(line: BudgetLine) -> Json:
    """Return a line as a fact says it."""
    said = {"id": line.id, "usd": line.limits.usd, "tokens": line.limits.tokens, "calls": line.limits.calls}
    return said if line.to is None else {**said, "to": line.to}


def line_of(said: Json) -> BudgetLine:
    """Return the line that a fact tells of."""
    limits = BudgetLimits(usd=said["usd"], tokens=said["tokens"], calls=said["calls"])
    return BudgetLine(id=said["id"], limits=limits, to=said.get("to"))
