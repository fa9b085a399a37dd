"""How a call passes its breaker: cancelled probes, and what is told of a change."""

import asyncio
from typing import Any

import pytest

from podium.dispatch.rules.breaker.rule import Breakers
from podium.model.agent import Card
from podium.model.breaker import Breaker, CircuitState
from podium.model.call import Call
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.steps import Steps
from podium.services.store_time import StoreTime
from podium.testing import DrivenClock
from podium.testing.steps import PlainSteps

CARD = Card(name="quotes", breaker=Breaker(min_calls=1, failures=1.0, open_for=30.0))
CALL: Any = None  # no rule here looks at it


class Line:
    """An agent at the end of a line that may be down, or hang."""

    def __init__(self) -> None:
        self.down = True
        self.hangs = False
        self.slow: asyncio.Event | None = None

    async def __call__(self, call: Call, steps: Steps) -> Outcome:
        if self.hangs:
            await asyncio.Event().wait()
        if self.slow is not None:
            await self.slow.wait()
        return Failed(Failure(FailureKind.TRANSPORT, "Away", "away")) if self.down else Done("here")


async def test_a_probe_that_is_cancelled_gives_its_place_back() -> None:
    clock, line, changes = DrivenClock(), Line(), list[str]()
    breakers = Breakers(StoreTime(clock), lambda: changes.append("changed"))
    handler, steps = breakers.calls(CARD, line), PlainSteps()
    await handler(CALL, steps)
    await clock.advance(30)
    line.hangs, line.down = True, False
    probe = asyncio.ensure_future(handler(CALL, steps))
    await clock.settle()
    refused = await handler(CALL, steps)
    assert isinstance(refused, Failed)
    assert (refused.failure.type, refused.failure.unavailable) == ("CircuitOpen", True)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    line.hangs = False
    assert await handler(CALL, steps) == Done("here")
    assert await breakers.states(()) == {("quotes", "1"): CircuitState.CLOSED}
    assert len(changes) == 3


async def test_who_is_turned_away_is_told_how_long_until_the_next_probe() -> None:
    clock = DrivenClock()
    handler = Breakers(StoreTime(clock)).calls(CARD, Line())
    await handler(CALL, PlainSteps())
    await clock.advance(10)
    refused = await handler(CALL, PlainSteps())
    assert isinstance(refused, Failed)
    assert refused.failure.retry_after == pytest.approx(20.0)


async def test_a_probe_that_hangs_keeps_others_away_for_its_time_only() -> None:
    clock, line = DrivenClock(), Line()
    card = Card(name="quotes", breaker=Breaker(min_calls=1, failures=1.0, open_for=30.0, probe_timeout=5.0))
    breakers = Breakers(StoreTime(clock))
    handler, steps = breakers.calls(card, line), PlainSteps()
    await handler(CALL, steps)
    await clock.advance(30)
    line.hangs, line.down = True, False
    probe = asyncio.ensure_future(handler(CALL, steps))
    await clock.advance(5)
    line.hangs = False
    assert isinstance(await handler(CALL, steps), Failed)
    assert await breakers.states(()) == {("quotes", "1"): CircuitState.OPEN}
    await clock.advance(30)
    assert await handler(CALL, steps) == Done("here")
    assert not probe.done()  # it is not cut off
    probe.cancel()


async def test_a_probe_that_answers_after_its_time_closes_it_all_the_same() -> None:
    clock, line = DrivenClock(), Line()
    breakers = Breakers(StoreTime(clock))
    handler, steps = breakers.calls(CARD, line), PlainSteps()
    await handler(CALL, steps)
    await clock.advance(30)
    line.down, line.slow = False, asyncio.Event()
    probe = asyncio.ensure_future(handler(CALL, steps))
    await clock.advance(31)
    assert isinstance(await handler(CALL, steps), Failed)
    line.slow.set()
    assert await probe == Done("here")
    assert await breakers.states(()) == {("quotes", "1"): CircuitState.CLOSED}
