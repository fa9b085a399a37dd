"""One task that waits for the next of all the times that runs of this process wait for."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from podium.model.clock import Clock


class Timer:
    """Something to do at a time; it can be called off."""

    __slots__ = ("_ring",)

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring: Callable[[], None] | None = ring

    def cancel(self) -> None:
        """Do nothing when the time comes."""
        self._ring = None

    def ring(self) -> None:
        """Do it."""
        if self._ring is not None:
            self._ring()


class Timers:
    """The times that runs in memory wait for, and those of the parked ones, which the store then wakes."""

    def __init__(self, clock: Clock, wake_parked: Callable[[], None]) -> None:
        self._clock = clock
        self._parked = Timer(wake_parked)
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._earlier = asyncio.Event()

    def at(self, when: float, ring: Callable[[], None]) -> Timer:
        """Call `ring` once the clock says `when`."""
        timer = Timer(ring)
        self._push(when, timer)
        return timer

    def park(self, when: float) -> None:
        """Have the store look for due runs once the clock says `when`."""
        self._push(when, self._parked)

    def _push(self, when: float, timer: Timer) -> None:
        heapq.heappush(self._heap, (when, next(self._order), timer))
        if self._heap[0][2] is timer:
            self._earlier.set()

    async def run(self) -> None:
        """Ring what is due, for ever."""
        while True:
            self._earlier.clear()
            now, due = self._clock.now(), dict[Timer, None]()
            while self._heap and self._heap[0][0] <= now:
                due[heapq.heappop(self._heap)[2]] = None
            for timer in due:
                timer.ring()
            await self._next(self._heap[0][0] if self._heap else None)

    async def _next(self, when: float | None) -> None:
        """Return when the clock says `when`, or when something earlier came in."""
        async with asyncio.TaskGroup() as group:
            earlier = group.create_task(self._earlier.wait())
            if when is None:
                return
            sleep = group.create_task(self._clock.sleep_until(when))
            await asyncio.wait((earlier, sleep), return_when=asyncio.FIRST_COMPLETED)
            earlier.cancel()
            sleep.cancel()
