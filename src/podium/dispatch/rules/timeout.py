"""No attempt takes longer than it may."""

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from podium.dispatch.dispatcher import Handler
from podium.dispatch.invoke import tell_of_swallowed
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps

_TOLD_AFTER = 1.0
"""Real seconds that an agent may take to end after it was cut off, before the log tells of it."""


class _AttemptTime:
    """What an attempt has left of its time, which stands still while one of its steps waits for its turn."""

    def __init__(self, scope: asyncio.Timeout, call: Call) -> None:
        self._scope = scope
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._left = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def watch(self, left: float) -> None:
        """Have the log told of an agent that goes on for long after this many seconds."""
        self.unwatch()
        self._watch = self._loop.call_later(left + _TOLD_AFTER, tell_of_swallowed, self._call, "goes on")

    def unwatch(self) -> None:
        """Tell the log of nothing."""
        if self._watch is not None:
            self._watch.cancel()

    def stop(self) -> None:
        """Let no time pass for it, unless it is over."""
        when = self._scope.when()
        if not self._waiting and when is not None and not self._scope.expired():
            self._left = max(0.0, when - self._loop.time())
            self._scope.reschedule(None)
            self.unwatch()
        self._waiting += 1

    def go_on(self) -> None:
        """Let it pass again once nothing of it waits."""
        self._waiting -= 1
        if not self._waiting and self._scope.when() is None:
            self._scope.reschedule(self._loop.time() + self._left)
            self.watch(self._left)


_ATTEMPT: ContextVar[_AttemptTime | None] = ContextVar("podium_attempt_time", default=None)


@contextmanager
def waiting() -> Generator[None]:
    """Say that a step waits for what others have: that is no time that its agent takes."""
    time = _ATTEMPT.get()
    if time is None:
        yield
        return
    time.stop()
    try:
        yield
    finally:
        time.go_on()


def timeout(card: Card, handler: Handler) -> Handler:
    """Cut an attempt off after the seconds of its call, or else of its agent's card."""
    if card.traits.runs_inline:
        return handler  # its timeout is a durable timer of the context

    usual = card.timeout

    def bounded(call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
        seconds = usual if call.timeout is None else call.timeout
        return handler(call, steps) if seconds is None else within(seconds, call, steps)

    async def within(seconds: float, call: Call, steps: RuleSteps) -> Outcome:
        scope = asyncio.timeout(seconds)
        time = _AttemptTime(scope, call)
        time.watch(seconds)
        token = _ATTEMPT.set(time)
        try:
            async with scope:
                return await handler(call, steps)
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            _ATTEMPT.reset(token)
            time.unwatch()
        return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", f"no answer within {seconds:g} s"))

    return bounded
