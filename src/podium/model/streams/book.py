"""Where the transient events of a run are kept for readers in other processes, for a while."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from podium.model.fact import Fact
from podium.model.run import Run


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A transient event on its way to whoever reads it."""

    number: int
    epoch: int
    text: bytes
    """The event, as JSON; empty where this is none, but says that the ownership has ended and told no such event."""

    @property
    def ends(self) -> bool:
        """Whether it is no event, but the end of an ownership."""
        return not self.text


@dataclass(frozen=True, slots=True)
class KeptEvents:
    """What is kept of the transient events of a run."""

    epoch: int
    """The last ownership under which anything was written here."""
    last: int
    """The number of the last event under it, whether it is kept or not."""
    events: Sequence[KeptEvent]
    """Those after the number asked for, in order."""
    before: KeptEvent | None = None
    """The last one up to that number, where it is still there: nothing is missing between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamQuery:
    """What a reader of a run has had, and what it wants next."""

    run: str
    facts: int
    """How many of its facts the reader has had."""
    limit: int
    """So many more are given at most."""
    after: int | None
    """The number up to which it has had transient events; with None it wants none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSlice:
    """What comes next of a run, all of one moment."""

    facts: Sequence[Fact]
    """The next ones, in order."""
    run: Run | None
    """How it stands; None where there is no such run."""
    kept: KeptEvents | None
    """What is kept after the number; None where nothing was asked for, ever written, or all is too old."""


class StreamBook(Protocol):
    """Who watches runs that other processes drive, and the transient events for them. `KeepEvents` brings these."""

    @property
    def tells(self) -> bool:
        """Whether those who `hear` are told of what `KeepEvents` brings, and need not look."""
        ...

    def hear(self, run: str, ring: Callable[[], None]) -> AbstractContextManager[Callable[[], bool]]:
        """Have `ring` called, maybe in another thread, when there may be more of a run, while the block lasts.

        It gives a function: whether that is so now, or one has to look.
        """
        ...

    async def watch(self, run: str, reader: str, until: float) -> None:
        """Have the transient events of a run kept until a time; asking again renews it.

        The run need not be there yet. Raises StoreError.
        """
        ...

    async def expire(self, now: float) -> None:
        """Delete what is too old of any run. Costs no more than a look where there is nothing. Raises StoreError."""
        ...

    async def watched(self, now: float, *, own: str) -> Mapping[str, float]:
        """Return the runs that are watched, and until when; not by readers whose names begin with `own`."""
        ...

    async def next(self, query: StreamQuery) -> StreamSlice:
        """Return what comes next of a run. Raises StoreError."""
        ...

    async def kept(self, run: str, after: int) -> KeptEvents | None:
        """Return what is kept of a run after a number; None where nothing was ever written, or all is too old."""
        ...
