"""Who drives runs on a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from podium.store.operations import Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class LostWorker:
    """A worker that was declared dead."""

    id: str
    host: str
    pid: int
    beat: float
    """When it was heard of for the last time, by its own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serves:
    """What a worker says of itself when it is entered."""

    version: str = ""
    """Of Podium."""
    queues: frozenset[str] | None = None
    """Those whose runs it drives; None are all."""
    slots: int = 0
    """How many runs it drives at once, at most; of each queue where queues are named."""
    lease: float = 10.0
    """Seconds after which it counts as gone if it was not heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Somebody wants a worker to begin nothing new, let what is under way end, and hand the rest back."""

    by: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class BeatReply:
    """What a worker that lives is told at its beat."""

    drain: Drain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWorker:
    """A worker as the store has it."""

    id: str
    place: str
    """Where its process runs, as `podium.store.place` says it."""
    pid: int
    born: str
    """When the process was started, as its system counts that."""
    beat: float
    """When it was heard of for the last time, by its own clock."""
    silence: float
    """Seconds for which it was not heard of, by the clock of the store."""
    since: float
    """When it was entered."""
    serves: Serves
    running: int
    """How many runs it owns now."""
    rates: Mapping[str, float] = field(default_factory=dict[str, float])
    """How many runs of each queue it began to drive a second, of late."""
    drain: Drain | None = None
    drained_at: float | None = None
    """When it drove nothing more, after somebody had it drained."""
    left: bool = False
    """Whether it stopped by itself."""
    lost: bool = False
    """Whether it was declared dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQueue:
    """How a queue stands now."""

    queue: str
    ready: int
    """How many runs wait for a worker."""
    oldest_age: float
    """Seconds that the one of them waits that waits longest, by the clock of the store; 0 where none does."""
    running: int
    """How many are driven."""


class WorkerRegistry(Protocol):
    """The workers of a store. Its methods may be called from the beat thread, and may wait."""

    def join(self, worker: str, now: float, serves: Serves = Serves()) -> None:
        """Enter a worker; raises StoreMoved where the store has been moved to another place."""
        ...

    def beat(self, worker: str, now: float, rates: Mapping[str, float] | None = None) -> BeatReply | None:
        """Say that a worker lives, and how many runs of each queue it began a second; None where it was fenced."""
        ...

    def drain(self, worker: str, drain: Drain) -> bool:
        """Have a worker told at its next beat that it is to drain, and enter that in the ledger.

        False where it is told already, was fenced, or was never entered.
        """
        ...

    def drained(self, worker: str, now: float) -> None:
        """Say that a worker has drained: it drives nothing more."""
        ...

    def beats(self, worker: str) -> Mapping[str, float]:
        """Return when each of the others that are alive was heard of last, by their own clocks."""
        ...

    def reap(self, worker: str, silent: Mapping[str, float]) -> list[Placed]:
        """Fence workers that are `silent` and have not beaten since, or whose process is gone; hand their runs back.

        Each run that a process had in memory when it died gets a strike, or its first if it had come further since its
        last; those of a process that was only late get none.
        """
        ...

    def leave(self, worker: str) -> list[Placed]:
        """Fence a worker, and hand its runs back."""
        ...

    def others(self, worker: str) -> list[str]:
        """Return where others drive runs, as `pid 12 on HOST`: heard of within their lease, not known to be gone."""
        ...

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        ...

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later; not those that left."""
        ...
