"""Who watches which run: the readers of this process, and those of others for the runs that are driven here."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING

from podium.errors import StoreError
from podium.model.clock import Clock
from podium.model.fact import Fact
from podium.model.run import Run
from podium.model.streams.book import KeptEvent, StreamBook
from podium.model.streams.numbers import place_of_number
from podium.services.group_commit import GroupCommit
from podium.services.streams.emitter import Emitter
from podium.services.streams.feed import Feed

if TYPE_CHECKING:
    from podium.services.streams.viewing import SharedReaders

_KEPT_SECONDS = 30.0
"""So long a feed is kept that nobody reads: whoever lost its connection comes again."""
_ENDED_RUNS, _ENDS_OF_A_RUN = 2_000, 32
"""Of so many runs, and so many of their last ownerships, it is known how many events there were."""


class Streams:
    """The feeds of the runs that somebody watches, and the emitters of those that are driven here."""

    def __init__(
        self, book: StreamBook, commits: GroupCommit, clock: Clock, *, owner: str, driven: Callable[[str], bool]
    ) -> None:
        self._book = book
        self._commits = commits
        self._clock = clock
        self._owner = owner
        """Begins the names of the readers of this process."""
        self._readers = count(1)
        self._loop = asyncio.get_running_loop()
        self._feeds: dict[str, Feed] = {}
        self._emitters: dict[str, Emitter] = {}
        self._ends: OrderedDict[str, list[KeptEvent]] = OrderedDict()
        """The ends of the ownerships of the runs that left memory last: what there was before a reader came."""
        self._watched: frozenset[str] = frozenset()
        """The runs that somebody watches from another process."""
        self._looking: set[asyncio.Task[None]] = set()
        self.readers: SharedReaders = {}
        """Who reads the runs that are watched here, each for all who do."""
        self.driven = driven
        """Whether a run is driven here."""

    def begin(self, run: Run, facts: Sequence[Fact], *, dry: bool) -> Emitter:
        """Return what emits the events of a run that is taken up."""
        left = self._ends.get(run.id)
        again = left is not None and left[-1].epoch == run.epoch  # its next generation goes on counting
        told = place_of_number(left[-1].number).nth - 1 if left and again else 0
        emitter = Emitter(run, facts, self._commits, self._clock, told=told, tells=self._book.tells)
        if dry:
            return emitter
        self._emitters[run.id] = emitter
        feed = self._feeds.get(run.id)
        if feed is None and run.id in self._watched:
            feed = self._new_feed(run.id)
            feed.watched = True
        if feed is not None:
            emitter.keep(feed)
            if feed.watched:
                emitter.write()
        return emitter

    def end(self, emitter: Emitter, run: Run) -> None:
        """The run leaves the memory of this process."""
        end = emitter.end()
        if self._emitters.get(run.id) is emitter:
            del self._emitters[run.id]
            if end is not None:
                self._note(run.id, end)
        self.ring(run.id)

    def _note(self, run: str, end: KeptEvent) -> None:
        ends = self._ends.setdefault(run, [])
        if ends and ends[-1].epoch == end.epoch:
            del ends[-1]
        ends.append(end)
        del ends[:-_ENDS_OF_A_RUN]
        self._ends.move_to_end(run)
        if len(self._ends) > _ENDED_RUNS:
            self._ends.popitem(last=False)

    def _new_feed(self, run: str) -> Feed:
        feed = self._feeds[run] = Feed()
        for end in self._ends.get(run, ()):
            feed.add(end)
        return feed

    def ring(self, run: str) -> None:
        """Have the readers of a run look how it stands."""
        if (feed := self._feeds.get(run)) is not None:
            feed.committed()

    @contextmanager
    def open(self, run: str) -> Generator[Feed]:
        """Keep the transient events of a run while the block lasts, and a while longer."""
        feed = self._feeds.get(run)
        if feed is None:
            feed = self._new_feed(run)
            feed.watched = run in self._watched
            if (emitter := self._emitters.get(run)) is not None:
                emitter.keep(feed)
        feed.readers += 1
        try:
            yield feed
        finally:
            feed.readers -= 1
            feed.until = self._loop.time() + _KEPT_SECONDS

    def name_reader(self) -> str:
        """Return a name for a reader of this process."""
        return f"{self._owner}/{next(self._readers)}"

    def look_first(self, then: Callable[[], None]) -> None:
        """Find who watches, then do something: what is taken up by it is told from its first event on."""
        looking = self._loop.create_task(self.look())
        self._looking.add(looking)
        looking.add_done_callback(lambda _: then())
        looking.add_done_callback(self._looking.discard)

    async def look(self) -> None:
        """Find who watches from other processes, and let go of the feeds that nobody has read for a while.

        Where the store cannot say, nothing changes: runs that were found ready just before are driven all the same.
        """
        with suppress(StoreError):
            self._follow(frozenset(await self._book.watched(self._clock.now(), own=f"{self._owner}/")))
        now = self._loop.time()
        for run, feed in list(self._feeds.items()):
            if not (feed.readers or feed.watched or now < feed.until):
                del self._feeds[run]
                if (emitter := self._emitters.get(run)) is not None:
                    emitter.keep(None)

    def _follow(self, watched: frozenset[str]) -> None:
        for run in self._watched - watched:
            if (feed := self._feeds.get(run)) is not None:
                feed.watched = False
        new, self._watched = watched - self._watched, watched
        for run in new:
            self._keep_for_others(run)

    def _keep_for_others(self, run: str) -> None:
        feed, emitter = self._feeds.get(run), self._emitters.get(run)
        if feed is None and emitter is not None:
            feed = self._new_feed(run)
            emitter.keep(feed)
        if feed is not None:
            feed.watched = True
            if emitter is not None:
                emitter.write()
