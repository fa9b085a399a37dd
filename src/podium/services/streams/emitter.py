"""What one drive of a run tells while it happens: numbered, kept for whoever watches, and else only counted."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from podium import lazy
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind
from podium.model.json import encode, encode_names
from podium.model.run import Run
from podium.model.streams.book import KeptEvent
from podium.model.streams.kinds import StreamContent, check_transient
from podium.model.streams.numbers import transient_number
from podium.secrets.masking import MASKING
from podium.services.group_commit import CommitBatch, GroupCommit
from podium.services.isolation import CommitAnswer
from podium.services.streams.feed import Feed
from podium.store.keeping import KeepEvents
from podium.store.operations import (
    Committed,
    CommitVerdict,
)

if TYPE_CHECKING:
    from podium.services.streams import pieces
else:
    pieces = lazy.module("podium.services.streams.pieces")  # only where there is a secret

FLUSH_SECONDS = 0.05
"""Events for other processes are written together, after so long or with the next commit."""
_KEPT_SECONDS, _KEPT_AFTER_SECONDS = 24 * 3600.0, 60.0
"""So long the store keeps them: while the run is in memory, and once it has left that."""
_CHECKED = "what is emitted"
_ENDS = frozenset({FactKind.STEP, FactKind.ANSWERED, FactKind.RETRY, FactKind.ENDED})
"""The facts with which a step, an attempt of a call, a call or a run ends."""
_EMITTED, _RESET, _NO_FIELDS = "emitted", "stream_reset", b"{}"
"""How JSON names two events, and what one without fields has."""


class _EmittedAt(NamedTuple):
    """Where in a run something is emitted."""

    key: str
    """Of the call or branch."""
    attempt: int
    """0 for what no attempt of a call emits."""
    step: str
    again: bool


class _Said(NamedTuple):
    place: _EmittedAt
    at: float
    type: str
    body: bytes


def _asked_in(facts: Sequence[Fact]) -> set[str]:
    """Return the keys of the calls that were asked in the present generation of a run."""
    found: set[str] = set()
    for fact in reversed(facts):
        if fact.kind is FactKind.RESTARTED:
            break
        if fact.kind is FactKind.ASKED:
            found.add(fact.key)
    return found


class Emitter:
    """Emits the transient events of a run, from the moment that a process takes it up until it lets go of it."""

    __slots__ = (
        "_batch", "_clock", "_commits", "_count", "_epoch", "_feed", "_found", "_found_epoch", "_held", "_loop",
        "_open", "_pending", "_pieces", "_run", "_tells", "_thread", "_wanted", "emitted", "facts", "told",
    )  # fmt: skip

    def __init__(
        self, run: Run, facts: Sequence[Fact], commits: GroupCommit, clock: Clock, *, told: int = 0,
        tells: bool = False,
    ) -> None:  # fmt: skip
        """Emit the events of a run with these facts; `told` is how many there were under this ownership before.

        With `tells` the store tells readers in other processes of what is kept for them.
        """
        self.emitted = _asked_in(facts)
        """The keys of the calls that may have emitted something: they were asked before, or emitted here."""
        self._run = run.id
        self._epoch = run.epoch
        self.facts = self._found = facts[-1].seq + 1
        """How many facts the run has: found in the store, and recorded since, committed or not.

        Not those that the store may refuse, until it has taken them.
        """
        self._found_epoch = facts[-1].epoch
        self._commits = commits
        self._clock = clock
        self._tells = tells
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._feed: Feed | None = None
        self._count = count(told + 1)
        self.told = told
        """How many events there were under this ownership."""
        self._open = 0
        """How many facts the store is asked to take that it may refuse."""
        self._held: list[_Said] = []
        """What was emitted while such facts were open: how many facts come before it is not known yet."""
        self._pieces: pieces.HeldPieces | None = None
        """What is held back, since a secret may begin with it."""
        self._pending: list[KeptEvent] = []
        self._wanted: KeepEvents | None = None
        """What is to be committed with the batch that gathers."""
        self._batch: CommitBatch | None = None

    # What happens in the run

    def emit(self, chunk: object, key: str, attempt: int = 0, step: str = "", *, again: bool = False) -> None:
        """Emit an event, or JSON, from any thread; where nobody watches it is only checked and counted.

        With `again` the call may have emitted before, and is made once more. Raises InvalidValue for what is not JSON,
        UsageError for an event that cannot be emitted.
        """
        if isinstance(chunk, StreamContent):
            check_transient(chunk)
            kind, body = chunk.type, encode(chunk.body(), _CHECKED)
        else:
            kind, body = _EMITTED, encode(chunk, _CHECKED)
        place = _EmittedAt(key, attempt, step, again)
        if MASKING.active and isinstance(chunk, pieces.PIECES):
            self._in_loop(partial(self._take_piece, place, chunk))
        elif self._feed is None:
            self.told = next(self._count)
        else:
            body = b'{"data":' + body + b"}" if kind is _EMITTED else body
            self._in_loop(partial(self._take, _Said(place, self._clock.now(), kind, body)))

    def recorded(self, kind: FactKind, key: str) -> None:
        """A fact is recorded: what was held back of a step, call or run that ends with it is told before it."""
        if self._pieces and kind in _ENDS:
            self._tell_held("" if kind is FactKind.ENDED else key)

    def written(self) -> None:
        """Facts go into the batch that gathers: have those told of it who read in other processes."""
        if self._tells and self._feed is not None and self._feed.watched and not self._is_wanted():
            self._flush()

    def asked(self) -> None:
        """The store is asked to take a fact that it may refuse: what is emitted now waits for its answer."""
        self._open += 1

    def answered(self, *, written: bool) -> None:
        """The store has said of such a fact whether it is written."""
        self._open -= 1
        self.facts += written
        if self._held and not self._open:
            self._loop.call_soon(self._release)  # once all of this commit is known
        self.committed()

    def committed(self) -> None:
        """Have readers look at what was recorded: it is in the store now."""
        if self._feed is not None:
            self._feed.committed()

    def end(self) -> KeptEvent | None:
        """The run leaves the memory of this process: say how many events there were, where that can be numbered."""
        self._tell_held("")
        feed, number = self._feed, self._number(self.told + 1)
        end = None if number is None else KeptEvent(number, self._epoch, b"")
        if feed is not None:
            if end is not None:
                feed.add(end)
                self._pending.append(end)
            if feed.watched:
                self._flush(_KEPT_AFTER_SECONDS)
        self._feed = None
        return end

    # Who watches

    def keep(self, feed: Feed | None) -> None:
        """Keep events for those who read a feed, from now on; with None only count them."""
        if feed is not None:
            feed.begin(self._epoch, self._number(self.told) or 0)
        self._feed = feed

    def write(self) -> None:
        """Write for other processes what is kept, and how far the run has come."""
        if self._feed is not None and (kept := self._feed.after(0)) is not None:
            self._pending = list(kept.events)
            self._flush()

    # From an event to its readers

    def _in_loop(self, take: Callable[[], None]) -> None:
        if threading.get_ident() == self._thread:
            take()
        else:
            self._loop.call_soon_threadsafe(take)

    def _take_piece(self, place: _EmittedAt, piece: "pieces.StreamPiece") -> None:
        """Take in a piece of what a model writes, but for the end of it that a secret may begin with."""
        if self._pieces is None:
            self._pieces = pieces.HeldPieces()
        if place.again:
            self._pieces.forget(place.key)
        shown = self._pieces.add(pieces.PiecePlace(place.key, place.attempt, place.step), piece)
        if shown is not None:
            self._tell(place, shown.type, encode(shown.body()))
        elif place.again:
            self._tell(place._replace(again=False), _RESET, _NO_FIELDS)

    def _tell_held(self, key: str) -> None:
        for at, rest in () if self._pieces is None else self._pieces.end(key):
            self._tell(_EmittedAt(at.key, at.attempt, at.step, again=False), rest.type, encode(rest.body()))

    def _tell(self, place: _EmittedAt, kind: str, body: bytes) -> None:
        if self._feed is None:
            self.told = next(self._count)
        else:
            self._take(_Said(place, self._clock.now(), kind, body))

    def _take(self, said: _Said) -> None:
        if said.place.again:
            said = said._replace(place=said.place._replace(again=False))
            self._take(said._replace(type=_RESET, body=_NO_FIELDS))
        if said.place.key:
            self.emitted.add(said.place.key)
        if self._held or self._open:
            self._held.append(said)
        else:
            self._number_and_keep(said)

    def _release(self) -> None:
        if not self._open:
            held, self._held = self._held, []
            for said in held:
                self._number_and_keep(said)

    def _number_and_keep(self, said: _Said) -> None:
        self.told = next(self._count)
        number, feed, place = self._number(self.told), self._feed, said.place
        if number is None or feed is None:
            return
        head = {
            "type": said.type, "run": self._run, "number": number, "key": place.key, "attempt": place.attempt,
            "step": place.step, "at": said.at, "epoch": self._epoch,
        }  # fmt: skip
        event = KeptEvent(number, self._epoch, encode_names(head)[:-1] + b',"content":' + said.body + b"}")
        feed.add(event)
        if feed.watched:
            self._keep_for_others(event)

    def _number(self, count: int) -> int | None:
        """Return the number of an event: after all facts so far. Readers have it wait for those not committed yet."""
        epochs = self._epoch - self._found_epoch if self.facts == self._found else 0
        return transient_number(self.facts, epochs, count)

    # From this process to others

    def _keep_for_others(self, event: KeptEvent) -> None:
        """Have an event written with the commit that gathers, else with the next one, or soon."""
        if self._wanted is not None and self._is_wanted():
            self._wanted.events.append(event)
            self._wanted.last = event.number
            return
        self._pending.append(event)
        if self._commits.batch.operations:
            self._flush()
        elif len(self._pending) == 1:
            self._commits.ride(self._flush_pending)
            self._loop.call_later(FLUSH_SECONDS, self._flush_pending)

    def _is_wanted(self) -> bool:
        """Whether the batch that gathers keeps events of this run already."""
        return self._wanted is not None and self._batch is self._commits.batch

    def _flush_pending(self) -> None:
        if self._pending:
            self._flush()

    def _flush(self, keep_seconds: float = _KEPT_SECONDS) -> None:
        pending, self._pending = self._pending, []
        feed = self._feed
        if feed is None:
            return
        self._wanted = wanted = KeepEvents(
            run=self._run, epoch=self._epoch, events=pending, last=self._number(self.told) or 0, trim=feed.trim,
            until=self._clock.now() + keep_seconds,
        )  # fmt: skip
        self._batch = self._commits.batch
        self._commits.put(wanted, self._on_verdict)

    def _on_verdict(self, verdict: CommitAnswer, _: Committed) -> None:
        """What could not be written is missed by readers, who find that out by the numbers."""
        if verdict is CommitVerdict.STALE:
            self._pending = []
