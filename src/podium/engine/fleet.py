"""What the engine asks of a fleet, and what a fleet asks of the engine.

The store is the truth: which runs are ready stands in it, and who drives one is decided there alone, by the lease and
the fence of the worker that claims it. A fleet decides when a run that is ready is claimed, and by which worker. It may
be late, forget, or say the same thing twice, and nothing is lost or done twice for that.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from podium.store.operations import Placed


class Driver(Protocol):
    """Takes ownership of runs and drives them: the worker of this process."""

    @property
    def id(self) -> str:
        """Under which name it is entered in the store; another one once it was declared dead and began anew."""
        ...

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        """Claim runs and begin to drive them; returns the numbers of those that were still to be had.

        One that is not ready any more, is not served here, or is driven here already, is left as it is. The fleet is
        told when each of the others has left memory (`release`), not before this returns.
        """
        ...


class Fleet(Protocol):
    """Decides when a run that is ready is driven, and by whom.

    Its methods are called in the app's event loop, in this order: `run` once the worker lives, `drain`, then `close`.
    `place`, `recover`, `reserve` and `release` may come at any time.
    """

    @property
    def queues(self) -> frozenset[str] | None:
        """The queues that it drives runs of; None are all."""
        ...

    @property
    def slots(self) -> int:
        """How many runs it has driven here at once, at most."""
        ...

    @property
    def affinity_wait(self) -> float:
        """Seconds for which a run is left to the worker that drove the last one of its affinity; 0 where none is.

        Above 0 it is to leave alone what is placed as `Placed.sticky`: what may be driven here of that is recovered.
        """
        ...

    def place(self, runs: Sequence[Placed]) -> None:
        """These runs became ready by a commit of this process, of whatever workflow and queue.

        The same run may be placed again; it is driven once. A run is ready once in an epoch (`Placed.epoch`): what is
        placed elsewhere under `n` and epoch is placed there once. Suspects (`Placed.crash_count`) are begun one
        after the other.
        """
        ...

    def recover(self, runs: Sequence[Placed]) -> None:
        """These runs were ready when the store was looked at, and are served here: place those that nobody placed.

        Whoever made them ready may have died before it placed them, or may not know of this fleet. Most of them were
        placed, and wait for their turn.
        """
        ...

    def reserve(self, queue: str) -> bool:
        """Take a slot for a run of a queue that is about to be started here, if one is free and no run waits.

        Where it gives none the run is started as one that is ready, and placed.
        """
        ...

    def release(self, queue: str, run: int | None = None) -> None:
        """A run of a queue left memory, or did not begin: its slot is free."""
        ...

    async def run(self, driver: Driver) -> None:
        """Hand runs to the driver when their turn has come, for ever; whatever it raises stops the worker."""
        ...

    def drain(self) -> None:
        """Hand over nothing more: the worker stops, and `run` will be cancelled."""
        ...

    async def close(self, left: Sequence[Placed]) -> None:
        """Place for others the runs that this worker handed back when it left, and end; nothing happens twice."""
        ...
