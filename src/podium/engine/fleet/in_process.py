"""The fleet of one process: a queue by priority, and a number of slots."""

import asyncio
import heapq
from collections.abc import Sequence

from podium.engine.fleet.protocol import Driver
from podium.store.protocol import Placed

_BATCH = 256
"""So many runs are claimed in one transaction, so that the loop is not held up by a large backlog."""


class InProcessFleet:
    """Drives the most urgent runs first, the oldest of these first, at most `slots` at once."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._heap: list[tuple[int, int]] = []
        self._queued: set[int] = set()
        self._something = asyncio.Event()

    def place(self, runs: Sequence[Placed]) -> None:
        """Queue runs that are not queued yet."""
        for run in runs:
            if run.n not in self._queued:
                self._queued.add(run.n)
                heapq.heappush(self._heap, (-run.priority, run.n))
        self._something.set()

    def reserve(self) -> bool:
        """Take a slot for a run that is started here, unless others wait for one."""
        if self._heap or self._free <= 0:
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """Give a slot back."""
        self._free += 1
        if self._heap:
            self._something.set()

    async def run(self, driver: Driver) -> None:
        """Hand runs over while there are slots, for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._heap and self._free > 0:
                batch = [heapq.heappop(self._heap)[1] for _ in range(min(_BATCH, self._free, len(self._heap)))]
                self._queued.difference_update(batch)
                self._free -= len(batch)
                self._free += len(batch) - driver.drive(batch)
                await asyncio.sleep(0)  # noqa: TID251 - lets the runs that were just claimed begin
