"""The journals that a transaction appends to: where each ends, and what is to be inserted."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from podium.store.inserting import NewFact
from podium.store.journaling.appending import FactRow, Head, Salts, chained, may_quote
from podium.store.journaling.chain import PLACE_BITS
from podium.store.journaling.conversations import MessageOrigin
from podium.store.journaling.quoted import Payloads, quotes
from podium.store.journaling.quoting import LEARNED, QUOTING_BYTES, Quotable, same_begin
from podium.store.journaling.transaction import Transaction


class Journals:
    """Chains facts to journals, and inserts them together."""

    __slots__ = ("_asked", "_blobs", "_known", "_quotable", "_rows", "_salts", "_transaction", "heads")

    def __init__(self, transaction: Transaction, known: Mapping[int, Head], salts: Salts) -> None:
        self._transaction = transaction
        self._known = known
        self._asked: dict[int, Head] = {}
        self._salts = salts
        self._rows: list[FactRow] = []
        self._blobs: dict[bytes, bytes] = {}
        self._quotable: dict[int, Quotable] = {}
        """What runs can quote, and learn of it in this transaction."""
        self.heads: dict[int, Head | None] = {}
        """Heads as they will be once this is committed; None for runs that are let go."""

    def load(self, runs: Collection[int]) -> None:
        """Learn where journals end of which that is not known."""
        unknown = [run for run in runs if run not in self._known]
        if unknown:
            self._asked.update(self._transaction.heads(unknown))

    def learn(self, runs: Collection[int]) -> None:
        """Learn what runs can quote of which that is not known."""
        unknown = [run for run in runs if (head := self.head(run)).quotable is None and head.count]
        if unknown:
            self._learn(unknown)

    def head(self, run: int) -> Head:
        """Return where a run's journal ends."""
        known = self.heads if run in self.heads else self._known if run in self._known else self._asked
        head = known.get(run)  # of a run that was let go, what was known before may be old
        if head is None:
            self._quotable.pop(run, None)
            head = self._transaction.heads([run])[run]
        return head

    def append(self, run: int, head: Head, epoch: int, facts: Sequence[NewFact]) -> Head:
        """Chain facts to a run's journal; returns where it ends now."""
        if may_quote(facts):
            head = head.quoting(self._can_quote(run, head))
        rows, head = chained(run, head, epoch, facts, self._salts)
        for row, fact in zip(rows, facts, strict=True):
            if (blob := row[9]) is not None and fact.payload is not None:
                self._blobs[blob] = fact.payload
        self._rows.extend(rows)
        self.heads[run] = head
        return head

    def _can_quote(self, run: int, head: Head) -> Quotable:
        """Return what a run can quote; where that is not known, the last large payloads of its facts."""
        known = self._quotable.get(run)
        if known is None:
            if head.quotable is None and head.count:
                self._learn([run])
                return self._quotable[run]
            known = self._quotable[run] = (head.quotable or Quotable()).branch()
        return known

    def origin(self, run: int, message: bytes) -> MessageOrigin | None:
        """Return where a part of a message stands in the journal of the run that says it, where that is known."""
        if len(message) < QUOTING_BYTES:
            return None
        found = self._can_quote(run, self.head(run)).origin(message)
        if found is None:
            return None
        start, end, seq, offset = found
        said = self._stored(run, seq)
        if said is None or quotes(said) or said[offset : offset + end - start] != message[start:end]:
            return None
        before = same_begin(message[:start][::-1], said[:offset][::-1])
        after = same_begin(message[end:], said[offset + end - start :])
        return MessageOrigin(run, start - before, before + end - start + after, seq, offset - before)

    def _stored(self, run: int, seq: int) -> bytes | None:
        """Return the payload of a fact as it is stored, or is going to be."""
        place = (run << PLACE_BITS) + seq
        for row in self._rows:
            if row[0] == place:
                return row[8] if row[9] is None else self._blobs.get(row[9])
        return self._transaction.payload(run, seq)

    def _learn(self, runs: Collection[int]) -> None:
        for run, recent in self._transaction.large_payloads(runs, QUOTING_BYTES, LEARNED).items():
            payloads = Payloads(partial(self._transaction.payload, run))
            self._quotable[run] = Quotable.learned(recent, payloads)

    def insert(self) -> None:
        """Insert what was appended so far."""
        if self._blobs:
            self._transaction.insert_blobs(self._blobs)
            self._blobs = {}
        if self._rows:
            self._transaction.insert_facts(self._rows)
            self._rows = []
