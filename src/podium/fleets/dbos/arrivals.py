"""Placements that came out of a queue: each is over once its run has left memory, or was not to be had."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from typing import Protocol

from podium.engine.fleet import Driver
from podium.fleets.dbos.placements import Placement
from podium.store.operations import Placed


class SlotQueue(Protocol):
    """Where runs wait for slots of this process."""

    def place(self, runs: Sequence[Placed]) -> None:
        """Have runs wait."""
        ...


class Arrivals:
    """Stands between the slots of a process and the worker, and tells DBOS what came of each placement."""

    def __init__(self, left: Callable[[Placement], None]) -> None:
        """`left` is told of each placement whose run was not driven."""
        self._left = left
        self._waiting: dict[int, list[tuple[Placement, Future[bool]]]] = {}
        self._driven: dict[int, list[Future[bool]]] = {}

    def come(self, placement: Placement, done: "Future[bool]", line: SlotQueue) -> None:
        """Have a run wait for a slot."""
        self._waiting.setdefault(placement.run.n, []).append((placement, done))
        line.place([placement.run])

    def gone(self, run: int) -> None:
        """A run has left memory."""
        for done in self._driven.pop(run, ()):
            _tell(done, driven=True)

    def give_up(self) -> None:
        """Nothing that waits is driven any more."""
        for run in list(self._waiting):
            self._leave(run)

    def end(self) -> None:
        """Nothing is driven any more."""
        self.give_up()
        for run in list(self._driven):
            self.gone(run)

    def driver(self, driver: Driver) -> Driver:
        """Return the driver as the slots see it."""
        return _Watched(driver, self)

    async def hand_over(self, driver: Driver, runs: Sequence[Placed]) -> Collection[int]:
        """Have runs driven, and tell those that were not to be had."""
        driven = await driver.drive(runs)
        for run in runs:
            if run.n in driven:
                self._driven.setdefault(run.n, []).extend(done for _, done in self._waiting.pop(run.n, ()))
            else:
                self._leave(run.n)
        return driven

    def _leave(self, run: int) -> None:
        for placement, done in self._waiting.pop(run, ()):
            _tell(done, driven=False)
            self._left(placement)


class _Watched:
    """A driver, and who is told what came of it."""

    def __init__(self, driver: Driver, arrivals: Arrivals) -> None:
        self._driver = driver
        self._arrivals = arrivals

    @property
    def id(self) -> str:
        """That of the worker."""
        return self._driver.id

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        """Claim runs and begin to drive them."""
        return await self._arrivals.hand_over(self._driver, runs)


def _tell(done: "Future[bool]", *, driven: bool) -> None:
    if done.set_running_or_notify_cancel():  # DBOS cancels what it waits for when it ends
        done.set_result(driven)
