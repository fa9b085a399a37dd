"""What the engine asks of a fleet."""

from collections.abc import Sequence
from typing import Protocol

from podium.store.operations import Placed


class Driver(Protocol):
    """Takes ownership of runs and drives them."""

    def drive(self, runs: Sequence[Placed]) -> int:
        """Claim runs and begin to drive them; returns how many were still to be had."""
        ...


class Fleet(Protocol):
    """Decides when a run that is ready is driven, and by whom."""

    def place(self, runs: Sequence[Placed]) -> None:
        """These runs are ready. The same run may be placed again; it is driven once.

        Suspects (`Placed.crash_count`) are begun one after the other.
        """
        ...

    def reserve(self) -> bool:
        """Take a slot for a run that is about to be started here, if one is free and no run waits."""
        ...

    def release(self, run: int | None = None) -> None:
        """A run left memory, or did not begin: its slot is free."""
        ...

    async def run(self, driver: Driver) -> None:
        """Hand placed runs to the driver, for ever."""
        ...
