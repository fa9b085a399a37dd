"""Watching a run: read once for all who watch it in this process, whoever comes when and takes how long."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Generator, MutableMapping, Sequence
from contextlib import aclosing, contextmanager
from itertools import accumulate, takewhile
from typing import TypeAlias

from podium.model.streams.event import StreamEvent
from podium.services.streams.reading import StreamLook, StreamReader, Watching

_RECENT, _RECENT_BYTES = 4_000, 8 * 1024 * 1024
"""So much of what was read last is at hand for all who watch a run; who is further behind reads for itself."""
_AT_ONCE, _AT_ONCE_BYTES = 500, 64 * 1024
"""So many events are given together, and about so much: who takes them slowly holds no more."""

SharedReaders: TypeAlias = "MutableMapping[str, SharedReader]"


async def watched(
    run: str, after: int | None, watching: Watching, readers: SharedReaders
) -> AsyncGenerator[Sequence[StreamEvent]]:
    """Give the events of a run as they come, those after a number or with None those to come, until it is over.

    They are read once for all who watch. Who begins further behind than what is at hand for all, or falls behind that,
    reads for itself until it has caught up. Raises UsageError for a number that the run cannot have given.
    """
    number, behind = after, False
    while True:
        own = StreamReader(run, number, watching)
        await own.begin()
        number = own.number
        if behind or not _has_all_after(readers, run, number):
            async with aclosing(own.looks()) as looks:
                async for look in looks:
                    number = own.number
                    yield look.events
                    if _has_all_after(readers, run, number):
                        break
            if own.over:
                return
        shared = readers.get(run) or SharedReader(run, own, readers)
        with shared.watched():
            async with aclosing(shared.after(number)) as batches:
                async for events in batches:
                    number = events[-1].number
                    yield events
            if shared.over and number >= shared.number:
                return
        behind = True


def _has_all_after(readers: SharedReaders, run: str, number: int) -> bool:
    """Whether who has read a run up to a number goes on with all others, or is the first one."""
    return run not in readers or readers[run].has_all_after(number)


class SharedReader:
    """Reads a run as long as somebody watches it, and keeps what came last.

    Who watches is a place in that, and no more: one that is slow holds up nobody and takes no memory.
    """

    def __init__(self, run: str, reader: StreamReader, readers: SharedReaders) -> None:
        """Be the one for a run, and go on from where a reader has begun."""
        self._run = run
        self._reader = reader
        self._readers = readers
        self._viewers = 0
        self._events: list[StreamEvent] = []
        self._sizes: list[float] = []
        self._bytes = 0.0
        self._dropped = 0
        """How many events are at hand no more."""
        self._begin = self.number = reader.number
        """All that came after the first number is at hand, up to the second."""
        self._news = asyncio.Event()
        """Replaced each time that it is set: whoever waits has the one that was there when they looked."""
        readers[run] = self
        self._task = asyncio.get_running_loop().create_task(self._read())
        self._task.add_done_callback(self._ended)

    @property
    def over(self) -> bool:
        """Whether there is nothing more of the run."""
        return self._task.done() and self._reader.over

    @contextmanager
    def watched(self) -> Generator[None]:
        """Have it read at least while the block lasts."""
        self._viewers += 1
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._task.cancel()
                self._leave()

    def has_all_after(self, number: int) -> bool:
        """Whether all that comes after a number is at hand, or yet to come: from the place of an event, or the last."""
        if self._task.done() and not self._reader.over:
            return False
        return number == self._begin or number >= self.number or self._is_at_hand(number)

    def _is_at_hand(self, number: int) -> bool:
        place = self._place(number)
        return place < len(self._events) and self._events[place].number == number

    def _place(self, number: int) -> int:
        return bisect_left(self._events, number, key=_number)

    async def after(self, number: int) -> AsyncGenerator[Sequence[StreamEvent]]:
        """Give the events after a number as they come, until there are no more or the next one is at hand no more.

        Raises what keeps it from reading.
        """
        if not self.has_all_after(number):
            return
        first = 0 if number == self._begin else self._place(number) + self._is_at_hand(number)
        place = self._dropped + first
        had = number if number > self.number else -1  # who is ahead has had what comes first
        while place >= self._dropped:
            news = self._news
            begin = place - self._dropped
            if found := self._events[begin : begin + self._together(begin)]:
                place += len(found)
                if new := found[bisect_right(found, had, key=_number) :]:
                    had = -1
                    yield new
            elif self._task.done():
                self._task.result()
                return
            else:
                await news.wait()

    def _together(self, begin: int) -> int:
        """Return how many events from a place on are given together: one at least."""
        sizes = accumulate(self._sizes[begin : begin + _AT_ONCE])
        return max(sum(1 for _ in takewhile(lambda size: size <= _AT_ONCE_BYTES, sizes)), 1)

    async def _read(self) -> None:
        async with aclosing(self._reader.looks()) as looks:
            async for look in looks:
                self._take(look)

    def _take(self, look: StreamLook) -> None:
        """Keep what was read, and drop the oldest that is too much; the last one stays."""
        self._events += look.events
        self._sizes += [look.size / len(look.events)] * len(look.events)
        self._bytes += look.size
        self.number = look.events[-1].number
        drop = max(len(self._events) - _RECENT, 0)
        self._bytes -= sum(self._sizes[:drop])
        while self._bytes > _RECENT_BYTES and drop < len(self._events) - 1:
            self._bytes -= self._sizes[drop]
            drop += 1
        if drop:
            self._begin = self._events[drop - 1].number
            self._dropped += drop
            del self._events[:drop], self._sizes[:drop]
        self._publish()

    def _publish(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._leave()
        self._publish()
        if not task.cancelled():
            task.exception()  # those who watch raise it; where nobody does any more, nobody has to know

    def _leave(self) -> None:
        """Who comes now begins anew."""
        if self._readers.get(self._run) is self:
            del self._readers[self._run]


def _number(event: StreamEvent) -> int:
    return event.number
