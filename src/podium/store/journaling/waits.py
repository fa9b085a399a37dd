"""Waits for room in budgets: what of a budget may come back, and what is held by those who wait themselves."""

from collections.abc import Collection, Sequence
from typing import Protocol


class WaitsTransaction(Protocol):
    """What a transaction is asked about those who wait for room in budgets."""

    def in_flight(self, budget: str, without: Collection[str]) -> tuple[int, int, int]:
        """Return what is set aside in a budget and may come back by itself: dollars in billionths, tokens, calls.

        That is what calls have set aside in runs that a worker drives, and the shares of child runs where the run, or
        one below it, is running or ready, or is only about to be started by a run that is driven. It is neither an
        escrow, nor one of the reservations `without`, nor what a wait (`insert_wait`) names that is one of a run which
        is driven still, in the same epoch.
        """
        ...

    def insert_wait(self, id: str, run: int, epoch: int, holds: Sequence[str]) -> None:
        """Write down that a call waits for room that holds these reservations; one of that id is written anew."""
        ...

    def delete_wait(self, id: str) -> None:
        """Forget a wait; one that is not there is none."""
        ...
