"""Nothing is spent that was not set aside before."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime

from podium.dispatch.dispatcher import Handler, Middleware, StepHandler
from podium.dispatch.rules.budget.holding import Holding
from podium.dispatch.rules.budget.spending import (
    FREE,
    NOTHING,
    CallTally,
    SpentAmount,
    call_spent,
    costs_nothing,
    request_spent,
)
from podium.dispatch.rules.timeout import waiting
from podium.dispatch.shares import take_share
from podium.dispatch.wire import UNWATCHED, watched
from podium.errors import Forbidden, Suspended
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
    dollars,
    limits_of,
    nano,
)
from podium.model.budget_ids import BUDGET_OF_ALL, budget_in_period, budget_of_agent, budget_of_tenant
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.embedding import embedder_asked
from podium.model.json import Json
from podium.model.outcome import Outcome, Pending, Refused
from podium.model.question import Ask
from podium.model.rule_names import DEPTH, UNPRICED, budget_rule
from podium.model.rule_steps import RuleSteps
from podium.model.step import CACHE_STEP, StepCall, is_answer_step, is_check, is_guard_step, tool_of

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


class Budgets:
    """Has calls and model requests set aside what they may come to, and settle it afterwards."""

    def __init__(self, settings: BudgetSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tallies: dict[tuple[str, str], CallTally] = {}
        """Of calls under way, by run and key."""
        self._holding = Holding()
        self._ahead: dict[tuple[str, str], Reservation] = {}
        """What was set aside for calls before their input is judged, until it is their turn, by run and key."""

    def ahead(self, judged: Callable[[Card], bool]) -> Middleware:
        """Return the rule that sets the price of a call aside before whoever judges its input is asked, and paid.

        Not where people let something about the call pass: then it may have an answer that waits, which is paid.
        """

        def first(card: Card, handler: Handler) -> Handler:
            if card.usd is None or card.traits.costs_what_it_calls or not judged(card):
                return handler
            amount, shared = Amount(usd=nano(card.usd), calls=1), self._shared(card)

            async def bounded(call: Call, steps: RuleSteps) -> Outcome:
                lines = self._lines(card, call) if shared else ()
                if call.granted or not (lines or steps.lines):
                    return await handler(call, steps)
                found = await steps.reserve(amount, lines, behind=self._holding.around(call))
                if isinstance(found, Breach):
                    return _breached(found, f"calling {card.name}", amount)
                return await (handler(call, steps) if found is None else self._held(found, handler, call, steps))

            return bounded

        return first

    async def _held(self, reserved: Reservation, handler: Handler, call: Call, steps: RuleSteps) -> Outcome:
        """Have a call go on for which its price is set aside; where it does not come to its turn, that comes back."""
        place = call.run, call.key
        self._ahead[place] = reserved
        try:
            with self._holding.inside(call, "", reserved):
                return await handler(call, steps)
        finally:
            if (left := self._ahead.pop(place, None)) is not None:
                _settle(left, FREE, steps)

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
            found = self._ahead.pop((call.run, call.key), None)
            if found is None:
                found = await steps.reserve(amount, lines, behind=self._holding.around(call))
            if isinstance(found, Breach):
                return _breached(found, f"calling {card.name}", amount)
            if found is None:
                return await handler(call, steps)
            return await self._spending(found, handler, card, call, steps)

        return bounded

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Set aside what a model request may come to before it is made, and a call for each use of a tool."""
        shared = self._shared(card)

        def bounded(step: StepCall, steps: RuleSteps) -> Awaitable[Json]:
            return handler(step, steps) if not shared and not steps.lines else priced(step, steps)

        async def priced(step: StepCall, steps: RuleSteps) -> Json:
            tool = _tool_of(step)
            if not _is_paid(step) and tool is None:
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

    async def _spending(
        self, reserved: Reservation, handler: Handler, card: Card, call: Call, steps: RuleSteps
    ) -> Outcome:  # fmt: skip
        """Have a call done, and settle what it came to: all that was set aside, unless it is known to be less."""
        tally, outcome, steps.begun = CallTally(), None, False
        self._tallies[call.run, call.key] = tally
        with watched() if card.traits.is_one_request else nullcontext(UNWATCHED) as wire:
            try:
                with self._holding.inside(call, "", reserved):
                    outcome = await handler(call, steps)
                return outcome
            finally:
                self._tallies.pop((call.run, call.key), None)
                asked = steps.begun and not wire.quiet
                _settle(reserved, call_spent(outcome, reserved.amount, tally, card.traits, asked=asked), steps)

    async def _requesting(
        self, reserved: Reservation | None, handler: StepHandler, step: StepCall, steps: RuleSteps, *, named: bool
    ) -> Json:
        """Have a step done, and settle what it came to."""
        tally = self._tallies.get((step.call.run, step.call.key)) or CallTally()
        bound = NOTHING if reserved is None else reserved.amount
        spent, begun, body = FREE, False, step.body

        async def noted() -> Json:
            nonlocal begun
            begun = True
            return await body()

        step.body = noted
        with watched() as wire:
            try:
                with nullcontext() if reserved is None else self._holding.inside(step.call, step.path, reserved):
                    return await handler(step, steps)
            except BaseException as ended:  # whatever ended it, even a cancel
                nothing = costs_nothing(ended)
                if step.used is None and (not begun or wire.quiet or (nothing and wire.harmless)):
                    made = begun and not nothing  # a tool was used also where what it wanted to send was not
                    spent, begun = (SpentAmount(Amount(calls=bound.calls)) if made else FREE), False
                raise
            finally:
                if begun:
                    tally.add(step.used, named=named and _is_paid(step), lost=wire.lost)
                    spent = request_spent(bound, step.used, named=named, lost=wire.lost)
                if reserved is not None:
                    _settle(reserved, spent, steps)


def _settle(reserved: Reservation, spent: SpentAmount, steps: RuleSteps) -> None:
    _note_excess(reserved, spent.amount, steps)
    steps.settle(reserved, spent.amount, doubt=spent.doubt, untold=spent.untold)


def _note_excess(reserved: Reservation, spent: Amount, steps: RuleSteps) -> None:
    """Say so where more was spent than the bound, which then was none."""
    if (reserved.amount.usd and spent.usd > reserved.amount.usd) or spent.tokens > reserved.amount.tokens:
        bound = {"usd": reserved.amount.usd, "tokens": reserved.amount.tokens}
        steps.note("budget", {"over": {"usd": spent.usd, "tokens": spent.tokens}, "bound": bound})


def _is_paid(step: StepCall) -> bool:
    """Whether a step says that it may cost something, or is known to: a request to a model.

    Whom a guard asks is paid under its own rules.
    """
    if is_guard_step(step.name):
        return False
    return step.bound is not None or step.usage is not None or is_answer_step(step.name)


def _tool_of(step: StepCall) -> str | None:
    """Return the tool that a step uses, not only checks the arguments of."""
    return None if is_check(step.path) else tool_of(step.name)


def _amount(card: Card, step: StepCall, lines: list[BudgetLine]) -> Amount:
    """Return what a step may come to; raises Forbidden where that has to be known, and nobody knows."""
    bound, named, calls = step.bound, _is_in_price(card, step), 0 if _tool_of(step) is None else 1
    in_dollars = not named and any(line.limits.usd is not None for line in lines)
    if bound is None:
        if _is_paid(step) and (in_dollars or any(line.limits.tokens is not None for line in lines)):
            raise Forbidden(UNPRICED, f"nobody can say how many tokens a request of {card.name} may come to")
        return Amount(calls=calls)
    tokens = bound.input_tokens + bound.output_tokens
    if named:
        return Amount(tokens=tokens, calls=calls)  # the price of the whole call is set aside already
    if bound.usd is None and in_dollars:
        raise Forbidden(
            UNPRICED,
            f"nobody knows the price of {card.model or 'the model'}: give {card.name} rates=… or its highest usd=…",
        )
    return Amount(usd=0 if bound.usd is None else nano(bound.usd), tokens=tokens, calls=calls)


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
