"""The fleet of one process: a queue by priority, and a number of slots."""

import asyncio
import heapq
from collections.abc import Sequence

from podium.engine.fleet import Driver
from podium.model.run import SUSPECTED
from podium.store.operations import Placed

_BATCH = 256
"""The number of runs claimed in one transaction, so that a large backlog does not hold up the loop."""


class InProcessFleet:
    """Drives the most urgent runs first, the oldest of these first, at most `slots` at once.

    Those that may be what kills their processes are begun one after the other, whatever else is driven: the next when
    the one before has left memory, or has been in it for `trial` seconds. Who is alone when a process dies is to blame.
    """

    def __init__(self, slots: int, *, probation: float = 10.0) -> None:
        self._probation = probation
        self._free = slots
        self._heap: list[tuple[int, int]] = []
        self._suspected: list[tuple[int, int, int]] = []
        self._on_probation: int | None = None
        """The one that is on trial now."""
        self._queued: set[int] = set()
        self._something = asyncio.Event()

    def place(self, runs: Sequence[Placed]) -> None:
        """Queue runs that are not queued yet."""
        for run in runs:
            if run.n not in self._queued:
                self._queued.add(run.n)
                if run.crash_count >= SUSPECTED:
                    heapq.heappush(self._suspected, (-run.crash_count, -run.priority, run.n))
                else:
                    heapq.heappush(self._heap, (-run.priority, run.n))
        self._something.set()

    def reserve(self) -> bool:
        """Take a slot for a run that is started here, unless others wait for one."""
        if self._heap or self._free <= 0:
            return False
        self._free -= 1
        return True

    def release(self, run: int | None = None) -> None:
        """Give a slot back, that of a run if it had begun."""
        self._free += 1
        self._clear(run)
        if self._heap:
            self._something.set()

    async def run(self, driver: Driver) -> None:
        """Hand runs over while there are slots, for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            self._drive_suspected(driver)
            while self._heap and self._free > 0:
                popped = [heapq.heappop(self._heap) for _ in range(min(_BATCH, self._free, len(self._heap)))]
                batch = [Placed(n, -urgency) for urgency, n in popped]
                self._queued.difference_update(run.n for run in batch)
                self._free -= len(batch)
                self._free += len(batch) - driver.drive(batch)
                await asyncio.sleep(0)  # noqa: TID251 - lets the runs that were just claimed begin

    def _drive_suspected(self, driver: Driver) -> None:
        """Hand over the most suspect run, unless another is on trial."""
        while self._suspected and self._on_probation is None and self._free > 0:
            crash_count, urgency, n = heapq.heappop(self._suspected)
            self._queued.discard(n)
            if driver.drive([Placed(n, -urgency, -crash_count)]):
                self._free, self._on_probation = self._free - 1, n
                asyncio.get_running_loop().call_later(self._probation, self._clear, n)

    def _clear(self, run: int | None) -> None:
        """Let the next suspect begin, if this one was on trial."""
        if run is not None and run == self._on_probation:
            self._on_probation = None
        if self._suspected and self._on_probation is None:
            self._something.set()
