"""A clock that a test drives: time passes only when it is told to."""

import asyncio
import heapq
import inspect
import time
from collections.abc import Callable, Sized
from itertools import count

from podium.in_threads import under_way
from podium.model.duration import PAUSE, Duration, in_seconds

_QUIET_TURNS = 3
_PATIENCE = 1.0
"""Real seconds for which work in threads is waited for."""
_LOOKS_AGAIN = 0.0005
"""Real seconds between two looks whether it is done."""


class DrivenClock:
    """A clock for `App.open(clock=…)`: `await clock.advance(3600)` lets an hour pass at once.

    What waits for a time is woken at exactly that time, in order, and everything runs until it is idle before the next
    one is woken: two sleeps of 10 seconds in a row are over after `advance(20)`. Work in threads is waited for, up to a
    real second; for what takes longer, and for other processes, use `until`. Beats and looks at other processes go on
    in real time.
    """

    def __init__(self, start: float = 1_700_000_000.0, *, moment: float = 0.001) -> None:
        """Start at a time in seconds since 1970; `moment` is how many real seconds beats are given."""
        self._now = start
        self._moment = moment
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._given_up = 0
        """How much of what threads do is waited for no more."""

    def now(self) -> float:
        """Return the time in seconds since 1970 (UTC)."""
        return self._now

    def monotonic(self) -> float:
        """Return the same: time that is driven is not set back."""
        return self._now

    async def sleep_until(self, when: float) -> None:
        """Return once `now()` is at least `when`."""
        if when <= self._now:
            await asyncio.sleep(0)  # gives way, and waits for nothing
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (when, next(self._order), future))
        await future

    async def advance(self, seconds: Duration) -> None:
        """Let time pass, and everything happen that happens meanwhile."""
        target = self._now + in_seconds(seconds, "the time that passes", PAUSE)
        await self.settle()
        while (when := self._next()) is not None and when <= target:
            self._now = max(self._now, when)
            while self._next() == when:
                heapq.heappop(self._sleepers)[2].set_result(None)
            await self.settle()
        self._now = target
        await self.settle()

    async def settle(self) -> None:
        """Return once nothing happens any more without time passing."""
        await self._until_quiet()
        await asyncio.sleep(self._moment)  # for beats, which know no driven time
        await self._until_quiet()
        await self._until_threads_are_done()

    async def _until_threads_are_done(self) -> None:
        """Wait for what threads do; what has taken too long once is waited for no more, as it may never end."""
        loop, end = asyncio.get_running_loop(), time.monotonic() + _PATIENCE
        self._given_up = min(self._given_up, under_way(loop))
        while under_way(loop) > self._given_up:
            if time.monotonic() > end:
                self._given_up = under_way(loop)
            await asyncio.sleep(_LOOKS_AGAIN)
            await self._until_quiet()

    async def until(self, condition: Callable[[], object], *, within: Duration = 10.0) -> None:
        """Return once a condition holds, for what other processes do; AssertionError after so many real seconds.

        The condition may be an async function.
        """
        seconds = in_seconds(within, "within")
        end = time.monotonic() + seconds  # real time: a test must not hang
        while not await _value(condition()):
            if time.monotonic() > end:
                raise AssertionError(f"what was waited for did not come within {seconds:g} s")
            await self.settle()

    def _next(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def _until_quiet(self) -> None:
        # asyncio does not tell whether anything is ready to run; without its queue (uvloop) a fixed number of turns.
        ready: Sized | None = getattr(asyncio.get_running_loop(), "_ready", None)
        quiet, wanted = 0, _QUIET_TURNS if ready is not None else 1_000
        while quiet < wanted:
            await asyncio.sleep(0)  # gives way, and waits for nothing
            quiet = 0 if ready else quiet + 1


async def _value(found: object) -> object:
    return await found if inspect.isawaitable(found) else found
