"""What the engine asks of a fleet."""

from collections.abc import Sequence
from typing import Protocol

from podium.store.operations import Placed


class Driver(Protocol):
    """Takes ownership of runs and drives them."""

    async def drive(self, runs: Sequence[Placed]) -> int:
        """Claim runs and begin to drive them; returns how many were still to be had."""
        ...


class Fleet(Protocol):
    """Decides when a run that is ready is driven, and by whom."""

    @property
    def queues(self) -> frozenset[str] | None:
        """The queues that it drives runs of; None are all."""
        ...

    @property
    def slots(self) -> int:
        """How many runs it has driven here at once, at most."""
        ...

    def place(self, runs: Sequence[Placed]) -> None:
        """These runs are ready; those of other queues are not for this fleet.

        The same run may be placed again; it is driven once. Suspects (`Placed.crash_count`) are begun one after the
        other.
        """
        ...

    def reserve(self, queue: str) -> bool:
        """Take a slot for a run of a queue that is about to be started here, if one is free and no run waits."""
        ...

    def release(self, queue: str, run: int | None = None) -> None:
        """A run of a queue left memory, or did not begin: its slot is free."""
        ...

    async def run(self, driver: Driver) -> None:
        """Hand placed runs to the driver, for ever."""
        ...
