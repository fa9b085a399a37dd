"""No attempt takes longer than it may."""

import asyncio
from collections.abc import Awaitable

from podium.dispatch.dispatcher import Handler
from podium.dispatch.invoke import tell_of_swallowed
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps

_TOLD_AFTER = 1.0
"""Real seconds that an agent may take to end after it was cut off, before the log tells of it."""


def timeout(card: Card, handler: Handler) -> Handler:
    """Cut an attempt off after the seconds of its call, or else of its agent's card."""
    if card.traits.runs_inline:
        return handler  # its timeout is a durable timer of the context

    usual = card.timeout

    def bounded(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
        seconds = usual if call.timeout is None else call.timeout
        return handler(call, steps) if seconds is None else within(seconds, call, steps)

    async def within(seconds: float, call: Call, steps: RuleSteps) -> Outcome:
        scope, loop = asyncio.timeout(seconds), asyncio.get_running_loop()
        watch = loop.call_later(seconds + _TOLD_AFTER, tell_of_swallowed, call, "goes on")
        try:
            async with scope:
                return await handler(call, steps)
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            watch.cancel()
        return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", f"no answer within {seconds:g} s"))

    return bounded
