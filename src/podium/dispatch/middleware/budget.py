"""Nothing is spent that was not set aside before."""

from collections.abc import Awaitable
from datetime import UTC, datetime

from podium.dispatch.dispatcher import INLINE, Handler, StepHandler
from podium.errors import Forbidden, NotDone, RateLimited, Suspended
from podium.model.agent import Card
from podium.model.budget import Allowance, Amount, Breach, BudgetSettings, Line, Reservation, dollars, limits_of, nano
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Outcome, Pending, Refused, Usage
from podium.model.question import Ask
from podium.model.retry import FailureKind
from podium.model.step import Step
from podium.model.steps import Steps

UNPRICED = "budget:unpriced"
_PAID = frozenset({"http", "process"})
"""Kinds of agents that ask somebody else: without a price nobody knows what they come to."""
_FREE = frozenset({"workflow", INLINE})
"""What these come to is what they call."""
_NOTHING = Amount()

_RAISE: Json = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "comment": {"type": "string"},
        "usd": {"type": "number", "exclusiveMinimum": 0},
        "tokens": {"type": "integer", "exclusiveMinimum": 0},
        "calls": {"type": "integer", "exclusiveMinimum": 0},
    },
    "required": ["approved"],
    "additionalProperties": False,
    "anyOf": [
        {"properties": {"approved": {"const": False}}},
        {"required": ["usd"]},
        {"required": ["tokens"]},
        {"required": ["calls"]},
    ],
}
"""What an answer to `may it spend more?` looks like: no, or by how much the limits are raised."""


class Budgets:
    """Has calls and model requests set aside what they may come to, and settle it afterwards."""

    def __init__(self, settings: BudgetSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Set aside the highest price of an agent, and one call, before it is asked."""
        if card.kind in _FREE:
            return handler
        amount = Amount(usd=0 if card.usd is None else nano(card.usd), calls=1)
        unpriced = card.usd is None and card.kind in _PAID
        shared = self._shared(card)

        def bounded(call: Call, steps: Steps) -> Awaitable[Outcome]:
            free = not shared and not steps.lines and steps.depth is None
            return handler(call, steps) if free else priced(call, steps)

        async def priced(call: Call, steps: Steps) -> Outcome:
            if too_deep := _too_deep(call, steps):
                return too_deep
            lines = self._lines(card, call)
            if not lines and not steps.lines:
                return await handler(call, steps)
            if unpriced and _in_dollars(lines, steps):
                return Refused(UNPRICED, f"nobody knows what {card.name} costs: name its highest price, usd=…")
            found = await steps.reserve(amount, lines)
            if isinstance(found, Breach):
                return _breached(found, f"calling {card.name}", amount)
            if found is None:
                return await handler(call, steps)
            return await _spending(found, handler, call, steps)

        return bounded

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Set aside what a model request may come to before it is made."""
        shared = self._shared(card)

        def bounded(step: Step, steps: Steps) -> Awaitable[Json]:
            return handler(step, steps) if not shared and not steps.lines else priced(step, steps)

        async def priced(step: Step, steps: Steps) -> Json:
            if step.bound is None and step.name != "model":
                return await handler(step, steps)
            lines = self._lines(card, step.call)
            if not lines and not steps.lines:
                return await handler(step, steps)
            amount = _amount(card, step, in_dollars=_in_dollars(lines, steps))
            found = await steps.reserve(amount, lines)
            if isinstance(found, Breach):
                refused = _breached(found, f"a request of {card.name} to {card.model or 'its model'}", amount)
                if isinstance(refused, Pending):
                    raise Suspended(refused.ask, step.path, refused.rule)
                raise Forbidden(refused.rule, refused.reason)
            if found is None:
                return await handler(step, steps)
            return await _requesting(found, handler, step, steps)

        return bounded

    def _shared(self, card: Card) -> bool:
        """Whether budgets that runs share may bound an agent."""
        return card.budget is not None or bool(self._settings)

    def _lines(self, card: Card, call: Call) -> list[Line]:
        """Return the budgets of the configuration that a call counts against."""
        settings, lines = self._settings, list[Line]()
        if card.budget is not None:
            lines.append(self._line(f"agent:{card.name}", card.budget))
        tenant = settings.tenants.get(call.tenant) or settings.tenants.get("*")
        if tenant is not None:
            lines.append(self._line(f"tenant:{call.tenant}", tenant))
        if settings.day is not None:
            lines.append(self._line("day", settings.day))
        return lines

    def _line(self, name: str, allowance: Allowance) -> Line:
        if allowance.per == "ever":
            return Line(id=name, limits=limits_of(allowance), configured=True)
        day = datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat()
        when = day if allowance.per == "day" else day[:7]
        return Line(id=f"{name}/{when}", limits=limits_of(allowance), configured=True)


async def _spending(reserved: Reservation, handler: Handler, call: Call, steps: Steps) -> Outcome:
    """Have a call done, and settle what it came to: all that was set aside, unless it is known to be less."""
    spent = reserved.amount
    try:
        outcome = await handler(call, steps)
        match outcome:
            case Done(_, usage) if usage is not None and usage.usd is not None:
                spent = Amount(usd=nano(usage.usd), calls=1)
            case Refused() | Pending():
                spent = _NOTHING
            case Failed(failure) if failure.not_done or failure.unavailable or failure.kind is FailureKind.RATE:
                spent = _NOTHING
            case _:
                pass
        return outcome
    finally:
        _note_excess(reserved, spent, steps)
        steps.settle(reserved, spent)


async def _requesting(reserved: Reservation, handler: StepHandler, step: Step, steps: Steps) -> Json:
    """Have a step done, and settle what it came to."""
    spent = reserved.amount
    try:
        value = await handler(step, steps)
    except (RateLimited, NotDone, Forbidden, Suspended):
        spent = _NOTHING
        raise
    else:
        spent = _spent(reserved.amount, None if step.usage is None else step.usage(value))
        return value
    finally:
        _note_excess(reserved, spent, steps)
        steps.settle(reserved, spent)


def _spent(bound: Amount, usage: Usage | None) -> Amount:
    if usage is None:
        return bound
    usd = bound.usd if usage.usd is None or not bound.usd else nano(usage.usd)
    return Amount(usd=usd, tokens=usage.input_tokens + usage.output_tokens)


def _note_excess(reserved: Reservation, spent: Amount, steps: Steps) -> None:
    """Say so where more was spent than the bound, which then was none."""
    if spent.usd > reserved.amount.usd or spent.tokens > reserved.amount.tokens:
        bound = {"usd": reserved.amount.usd, "tokens": reserved.amount.tokens}
        steps.note("budget", {"over": {"usd": spent.usd, "tokens": spent.tokens}, "bound": bound})


def _amount(card: Card, step: Step, *, in_dollars: bool) -> Amount:
    """Return what a model request may come to; raises Forbidden where nobody knows."""
    if step.bound is None:
        raise Forbidden(UNPRICED, f"nobody can say how many tokens a request of {card.name} may come to")
    tokens = step.bound.input_tokens + step.bound.output_tokens
    if card.usd is not None:
        return Amount(tokens=tokens)  # the price of the whole call is set aside already
    if step.bound.usd is None and in_dollars:
        raise Forbidden(
            UNPRICED, f"nobody knows the price of {card.model or 'the model'} of {card.name}: set it in podium.toml"
        )
    return Amount(usd=0 if step.bound.usd is None else nano(step.bound.usd), tokens=tokens)


def _breached(breach: Breach, what: str, amount: Amount) -> Refused | Pending:
    """Refuse what does not fit, or ask whether the budget may be raised."""
    rule, more = f"budget:{breach.state.id}", list[str]()
    if amount.usd:
        more.append(dollars(amount.usd))
    if amount.tokens:
        more.append(f"{amount.tokens} tokens")
    if amount.calls:
        more.append("a call")
    reason = f"{breach}; {what} may come to {', '.join(more)}"
    if breach.to is None:
        return Refused(rule, reason)
    ask = Ask(text=f"May it spend more? {reason}.", schema=_RAISE, kind="permission", to=breach.to)
    return Pending(ask, rule=rule)


def _in_dollars(lines: list[Line], steps: Steps) -> bool:
    return any(line.limits.usd is not None for line in (*lines, *steps.lines))


def _too_deep(call: Call, steps: Steps) -> Refused | None:
    most = steps.depth
    if most is None or len(call.callers) <= most:
        return None
    return Refused("budget:depth", f"{' > '.join(call.callers)} is deeper than the {most} that the budget allows")
