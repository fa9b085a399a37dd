"""Nudge, ask about or stop agents that go in circles; bound the depth of workflows inside workflows."""

from collections.abc import Awaitable
from dataclasses import replace

import orjson

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.loops.detection import circle
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.loops import Loops, digest_of
from podium.model.outcome import Outcome, Pending, Refused
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.model.rule_steps import RuleSteps


class NoLoops:
    """The rule against circles, where one is set, and the bound on depth."""

    def __init__(self, rule: Loops | None, max_depth: int) -> None:
        self._rule = rule
        self._max_depth = max_depth

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Look at what was asked and said before in the branch of a call."""
        if card.traits.runs_inline:
            return self._shallow(handler)
        rule = self._rule
        if rule is None or card.traits.exists_for_one_call or card.traits.is_person:
            return handler

        async def watched(call: Call, steps: RuleSteps) -> Outcome:
            found = None
            if call.attempt == 1 and steps.turns:
                found = circle(rule, steps.turns, call.agent, digest_of(orjson.dumps(call.input)))
            if found is None or found[0] in call.granted:
                return await handler(call, steps)
            name, why = found
            steps.note("loop", {"rule": name, "why": why, "then": rule.then})
            if rule.then == "stop":
                return Refused(name, why)
            if rule.then == "ask":
                ask = Ask(text=f"Go on? {why}.", schema=APPROVAL_SCHEMA, kind="permission", to=rule.to)
                return Pending(ask, rule=name)
            return await handler(replace(call, feedback=f"You repeat yourself: {why}. Do something else."), steps)

        return watched

    def _shallow(self, handler: Handler) -> Handler:
        most = self._max_depth

        def bounded(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
            return handler(call, steps) if len(call.callers) < most else _too_deep(call, most)

        return bounded


async def _too_deep(call: Call, most: int) -> Outcome:
    way = " > ".join((*call.callers[:3], "…", call.callers[-1]))
    return Refused("depth", f"{way} is {len(call.callers)} workflows deep; max_depth allows {most}")
