"""Reading the events of the system: once for all who watch in this process."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from podium.errors import StoreError
from podium.model.clock import Clock
from podium.model.event_types import EventType
from podium.model.events import EventBook, SystemEvent

_LOOK_SECONDS, _LOOK_TOLD_SECONDS = 0.1, 1.0
"""So often one looks for what other processes committed; less often where the store tells of it."""
_AT_ONCE = 500
"""So many events are read, and handed on, at once."""
_RECENT = 4_000
"""So many of the last events are at hand for those who watch, together; who is further behind reads for itself."""


class EventBatch(NamedTuple):
    """Events that follow each other."""

    events: Sequence[SystemEvent]
    position: int
    """Up to here the reader has had all there is."""


class EventReader:
    """Reads new events as long as somebody watches, with one question for all, and keeps the last ones.

    A viewer is a place in them, and no more: one that is slow holds up nobody and takes no memory. Once it is further
    behind than what is kept it reads from the store, until it has caught up.
    """

    def __init__(self, book: EventBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._viewers = 0
        self._reading: asyncio.Task[None] | None = None
        self._recent: list[SystemEvent] = []
        self._end = 0
        """The position up to which was read."""
        self._news = asyncio.Event()
        """Replaced each time that it is set: whoever waits has the one that was there when they looked."""
        self._failed: StoreError | None = None
        self._rung = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        """Read nothing more: those who watch have had all, and are told no more."""
        self._closed = True
        self._stop()
        self._publish()

    async def batches(self, after: int | None) -> AsyncGenerator[EventBatch]:
        """Give the events after a position, or from now on where that is None, until it is closed; raises StoreError.

        Where some of those are not kept any more, an event `gone` says so.
        """
        with self._watched():
            last = await self._book.last()
            position = last if after is None else after
            if position > last:  # the store was restored, or is another one
                yield self._gone(None, last)
                position = last
            while not self._closed:
                news = self._news
                found = self._at_hand(position)
                if found is None:
                    found = await self._book.after(position, _AT_ONCE)
                if found:
                    if (lost := found[0].position - position - 1) > 0:
                        yield self._gone(lost, found[0].position - 1)
                    position = found[-1].position
                    yield EventBatch(found, position)
                    continue
                if self._failed is not None:
                    raise self._failed
                await news.wait()

    def _gone(self, lost: int | None, position: int) -> EventBatch:
        event = SystemEvent(
            position=position, at=self._clock.now(), type=EventType.GONE, run="", root="", workflow="", tenant="",
            principal="", content={"lost": lost},
        )  # fmt: skip
        return EventBatch([event], position)

    def _at_hand(self, position: int) -> Sequence[SystemEvent] | None:
        """Return what is at hand after a position; None where that begins later, and one has to read."""
        first = self._end - len(self._recent)
        if position >= self._end:
            return ()
        if position < first:
            return None
        begin = position - first
        return self._recent[begin : begin + _AT_ONCE]

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Have new events read while the block lasts."""
        self._viewers += 1
        if self._reading is None and not self._closed:
            self._recent, self._end, self._failed = [], 0, None
            self._reading = asyncio.get_running_loop().create_task(self._read())
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._stop()

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self) -> None:
        """Read what is new; one who watches is told of what keeps this from it, and begins anew."""
        try:
            await self._follow()
        except StoreError as error:
            self._failed = error
            self._reading = None
            self._publish()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()

        def ring() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._rung.set)

        with self._book.hear(ring) as is_told:
            self._end = await self._book.last()
            self._publish()
            while True:
                self._rung.clear()
                found = await self._book.after(self._end, _AT_ONCE)
                self._take(found)
                if len(found) < _AT_ONCE:
                    await self._wait(_LOOK_TOLD_SECONDS if is_told() else _LOOK_SECONDS)

    def _take(self, found: Sequence[SystemEvent]) -> None:
        """Keep what was read, which follows what there is unless that was deleted meanwhile."""
        if not found:
            return
        if found[0].position != self._end + 1:
            self._recent = []
        self._recent = [*self._recent, *found][-_RECENT:]
        self._end = found[-1].position
        self._publish()

    def _publish(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass
