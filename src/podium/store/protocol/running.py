"""What is asked by those who drive runs: claim, commit, wake."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podium.model.fact import Fact
from podium.model.run import Run, Signal
from podium.store.operations import Committed, Delivery, Operation, Placed


@dataclass(slots=True)
class Claimed:
    """A run that this worker now owns, with all it needs to be driven."""

    n: int
    run: Run
    wake: int
    facts: list[Fact]
    """The first, and from the one on with which its present generation began."""
    signals: Sequence[Signal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a worker drives."""

    versions: Mapping[str, frozenset[str]]
    """The versions that it has of each workflow."""
    queues: frozenset[str] | None
    """The queues that it takes runs from; None are all."""
    limit: int
    """How many ready runs it wants to know of at once."""
    affinity_wait: float = 0.0
    """Seconds for which a run is left to the worker that drove the last of its affinity, where that could take it."""


@dataclass(slots=True, kw_only=True)
class Woken:
    """What there is to do for a worker, beyond what its own commits told it."""

    placed: list[Placed] = field(default_factory=list[Placed])
    """Runs that this call made ready."""
    ready: list[Placed] = field(default_factory=list[Placed])
    """Runs that wait for a worker and that it serves, suspects first, then the most urgent; some are known already."""
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    """What came for runs that it drives."""
    next_due: float | None = None
    """The earliest time at which a parked run wants to be woken."""
    more_soon: bool = False
    """Whether a run may be left to another worker for now, which is anybody's a little later."""
    changed: bool = False
    """Whether others may have changed anything since the last answer."""


class RunStore(Protocol):
    """Changes runs. It is asked from one event loop at a time; nothing here holds that up for long."""

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        """Commit all operations in one transaction, in order; what is raised says that nothing of it is in the store.

        A store that is quick gives a future that is done already, and nobody waits for a turn of the event loop. With
        `alone` nobody else uses the loop now, and a short wait there is cheaper than one elsewhere. The next commit of
        a worker is begun when this one is done. What a `Redact` deletes is nowhere on the disk afterwards, unless
        somebody reads it just then. Raises Unwritable where one operation cannot be stored; else StoreError.
        """
        ...

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs: epoch + 1, then journal, then signals. Runs that others took are left out."""
        ...

    async def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim an ended, blocked, parked or ready run for an operator's change; None while it is driven."""
        ...

    def listen(self, *, work: Callable[[], None], ends: Callable[[], None]) -> None:
        """Have these called in the event loop as soon as another process left something: work for `wake`, ended runs.

        A store that is not told of it calls neither, and is looked at with each poll. Being called promises nothing.
        """
        ...

    async def wake(self, worker: str, serving: Serving, now: float) -> Woken:
        """Make the parked runs ready whose time has come, and the blocked ones whose version is served here.

        Returns them, what of those that it serves is ready, and what came for this worker's runs from elsewhere.
        """
        ...
