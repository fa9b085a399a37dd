"""The fleet that needs nothing but the store: each process claims what it finds ready there, by priority."""

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.engine.fleet import Driver
from podium.model.duration import DELAY, Seconds, hold_seconds
from podium.model.run import SUSPECTED
from podium.store.operations import Placed

_BATCH = 256
"""The number of runs claimed in one transaction, so that a large backlog does not hold up the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """The table `[podium.fleet]` with `kind = "store"`."""

    affinity_wait: Seconds = Seconds(1.0)
    """Seconds for which a run is left to the worker that drove the last one of its affinity; 0 leaves it to none."""

    def __post_init__(self) -> None:
        hold_seconds(self, DELAY, "affinity_wait")


class _WaitingRuns:
    """The runs that wait for the same slots, and how many of these are free."""

    def __init__(self, slots: int) -> None:
        self.free = slots
        self._heap: list[tuple[int, int, Placed]] = []

    def __bool__(self) -> bool:
        return bool(self._heap)

    def add(self, run: Placed) -> None:
        """Have a run wait."""
        heapq.heappush(self._heap, (-run.priority, run.n, run))

    def next(self) -> list[Placed]:
        """Take the most urgent runs, at most as many as there are slots for, and their slots."""
        taken = [heapq.heappop(self._heap)[2] for _ in range(min(_BATCH, self.free, len(self._heap)))]
        self.free -= len(taken)
        return taken


class StoreFleet:
    """Drives the most urgent runs first, the oldest of these first, at most `slots` at once.

    Of the queues it is given each has so many slots; with none it serves all queues, which share them. Those that may
    be what kills their processes are begun one after the other, whatever else is driven: the next when the one before
    has left memory, or has been in it for `probation` seconds. Who is alone when a process dies is to blame.

    A run with an affinity is left for `affinity_wait` seconds to the worker that drove the last one, where that has a
    slot: delay scheduling, after Zaharia et al., "Delay Scheduling: A Simple Technique for Achieving Locality and
    Fairness in Cluster Scheduling" (EuroSys 2010).
    """

    def __init__(
        self, slots: int, *, queues: Iterable[str] = (), probation: float = 10.0,
        affinity_wait: float = 0.0,
    ) -> None:  # fmt: skip
        self._probation = probation
        self._affinity_wait = affinity_wait
        self._lines = {queue: _WaitingRuns(slots) for queue in queues}
        self._shared = None if self._lines else _WaitingRuns(slots)
        self._slots = slots
        self._suspected: list[tuple[int, int, int, Placed]] = []
        self._on_probation: int | None = None
        """The one that is on trial now."""
        self._queued: set[int] = set()
        self._something = asyncio.Event()

    @property
    def queues(self) -> frozenset[str] | None:
        """Those it was given; None are all."""
        return None if self._shared is not None else frozenset(self._lines)

    @property
    def slots(self) -> int:
        """Those of all its queues."""
        return self._slots * max(1, len(self._lines))

    @property
    def affinity_wait(self) -> float:
        """Seconds for which a run is left to the worker that drove the last one of its affinity."""
        return self._affinity_wait

    def place(self, runs: Sequence[Placed]) -> None:
        """Queue runs that are not queued yet, are of a queue that is served here, and are not another's first."""
        self.recover([run for run in runs if not (run.sticky and self._affinity_wait)])

    def recover(self, runs: Sequence[Placed]) -> None:
        """Queue what is not queued yet: what is ready waits for whichever process claims it first."""
        for run in runs:
            line = self._line(run.queue)
            if line is None or run.n in self._queued:
                continue
            self._queued.add(run.n)
            if run.crash_count >= SUSPECTED:
                heapq.heappush(self._suspected, (-run.crash_count, -run.priority, run.n, run))
            else:
                line.add(run)
        self._something.set()

    def reserve(self, queue: str) -> bool:
        """Take a slot for a run that is started here, unless others wait for one, or its queue is not served here."""
        line = self._line(queue)
        if line is None or line or line.free <= 0:
            return False
        line.free -= 1
        return True

    def release(self, queue: str, run: int | None = None) -> None:
        """Give a slot back, that of a run if it had begun."""
        line = self._line(queue)
        if line is not None:
            line.free += 1
            if line:
                self._something.set()
        self._clear(run)

    async def run(self, driver: Driver) -> None:
        """Hand runs over while there are slots, for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            await self._drive_suspected(driver)
            for line in self._all_lines():
                while batch := line.next():
                    self._queued.difference_update(run.n for run in batch)
                    driven = await driver.drive(batch)
                    line.free += len(batch) - len(driven)
                    await asyncio.sleep(0)  # noqa: TID251 - lets the runs that were just claimed begin

    def drain(self) -> None:
        """Nothing is to be done: the worker takes no run any more, and what is queued here stands in the store."""

    async def close(self, left: Sequence[Placed]) -> None:
        """Nothing is to be done: others find in the store what was handed back."""

    async def _drive_suspected(self, driver: Driver) -> None:
        """Hand over the most suspect run, unless another is on trial."""
        while self._suspected and self._on_probation is None:
            run = self._suspected[0][3]
            line = self._line(run.queue)
            if line is None or line.free <= 0:
                return
            heapq.heappop(self._suspected)
            self._queued.discard(run.n)
            line.free -= 1
            if await driver.drive([run]):
                self._on_probation = run.n
                asyncio.get_running_loop().call_later(self._probation, self._clear, run.n)
            else:
                line.free += 1

    def _line(self, queue: str) -> _WaitingRuns | None:
        return self._shared if self._shared is not None else self._lines.get(queue)

    def _all_lines(self) -> Sequence[_WaitingRuns]:
        return list(self._lines.values()) if self._shared is None else [self._shared]

    def _clear(self, run: int | None) -> None:
        """Let the next suspect begin, if this one was on trial."""
        if run is not None and run == self._on_probation:
            self._on_probation = None
        if self._suspected and self._on_probation is None:
            self._something.set()
