"""Keep what a run does within the lists of what it may use: its own, those above it, those of agents on the way."""

from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase

from podium.dispatch.dispatcher import Handler, StepHandler
from podium.errors import Forbidden
from podium.model.agent import Card
from podium.model.allow import ALLOW_RULE, AllowList
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Outcome, Refused
from podium.model.rule_steps import RuleSteps
from podium.model.step import StepCall, tool_id, tool_of

_KNOWN = 10_000
"""The number of ways through workflows whose lists are kept; then they are looked up again."""


class WithinAllowLists:
    """The rule for calls and the rule for steps. Each list has to have what is used."""

    def __init__(self, allow_of: Callable[[str], AllowList | None]) -> None:
        self._allow_of = allow_of
        self._on_the_way: dict[tuple[str, ...], tuple[AllowList, ...]] = {}

    def forget(self) -> None:
        """Look the lists of agents up again: further ones were registered."""
        self._on_the_way.clear()

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Refuse calls of agents that do something themselves and are on a list that does not have them."""
        if not card.is_named or card.traits.does_what_it_calls:
            return handler

        def within(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
            lists = steps.allowed or self._of(call.callers)
            if not lists or call.is_beside:  # who judges is not the run's choice; the tools that it uses are
                return handler(call, steps)
            return listed(call, steps)

        async def listed(call: Call, steps: RuleSteps) -> Outcome:
            reason = _objection((*steps.allowed, *self._of(call.callers)), card.name)
            if reason is not None:
                _note(steps, "call", card.name, reason)
                return Refused(ALLOW_RULE, reason)
            return await handler(call, steps)

        return within

    async def bars(self, card: Card, call: Call, steps: RuleSteps) -> bool:
        """Whether an agent is not on a list that holds for a call."""
        if not card.is_named or card.traits.does_what_it_calls:
            return False
        return _objection((*steps.allowed, *self._of(call.callers)), card.name) is not None

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Refuse the use of tools that are not on every list."""
        if card.traits.exists_for_one_call:
            return handler
        own = () if card.allow is None else (card.allow,)

        async def within(step: StepCall, steps: RuleSteps) -> Json:
            if (tool := tool_of(step.name)) is None:
                return await handler(step, steps)
            lists, name = (*own, *steps.allowed, *self._of(step.call.callers)), tool_id(card.name, tool)
            if lists and (reason := _objection(lists, name)) is not None:
                _note(steps, "tool", name, reason)
                raise Forbidden(ALLOW_RULE, reason)
            return await handler(step, steps)

        return within

    def _of(self, callers: tuple[str, ...]) -> tuple[AllowList, ...]:
        found = self._on_the_way.get(callers)
        if found is None:
            if len(self._on_the_way) >= _KNOWN:
                self._on_the_way.clear()
            found = tuple(each for name in callers if (each := self._allow_of(name)) is not None)
            self._on_the_way[callers] = found
        return found


def _objection(lists: Sequence[AllowList], name: str) -> str | None:
    """Return what is said of what is not on each of the lists; None where it is."""
    for names in lists:
        if not any(fnmatchcase(name, pattern) for pattern in names):
            there = f"it allows {', '.join(names)}" if names else "it allows nothing"
            return f"{name} is not on the list of what may be used here: {there}"
    return None


def _note(steps: RuleSteps, action: str, resource: str, reason: str) -> None:
    steps.note(ALLOW_RULE, {"decision": "deny", "action": action, "resource": resource, "reason": reason})
