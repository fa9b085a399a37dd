"""Keep runs that were started with a token within their delegation, as it stands at the time of each call."""

from collections.abc import Awaitable

from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.rules.delegation.delegations import ended, objection
from podium.dispatch.rules.policy.request import Actor
from podium.dispatch.rules.policy.rule import acting
from podium.dispatch.rules.policy.words import USER
from podium.errors import Forbidden
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.delegation import PRINCIPAL, DelegationBook, Granted
from podium.model.json import Json
from podium.model.outcome import Outcome, Refused
from podium.model.rule_steps import RuleSteps
from podium.model.step import StepCall, tool_of

_GUARD = "delegation"


class Delegated:
    """The rule for calls and the rule for steps. It reads the delegation each time: a revocation cuts at once."""

    def __init__(self, book: DelegationBook, clock: Clock, *, keeps: bool = True) -> None:
        """Read delegations in a book; `keeps` has compensations run within one that has ended."""
        self._book = book
        self._clock = clock
        self._keeps = keeps

    def acting(self, call: Call) -> tuple[Actor, tuple[str, ...]]:
        """Tell policies for whom a call is: the user who delegated; the agent outside is on the way."""
        if not call.principal.startswith(PRINCIPAL):
            return acting(call)
        granted = self._book.get(call.principal.removeprefix(PRINCIPAL))
        if granted is None:
            return acting(call)
        return (USER, granted.delegation.by), (granted.delegation.to, *acting(call)[1])

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Refuse calls that the delegation of the run is not for, or no longer."""
        if not card.is_named:
            return handler

        def within(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
            free = not call.principal.startswith(PRINCIPAL) or call.is_beside  # who judges is not the agent's choice
            return handler(call, steps) if free else bounded(call, steps)

        async def bounded(call: Call, steps: RuleSteps) -> Outcome:
            if wrong := self._objection(call, card, None, call.input):
                steps.note(_GUARD, {"rule": call.principal, "decision": "deny", "reason": wrong})
                return Refused(call.principal, wrong)
            if call.compensates and (over := ended(self._granted(call), self._clock.now())) is not None:
                reason = f"what was done within it is undone all the same: {over}"
                steps.note(_GUARD, {"rule": call.principal, "decision": "allow", "reason": reason})
            return await handler(call, steps)

        return within

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Refuse the next step of a call under way once the delegation is void, and tools that it is not for."""

        def within(step: StepCall, steps: RuleSteps) -> Awaitable[Json]:
            free = not step.call.principal.startswith(PRINCIPAL) or step.call.is_beside
            return handler(step, steps) if free else bounded(step, steps)

        async def bounded(step: StepCall, steps: RuleSteps) -> Json:
            call = step.call
            tool = tool_of(step.name)
            wrong = self._objection(call, card, tool, call.input if tool is None else step.input)
            if wrong is not None:
                steps.note(_GUARD, {"rule": call.principal, "decision": "deny", "reason": wrong})
                raise Forbidden(call.principal, wrong)
            return await handler(step, steps)

        return within

    def _objection(self, call: Call, card: Card, tool: str | None, input: Json) -> str | None:
        though_ended = self._keeps and call.compensates
        return objection(self._granted(call), self._clock.now(), card.name, tool, input, though_ended=though_ended)

    def _granted(self, call: Call) -> Granted | None:
        return self._book.get(call.principal.removeprefix(PRINCIPAL))
