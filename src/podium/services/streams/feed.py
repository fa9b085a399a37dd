"""The last transient events of one run, for the readers of this process and for the store."""

import asyncio
from collections import deque

from podium.model.streams.book import KeptEvent, KeptEvents

MOST_EVENTS, MOST_BYTES = 10_000, 4 * 1024 * 1024
"""So much of a run is kept: a reader that falls behind further is told how many events it missed."""


class Feed:
    """Keeps the last transient events of a run. It never waits for anybody."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.readers = 0
        self.until = 0.0
        """Until when it is kept where nobody reads, by the clock of the event loop."""
        self.watched = False
        """Whether somebody watches from another process."""
        self.trim = 0
        """The number of the last event that is not kept any more."""
        self.rings = 0
        """Grows whenever something is new."""
        self.commits = 0
        """Grows with each commit of the run in this process."""
        self._epoch = self._last = 0
        self._events: deque[KeptEvent] = deque()
        self._bytes = 0
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._waiting: set[asyncio.Event] = set()

    def begin(self, epoch: int, last: int) -> None:
        """Take note of who owns the run now, and of the number up to which nothing was kept."""
        self._epoch, self._last = epoch, last

    def add(self, event: KeptEvent) -> None:
        """Keep an event, and drop the oldest ones that are too many."""
        self._events.append(event)
        if event.ends:
            return
        self._last = event.number
        self._bytes += len(event.text)
        while len(self._events) > self._most_events or self._bytes > self._most_bytes:
            dropped = self._events.popleft()
            self._bytes -= len(dropped.text)
            self.trim = dropped.number
        self.ring()

    def after(self, number: int) -> KeptEvents | None:
        """Return what is kept after a number; None where this process has never driven the run while it was kept."""
        if not self._epoch:
            return None
        found: list[KeptEvent] = []
        before: KeptEvent | None = None
        for event in reversed(self._events):
            if event.number <= number:
                before = event
                break
            found.append(event)
        return KeptEvents(self._epoch, self._last, found[::-1], before)

    def forget(self) -> None:
        """Keep nothing of what there is: the run was redacted or pruned."""
        self._events.clear()
        self._bytes = self._epoch = self._last = 0

    def committed(self) -> None:
        """The journal of the run has grown."""
        self.commits += 1
        self.ring()

    def ring(self) -> None:
        """Wake all readers."""
        self.rings += 1
        for each in self._waiting:
            each.set()

    async def wait(self, seconds: float, *, since: int | None = None) -> bool:
        """Return after so many real seconds, or as soon as something is new: then True.

        With `since` that is at once if `rings` has grown beyond it: something came while the reader looked.
        """
        if since is not None and self.rings != since:
            return True
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(news)
        return True
