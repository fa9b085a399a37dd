"""Nothing is spent that was not set aside before."""

from collections.abc import Awaitable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.rules.budget.holding import Holding
from podium.dispatch.rules.timeout import waiting
from podium.dispatch.shares import take_share
from podium.errors import AgentError, Forbidden, RateLimited, Suspended
from podium.model.agent import Card
from podium.model.budget import (
    LEAST_OUTPUT,
    MOST_COUNT,
    MOST_USD,
    Allowance,
    Amount,
    Breach,
    BudgetLine,
    BudgetSettings,
    Reservation,
    as_reported,
    dollars,
    limits_of,
    nano,
)
from podium.model.budget_ids import BUDGET_OF_ALL, budget_in_period, budget_of_agent, budget_of_tenant
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.embedding import embedder_asked
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Outcome, Pending, Refused, Usage
from podium.model.question import Ask
from podium.model.retry import FailureKind
from podium.model.rule_names import DEPTH, UNPRICED, budget_rule
from podium.model.rule_steps import RuleSteps
from podium.model.step import CACHE_STEP, StepCall, is_check, tool_of

_NOTHING = Amount()

_RAISE: Json = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "comment": {"type": "string"},
        "usd": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_USD},
        "tokens": {"type": "integer", "exclusiveMinimum": 0, "maximum": MOST_COUNT},
        "calls": {"type": "integer", "exclusiveMinimum": 0, "maximum": MOST_COUNT},
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


@dataclass(slots=True)
class _Tally:
    """What the model requests of a call came to whose agent names a price for the whole."""

    usd: int = 0
    begun: bool = False
    known: bool = True

    def add(self, step: StepCall, value: Json, *, named: bool) -> None:
        """Count a request that was answered; where the agent names no price for it, it is settled by itself."""
        usage = None if step.usage is None else step.usage(value)
        self.begun = True
        if not named:
            return
        if usage is None or usage.usd is None:
            self.known = False
        else:
            self.usd += as_reported(usage.usd, 0)

    def lost(self, *, named: bool) -> None:
        """Count a request of which nobody knows what it came to."""
        self.begun, self.known = True, self.known and not named

    def without_answer(self, bound: Amount) -> Amount:
        """Return what a call came to that was stopped: by a rule, a rate limit, or to wait."""
        if not self.begun:
            return _NOTHING
        return Amount(usd=self.usd, calls=bound.calls) if self.known else bound


class Budgets:
    """Has calls and model requests set aside what they may come to, and settle it afterwards."""

    def __init__(self, settings: BudgetSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tallies: dict[tuple[str, str], _Tally] = {}
        """Of calls under way, by run and key."""
        self._holding = Holding()

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Set aside the highest price of an agent, and one call, before it is asked."""
        if card.traits.costs_what_it_calls:
            return _within_depth(handler) if card.traits.runs_inline else handler
        amount = Amount(usd=0 if card.usd is None else nano(card.usd), calls=1)
        unpriced = card.usd is None and card.traits.costs_unless_priced
        shared = self._shared(card)

        def bounded(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
            free = not shared and not steps.lines and steps.depth is None
            return handler(call, steps) if free else priced(call, steps)

        async def priced(call: Call, steps: RuleSteps) -> Outcome:
            if too_deep := _too_deep(call, steps, len(call.callers)):
                return too_deep
            lines = self._lines(card, call) if shared else ()
            if not lines and not steps.lines:
                return await handler(call, steps)
            if unpriced and _in_dollars(lines, steps):
                return Refused(UNPRICED, f"nobody knows what {card.name} costs: name its highest price, usd=…")
            found = await steps.reserve(amount, lines, behind=self._holding.around(call))
            if isinstance(found, Breach):
                return _breached(found, f"calling {card.name}", amount)
            if found is None:
                return await handler(call, steps)
            return await self._spending(found, handler, call, steps)

        return bounded

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Set aside what a model request may come to before it is made, and a call for each use of a tool."""
        shared = self._shared(card)

        def bounded(step: StepCall, steps: RuleSteps) -> Awaitable[Json]:
            return handler(step, steps) if not shared and not steps.lines else priced(step, steps)

        async def priced(step: StepCall, steps: RuleSteps) -> Json:
            tool = None if is_check(step.path) else tool_of(step.name)
            if step.bound is None and step.name != "model" and tool is None:
                return await handler(step, steps)
            lines = self._lines(card, step.call) if shared else ()
            if not lines and not steps.lines:
                return await handler(step, steps)
            counting = [*lines, *steps.lines]
            take_share(step, {f"budget {line.id}": line.limits for line in counting})
            amount, behind = _amount(card, step, counting), self._holding.around(step.call, step.path)
            with waiting():
                found = await steps.reserve(amount, lines, step=step.path, behind=behind)
            for _ in counting:  # where one budget has room for less, the next may have room for still less
                if not isinstance(found, Breach) or not _take_what_is_left(step, found):
                    break
                amount = _amount(card, step, counting)
                with waiting():
                    found = await steps.reserve(amount, lines, step=step.path, behind=behind)
            if isinstance(found, Breach):
                asked = embedder_asked(step.input) or card.model or "its model"
                what = f"a request of {card.name} to {asked}" if tool is None else f"the use of {tool} by {card.name}"
                refused = _breached(found, what, amount)
                if isinstance(refused, Pending):
                    raise Suspended(refused.ask, step.path, refused.rule)
                raise Forbidden(refused.rule, refused.reason)
            return await self._requesting(found, handler, step, steps, named=_is_in_price(card, step))

        return bounded

    def _shared(self, card: Card) -> bool:
        """Whether budgets that runs share may bound an agent."""
        return card.budget is not None or bool(self._settings)

    def _lines(self, card: Card, call: Call) -> list[BudgetLine]:
        """Return the budgets of the configuration that a call counts against."""
        settings, lines = self._settings, list[BudgetLine]()
        if card.budget is not None:
            lines.append(self._line(budget_of_agent(card.name), card.budget))
        tenant = settings.tenants.get(call.tenant) or settings.tenants.get("*")
        if tenant is not None:
            lines.append(self._line(budget_of_tenant(call.tenant), tenant))
        if settings.day is not None:
            lines.append(self._line(BUDGET_OF_ALL, settings.day))
        return lines

    def _line(self, name: str, allowance: Allowance) -> BudgetLine:
        if allowance.per == "ever":
            return BudgetLine(id=name, limits=limits_of(allowance), configured=True)
        day = datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat()
        when = day if allowance.per == "day" else day[:7]
        return BudgetLine(id=budget_in_period(name, when), limits=limits_of(allowance), configured=True)

    async def _spending(self, reserved: Reservation, handler: Handler, call: Call, steps: RuleSteps) -> Outcome:
        """Have a call done, and settle what it came to: all that was set aside, unless it is known to be less."""
        spent, tally = reserved.amount, _Tally()
        self._tallies[call.run, call.key] = tally
        try:
            with self._holding.inside(call, "", reserved):
                outcome = await handler(call, steps)
            spent = _came_to(outcome, reserved.amount, tally)
            return outcome
        finally:
            self._tallies.pop((call.run, call.key), None)
            _settle(reserved, spent, steps)

    async def _requesting(
        self, reserved: Reservation | None, handler: StepHandler, step: StepCall, steps: RuleSteps, *, named: bool
    ) -> Json:
        """Have a step done, and settle what it came to."""
        tally = self._tallies.get((step.call.run, step.call.key)) or _Tally()
        spent = _NOTHING if reserved is None else reserved.amount
        try:
            with nullcontext() if reserved is None else self._holding.inside(step.call, step.path, reserved):
                value = await handler(step, steps)
        except BaseException as ended:  # whatever ended it, even a cancel
            if _costs_nothing(ended):
                spent = _NOTHING
            else:
                tally.lost(named=named)
            raise
        else:
            tally.add(step, value, named=named)
            spent = _used(spent, None if step.usage is None else step.usage(value), named=named)
            return value
        finally:
            if reserved is not None:
                _settle(reserved, spent, steps)


def _costs_nothing(ended: BaseException) -> bool:
    """Whether what ended a request says that it was not answered; whatever else ends one may have been paid for."""
    if isinstance(ended, AgentError):
        return ended.not_done or isinstance(ended, RateLimited)
    return isinstance(ended, Forbidden | Suspended)


def _came_to(outcome: Outcome, bound: Amount, tally: _Tally) -> Amount:
    """Return what a call came to, as far as it is known."""
    match outcome:
        case Done(_, usage) if usage is not None and usage.usd is not None and bound.usd:
            usd = as_reported(usage.usd, bound.usd)
            return bound if usd == bound.usd else Amount(usd=usd, calls=bound.calls)
        case Refused() | Pending():
            return tally.without_answer(bound)
        case Failed(failure) if failure.not_done or failure.unavailable or failure.kind is FailureKind.RATE:
            return tally.without_answer(bound)
        case _:
            return bound


def _used(bound: Amount, usage: Usage | None, *, named: bool) -> Amount:
    """Return what a request came to; where the agent names a price for the call, its dollars are those of the call."""
    if usage is None:
        return bound
    usd = bound.usd if named or usage.usd is None else as_reported(usage.usd, bound.usd)
    tokens = usage.input_tokens + usage.output_tokens
    tokens = tokens if 0 <= tokens <= MOST_COUNT else bound.tokens
    return Amount(usd=usd, tokens=tokens, calls=bound.calls)


def _settle(reserved: Reservation, spent: Amount, steps: RuleSteps) -> None:
    _note_excess(reserved, spent, steps)
    steps.settle(reserved, spent)


def _note_excess(reserved: Reservation, spent: Amount, steps: RuleSteps) -> None:
    """Say so where more was spent than the bound, which then was none."""
    if spent.usd > reserved.amount.usd or spent.tokens > reserved.amount.tokens:
        bound = {"usd": reserved.amount.usd, "tokens": reserved.amount.tokens}
        steps.note("budget", {"over": {"usd": spent.usd, "tokens": spent.tokens}, "bound": bound})


def _amount(card: Card, step: StepCall, lines: list[BudgetLine]) -> Amount:
    """Return what a model request may come to; raises Forbidden where that has to be known, and nobody knows."""
    if step.bound is None and tool_of(step.name) is not None:
        return Amount(calls=1)
    bound, named = step.bound, _is_in_price(card, step)
    in_dollars = not named and any(line.limits.usd is not None for line in lines)
    if bound is None:
        if in_dollars or any(line.limits.tokens is not None for line in lines):
            raise Forbidden(UNPRICED, f"nobody can say how many tokens a request of {card.name} may come to")
        return _NOTHING
    tokens = bound.input_tokens + bound.output_tokens
    if named:
        return Amount(tokens=tokens)  # the price of the whole call is set aside already
    if bound.usd is None and in_dollars:
        raise Forbidden(
            UNPRICED,
            f"nobody knows the price of {card.model or 'the model'}: give {card.name} rates=… or its highest usd=…",
        )
    return Amount(usd=0 if bound.usd is None else nano(bound.usd), tokens=tokens)


def _is_in_price(card: Card, step: StepCall) -> bool:
    """Whether a request is part of what the agent's price is for: not where it only looks for a kept answer."""
    return card.usd is not None and step.name != CACHE_STEP


def _take_what_is_left(step: StepCall, breach: Breach) -> bool:
    """Shorten an answer of which nobody says how long it may be to what is left; returns whether there is room then."""
    left = breach.left
    if not left or step.bound is None or step.bound.fit is None:
        return False
    step.bound = step.bound.fit(left, LEAST_OUTPUT, f"budget {breach.state.id}")
    return step.bound is not None and step.bound.within(left)


def _breached(breach: Breach, what: str, amount: Amount) -> Refused | Pending:
    """Refuse what does not fit, or ask whether the budget may be raised."""
    rule, more = budget_rule(breach.state.id), list[str]()
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


def _in_dollars(lines: Sequence[BudgetLine], steps: RuleSteps) -> bool:
    return any(line.limits.usd is not None for line in (*lines, *steps.lines))


def _within_depth(handler: Handler) -> Handler:
    """Have a workflow called only where the budget of the run allows one more inside those that call it."""

    async def called(call: Call, steps: RuleSteps) -> Outcome:
        return _too_deep(call, steps, len(call.callers) + 1, call.agent) or await handler(call, steps)

    return called


def _too_deep(call: Call, steps: RuleSteps, depth: int, *called: str) -> Refused | None:
    most = steps.depth
    if most is None or depth <= most:
        return None
    return Refused(DEPTH, f"{' > '.join([*call.callers, *called])} is deeper than the {most} that the budget allows")
