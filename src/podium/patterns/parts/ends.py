"""When a pattern that goes on turn by turn is over: ends that combine with `|` and `&`, and whether one has come."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from podium.engine.context import Context
from podium.errors import PatternError
from podium.model.cost import Spending
from podium.model.duration import Duration, in_seconds, seconds_or_none
from podium.model.expected import NAME
from podium.model.json import Json
from podium.model.question import Approval, Decision
from podium.model.storable import check_name, check_text
from podium.patterns.building.expression import rule, wording
from podium.patterns.building.inputs import as_text, plain
from podium.patterns.building.members import Kind, known
from podium.patterns.building.reading import reading
from podium.patterns.building.writing import written

EndRule = Callable[..., object]
"""A rule of what the pattern says, which ends it once it holds."""

_NOT_YET: Final = object()
_IS_IT_DONE: Final = "Is it done?"
_UNANSWERED: Final = Decision(approved=False, comment="nobody answered in time")


class EndWhen(ABC):
    """When a pattern ends. `one | other` comes with the first of the two, `one & other` once both have come.

    Made by `after`, `mentions`, `spent`, `lasted`, `signalled`, `confirmed`, `any_of` and `all_of`; a rule, which is a
    function or `cel('…')`, may stand on either side too. An end is looked at between two turns and interrupts none.
    """

    __slots__ = ()

    def __or__(self, other: "EndWhen | EndRule") -> "EndWhen":
        """Return what comes with the first of the two."""
        return any_of(self, other)

    def __ror__(self, other: EndRule) -> "EndWhen":
        """Return what comes with the first of the two."""
        return any_of(other, self)

    def __and__(self, other: "EndWhen | EndRule") -> "EndWhen":
        """Return what comes once both have come."""
        return all_of(self, other)

    def __rand__(self, other: EndRule) -> "EndWhen":
        """Return what comes once both have come."""
        return all_of(other, self)

    @abstractmethod
    def spec(self) -> Json:
        """Return it as JSON: the name of the function that makes it, and what it takes."""

    @abstractmethod
    async def came(self, at: "EndWatch") -> str | None:
        """Return in words what has come, or None as long as it has not."""

    def parts(self) -> "Iterator[EndWhen]":
        """Give it, and all that it is combined of."""
        yield self

    def bound(self, bind: Callable[[EndRule], EndRule]) -> "EndWhen":
        """Return it with its rules bound to the variables of a pattern."""
        return self


@dataclass(frozen=True, slots=True)
class _After(EndWhen):
    turns: int

    def spec(self) -> Json:
        return {"after": self.turns}

    async def came(self, at: "EndWatch") -> str | None:
        return f"after {self.turns} turn{'s' * (self.turns > 1)}" if at.turns >= self.turns else None


@dataclass(frozen=True, slots=True)
class _Mentions(EndWhen):
    text: str
    by: tuple[str, ...]

    def spec(self) -> Json:
        return {"mentions": {"text": self.text, **({"by": list(self.by)} if self.by else {})}}

    async def came(self, at: "EndWatch") -> str | None:
        said = (who for who, text in at.said if self.text in text and (not self.by or who in self.by))
        who = next(said, None)
        return None if who is None else f"{who} said {self.text!r}"


@dataclass(frozen=True, slots=True)
class _Spent(EndWhen):
    usd: float | None
    tokens: int | None

    def spec(self) -> Json:
        bounds: dict[str, float | None] = {"usd": self.usd, "tokens": self.tokens}
        return {"spent": {name: bound for name, bound in bounds.items() if bound is not None}}

    async def came(self, at: "EndWatch") -> str | None:
        so_far = await at.spent()
        if self.usd is not None and so_far.usd >= self.usd:
            return f"{so_far.usd:.6g} US dollars were spent"
        if self.tokens is not None and so_far.tokens >= self.tokens:
            return f"{so_far.tokens:,} tokens were used"
        return None


@dataclass(frozen=True, slots=True)
class _Lasted(EndWhen):
    seconds: float

    def spec(self) -> Json:
        return {"lasted": self.seconds}

    async def came(self, at: "EndWatch") -> str | None:
        return f"after {self.seconds:g} seconds" if at.seconds >= self.seconds else None


@dataclass(frozen=True, slots=True)
class _Signalled(EndWhen):
    name: str

    def spec(self) -> Json:
        return {"signalled": self.name}

    async def came(self, at: "EndWatch") -> str | None:
        return f"signal {self.name!r} came" if await at.signalled(self.name) else None


@dataclass(frozen=True, slots=True)
class _Confirmed(EndWhen):
    to: str
    text: str
    seconds: float | None

    def spec(self) -> Json:
        told: dict[str, Json] = {} if self.text == _IS_IT_DONE else {"text": self.text}
        return {"confirmed": {"to": self.to, **told, **({} if self.seconds is None else {"within": self.seconds})}}

    async def came(self, at: "EndWatch") -> str | None:
        decision = await at.asked(self.text, self.to, self.seconds)
        return f"{' and '.join(decision.by) or self.to} confirmed it" if decision.approved else None


@dataclass(frozen=True, slots=True)
class _Holds(EndWhen):
    """A rule as an end."""

    rule: EndRule
    named: str

    def spec(self) -> Json:
        return written(self.rule, "the rule of an end")

    async def came(self, at: "EndWatch") -> str | None:
        return f"the rule {self.named}".rstrip() + " holds" if self.rule(*at.values) else None

    def bound(self, bind: Callable[[EndRule], EndRule]) -> EndWhen:
        return _Holds(bind(self.rule), self.named)


@dataclass(frozen=True, slots=True)
class _Combined(EndWhen):
    """Several ends of which one, or all, have to come."""

    ends: tuple[EndWhen, ...]
    every: bool

    def spec(self) -> Json:
        return {"all_of" if self.every else "any_of": [each.spec() for each in self.ends]}

    async def came(self, at: "EndWatch") -> str | None:
        words: list[str] = []
        for each in self.ends:
            came = await each.came(at)
            if came is None and self.every:
                return None
            if came is not None and not self.every:
                return came
            words += [] if came is None else [came]
        return " and ".join(words) or None

    def parts(self) -> Iterator[EndWhen]:
        yield self
        for each in self.ends:
            yield from each.parts()

    def bound(self, bind: Callable[[EndRule], EndRule]) -> EndWhen:
        return _Combined(tuple(each.bound(bind) for each in self.ends), self.every)


def after(turns: int) -> EndWhen:
    """Return the end that comes after so many turns, 1 or more: what a turn is, the page of the pattern says."""
    if type(turns) is not int or turns < 1:
        raise PatternError(f"after was given turns={turns!r}: expected a whole number, 1 or more.")
    return _After(turns)


def mentions(text: str, *, by: str | Sequence[str] = ()) -> EndWhen:
    """Return the end that comes once a member has said something with this text in it, written exactly so.

    What is no text counts as its JSON. With `by`, a name or several, only what these members say counts; a name that
    no member has is refused by the pattern.
    """
    check_text("the text of mentions", text)
    if not text:
        raise PatternError("mentions was given an empty text, which everybody says: give the words that end it.")
    return _Mentions(text, (by,) if isinstance(by, str) else tuple(by))


def spent(*, usd: float | None = None, tokens: int | None = None) -> EndWhen:
    """Return the end that comes once the pattern, with all below it, has spent so many US dollars, or tokens.

    It counts what budgets count: as far as prices are known, and what is in doubt. A budget refuses what it has no
    room for; this is looked at between two turns, of which the last one may cost more.
    """
    if usd is None and tokens is None:
        raise PatternError("spent was given no bound: pass usd=…, or tokens=….")
    for name, bound in (("usd", usd), ("tokens", tokens)):
        if bound is not None and not bound > 0:
            raise PatternError(f"spent was given {name}={bound}: expected more than 0.")
    return _Spent(usd, tokens)


def lasted(time: Duration) -> EndWhen:
    """Return the end that comes with the first turn that ends so long after the pattern began, such as `"10m"`."""
    return _Lasted(in_seconds(time, "the time of lasted"))


def signalled(name: str) -> EndWhen:
    """Return the end that comes once the run was sent a signal of this name: the word of a person.

    A signal is taken between two turns, and no turn waits for it.
    """
    NAME.check("the name of a signal", name)
    check_name("the name of a signal", name)
    return _Signalled(name)


def confirmed(to: str, *, text: str = _IS_IT_DONE, within: Duration | None = None) -> EndWhen:
    """Return the end that comes once a person or role is asked in the inbox and approves; a rejection lets it go on.

    They are asked after every turn, and see what rules see; the pattern waits for the answer, durably, at most `within`
    seconds: none counts as no. With `other & confirmed(…)` they are asked only once the other end has come.
    """
    check_text("`to` of confirmed", to)
    check_text("the text of confirmed", text)
    if not to:
        raise PatternError("confirmed was given to='': expected a person or a role.")
    return _Confirmed(to, text, seconds_or_none(within, "within of confirmed"))


def any_of(*ends: EndWhen | EndRule) -> EndWhen:
    """Return the end that comes with the first of several, looked at in this order; `one | other` is the short way."""
    return _combined(ends, every=False)


def all_of(*ends: EndWhen | EndRule) -> EndWhen:
    """Return the end that comes once all of several have come; `one & other` is the short way."""
    return _combined(ends, every=True)


def _combined(ends: Iterable[EndWhen | EndRule], *, every: bool) -> EndWhen:
    parts: list[EndWhen] = []
    for each in map(_end, ends):
        parts += each.ends if isinstance(each, _Combined) and each.every is every else [each]
    if not parts:
        raise PatternError(f"{'all_of' if every else 'any_of'} needs at least 1 end, got 0.")
    return parts[0] if len(parts) == 1 else _Combined(tuple(parts), every)


def _end(given: EndWhen | EndRule) -> EndWhen:
    return given if isinstance(given, EndWhen) else _Holds(given, wording(given))


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends a pattern, besides what it ends by itself."""

    end: EndWhen | None

    def read(self, *values: object) -> None:
        """Raise BadAnswer where a rule among the ends cannot read these values, those of its variables."""
        for each in () if self.end is None else self.end.parts():
            if isinstance(each, _Holds):
                each.rule(*values)

    def begin(self, ctx: Context) -> "EndWatch":
        """Return what is known in a run that begins here."""
        return EndWatch(ctx, self.end)


def ends_of(pattern: str, given: EndWhen | EndRule | None, members: Iterable[str] | None, **variables: Kind) -> Ends:
    """Return what ends a pattern: an end, a rule of these variables, or nothing; raises PatternError where it is none.

    `members` are the names of those who say something; None where they are known only in a run.
    """
    if given is None:
        return Ends(None)
    whole = _end(given)
    for each in whole.parts():
        if isinstance(each, _Mentions) and members is not None:
            known(pattern, f"mentions({each.text!r})", each.by, members)
    return Ends(whole.bound(lambda function: reading(pattern, "until", rule(function, **variables))))


class EndWatch:
    """How far a pattern is in one run, and which of its ends has come."""

    __slots__ = ("_began", "_ctx", "_end", "_heard", "_listens", "_spending", "ended_by", "said", "turns", "values")

    def __init__(self, ctx: Context, end: EndWhen | None) -> None:
        self._ctx = ctx
        self._end = end
        self._began = ctx.now()
        self._heard = set[str]()
        self._spending: Spending | None = None
        self._listens = end is not None and any(isinstance(each, _Mentions) for each in end.parts())
        self.turns = 0
        """So many have ended."""
        self.said: list[tuple[str, str]] = []
        """Who said what, as a text, if any end asks for that."""
        self.values: Sequence[Any] = ()
        """What rules are asked about, in the order of their variables."""
        self.ended_by = ""
        """Which end has come, in words."""

    def note(self, who: str, said: object) -> None:
        """Note what a member said."""
        self.note_all([(who, said)])

    def note_all(self, said: Iterable[tuple[str, object]]) -> None:
        """Note what several members said, by name, in this order."""
        if self._listens:
            self.said += [(who, as_text(each)) for who, each in said]

    async def came(self, turns: int, *values: object) -> str | None:
        """Return in words which end has come after so many turns, or None; `values` are those of the variables."""
        self.turns, self.values, self._spending = turns, values, None
        came = None if self._end is None else await self._end.came(self)
        self.ended_by = came or self.ended_by
        return came

    async def last_turn(self, most: int, turns: int, *values: object) -> int:
        """Return which turn is the last one, of `most`: where an end has come, the one that follows."""
        return min(most, turns + 1) if await self.came(turns, *values) else most

    @property
    def seconds(self) -> float:
        """How long it has lasted, as of the last thing that happened; the same on every replay."""
        return self._ctx.now() - self._began

    async def spent(self) -> Spending:
        """Return what was spent as of this turn."""
        if self._spending is None:
            (self._spending,) = await self._ctx.spent()
        return self._spending

    async def asked(self, text: str, to: str, within: float | None) -> Decision:
        """Return what a person or role says who is shown what rules are asked about."""
        shown = plain(self.values[0] if len(self.values) == 1 else list(self.values))
        return await self._ctx.ask(Approval(text, shown), to=to, within=within, default=_UNANSWERED)

    async def signalled(self, name: str) -> bool:
        """Whether a signal of this name has come; it is taken then, and counts from then on."""
        if name not in self._heard and await self._ctx.signal(name, within=0, default=_NOT_YET) is not _NOT_YET:
            self._heard.add(name)
        return name in self._heard
