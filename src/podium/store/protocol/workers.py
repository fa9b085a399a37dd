"""Who drives runs on a store."""

from collections.abc import Mapping
from dataclasses import dataclass
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


class WorkerRegistry(Protocol):
    """The workers of a store. Its methods may be called from the beat thread, and may wait."""

    def join(self, worker: str, now: float) -> None:
        """Enter a worker."""
        ...

    def beat(self, worker: str, now: float) -> bool:
        """Say that a worker lives; False where it was fenced."""
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

    def others(self, worker: str, since: float) -> list[str]:
        """Return where others drive runs, as `pid 12 on HOST`: heard of since a time, and not known to be gone."""
        ...

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        ...

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later; not those that left."""
        ...
