"""What is asked by those who drive runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from podium.model.fact import Fact
from podium.model.run import Run, Signal
from podium.store.operations import Committed, Operation, Placed


@dataclass(slots=True)
class Claimed:
    """A run that this worker now owns, with all it needs to be driven."""

    n: int
    run: Run
    wake: int
    facts: list[Fact]
    signals: list[Signal]


class RunStore(Protocol):
    """Changes runs. Methods are called on the event loop unless they say that it is in a thread."""

    @property
    def threaded(self) -> bool:
        """Whether commits are to be made in a thread always (they wait for the disk)."""
        ...

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit all operations in one transaction, on the event loop; raises StoreBusy at once rather than wait."""
        ...

    def commit_waiting(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit all operations in one transaction, in the calling thread, which may wait for locks and disk."""
        ...

    def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs: epoch + 1, then journal, then signals. Runs that others took are left out."""
        ...

    def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim an ended, blocked, parked or ready run for an operator's change; None while it is driven."""
        ...

    def signals(self, n: int) -> tuple[int, list[Signal]]:
        """Return the wake counter of a run and its unconsumed signals, oldest first."""
        ...

    def hand_back(self, worker: str, numbers: Sequence[int]) -> list[Placed]:
        """Make runs ready that this worker owns, but does not drive."""
        ...

    def ready(self, workflows: Sequence[str], limit: int) -> list[Placed]:
        """Return runs that wait for a worker, most urgent first."""
        ...

    def wake_due(self, now: float) -> list[Placed]:
        """Make the parked runs ready whose time has come."""
        ...

    def next_due(self) -> float | None:
        """Return the earliest time at which a parked run wants to be woken."""
        ...

    def woken(self, worker: str) -> list[int]:
        """Return this worker's running runs that have unconsumed signals."""
        ...

    def unblock(self, workflow: str, versions: Sequence[str] | None = None) -> list[Placed]:
        """Make the blocked runs of a workflow ready: all, or those that wait for one of these versions of it.

        The code is there now, or they will be blocked again.
        """
        ...

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote since the last question."""
        ...

    def checkpoint_due(self) -> bool:
        """Whether the log has grown enough for `checkpoint`."""
        ...

    def checkpoint(self) -> None:
        """Fold the log into the store; called in a thread."""
        ...

    def scrub(self) -> bool:
        """Leave nothing in the log of what was deleted; False where readers hold it. Called in a thread."""
        ...
