"""What one drive of a run tells while it happens: numbered, kept for whoever watches, and else only counted."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from podium import lazy
from podium.model.clock import Clock
from podium.model.fact import Fact
from podium.model.json import encode
from podium.model.run import Run
from podium.model.streams.book import KeptEvent
from podium.model.streams.numbers import transient_number
from podium.services.group_commit import CommitBatch, GroupCommit
from podium.services.isolation import CommitAnswer
from podium.services.streams.feed import Feed
from podium.store.operations import Committed, CommitVerdict, KeepEvents

if TYPE_CHECKING:
    from podium.model.streams import content
else:
    content = lazy.module("podium.model.streams.content")

FLUSH_SECONDS = 0.05
"""Events for other processes are written together, after so long or with the next commit."""
_KEPT_SECONDS, _KEPT_AFTER_SECONDS = 24 * 3600.0, 60.0
"""So long the store keeps them: while the run is in memory, and once it has left that."""
_CHECKED = "what is emitted"
_RESET, _NO_FIELDS = "stream_reset", b"{}"


class EmittedAt(NamedTuple):
    """Where in a run something is emitted."""

    key: str
    """Of the call or branch."""
    attempt: int = 0
    """0 for what no attempt of a call emits."""
    step: str = ""
    again: bool = False
    """Whether the call may have emitted before, and is made once more."""


class _Said(NamedTuple):
    place: EmittedAt
    at: float
    type: str
    body: bytes


class Emitter:
    """Emits the transient events of a run, from the moment that a process takes it up until it lets go of it."""

    __slots__ = (
        "_batch", "_clock", "_commits", "_count", "_epoch", "_feed", "_found", "_found_epoch", "_last", "_loop",
        "_pending", "_position", "_run", "_thread", "_wanted", "emitted", "facts",
    )  # fmt: skip

    def __init__(self, run: Run, facts: Sequence[Fact], commits: GroupCommit, clock: Clock) -> None:
        self.emitted: set[str] = set()
        """The keys of the calls that emitted anything here."""
        self._run = run.id
        self._epoch = run.epoch
        self.facts = self._found = self._position = facts[-1].seq + 1
        """How many facts the run has: found in the store, and recorded since, committed or not."""
        self._found_epoch = facts[-1].epoch
        self._commits = commits
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._feed: Feed | None = None
        self._count = count(1)
        self._last = 0
        """How many events there were."""
        self._pending: list[KeptEvent] = []
        self._wanted: KeepEvents | None = None
        """What is to be committed with the batch that gathers."""
        self._batch: CommitBatch | None = None

    # What happens in the run

    def emit(self, chunk: object, place: EmittedAt) -> None:
        """Emit an event, or JSON, from any thread; it costs next to nothing where nobody watches.

        Raises InvalidValue for what is not JSON, UsageError for an event that cannot be emitted.
        """
        emitted = content.content_of(chunk)
        body = encode(emitted.body(), _CHECKED)
        if self._feed is None:
            self._last = next(self._count)
            return
        said = _Said(place, self._clock.now(), emitted.type, body)
        if threading.get_ident() == self._thread:
            self._take(said)
        else:
            self._loop.call_soon_threadsafe(self._take, said)

    def committed(self) -> None:
        """Have readers look at what was recorded: it is in the store now."""
        if self._feed is not None:
            self._feed.committed()

    def end(self) -> None:
        """The run leaves the memory of this process."""
        if self._feed is not None and self._feed.watched:
            self._flush(_KEPT_AFTER_SECONDS)

    # Who watches

    def keep(self, feed: Feed | None) -> None:
        """Keep events for those who read a feed, from now on; with None only count them."""
        if feed is not None:
            feed.begin(self._epoch, self._number(self._last) or 0)
        self._feed = feed

    def write(self) -> None:
        """Write for other processes what is kept, and how far the run has come."""
        if self._feed is not None and (kept := self._feed.after(0)) is not None:
            self._pending = list(kept.events)
            self._flush()

    # From an event to its readers

    def _take(self, said: _Said) -> None:
        if said.place.again:
            said = said._replace(place=said.place._replace(again=False))
            self._take(said._replace(type=_RESET, body=_NO_FIELDS))
        if said.place.key:
            self.emitted.add(said.place.key)
        self._last = next(self._count)
        number, feed, place = self._number(self._last), self._feed, said.place
        if number is None or feed is None:
            return
        head = {
            "type": said.type, "run": self._run, "number": number, "key": place.key, "attempt": place.attempt,
            "step": place.step, "at": said.at, "epoch": self._epoch,
        }  # fmt: skip
        event = KeptEvent(number, self._epoch, encode(head)[:-1] + b',"content":' + said.body + b"}")
        feed.add(event)
        if feed.watched:
            self._keep_for_others(event)

    def _number(self, count: int) -> int | None:
        """Return the number of an event: after all facts so far. Readers have it wait for those not committed yet.

        A fact that the store refuses, since a budget has no room, may have been counted: numbers never go back.
        """
        self._position = max(self._position, self.facts)
        epochs = self._epoch - self._found_epoch if self._position == self._found else 0
        return transient_number(self._position, epochs, count)

    # From this process to others

    def _keep_for_others(self, event: KeptEvent) -> None:
        """Have an event written with the commit that gathers, else with the next one, or soon."""
        if self._wanted is not None and self._batch is self._commits.batch:
            self._wanted.events.append(event)
            self._wanted.last = event.number
            return
        self._pending.append(event)
        if self._commits.batch.operations:
            self._flush()
        elif len(self._pending) == 1:
            self._commits.ride(self._flush_pending)
            self._loop.call_later(FLUSH_SECONDS, self._flush_pending)

    def _flush_pending(self) -> None:
        if self._pending:
            self._flush()

    def _flush(self, keep_seconds: float = _KEPT_SECONDS) -> None:
        pending, self._pending = self._pending, []
        feed = self._feed
        if feed is None:
            return
        self._wanted = wanted = KeepEvents(
            run=self._run, epoch=self._epoch, events=pending, last=self._number(self._last) or 0, trim=feed.trim,
            until=self._clock.now() + keep_seconds,
        )  # fmt: skip
        self._batch = self._commits.batch
        self._commits.put(wanted, self._on_verdict)

    def _on_verdict(self, verdict: CommitAnswer, _: Committed) -> None:
        """What could not be written is missed by readers, who find that out by the numbers."""
        if verdict is CommitVerdict.STALE:
            self._pending = []
