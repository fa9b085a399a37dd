"""Facts on their way into a run's journal: each gets its place, its salt, and the hash that chains it."""

import os
from collections.abc import Sequence

from podium.store.codec import content_hash
from podium.store.inserting import NewFact
from podium.store.journaling.chain import PLACE_BITS, link, payload_digest
from podium.store.journaling.quoting import QUOTING_BYTES, Quotable

BLOB_BYTES = 32_768
"""A payload larger than this that quotes nothing is stored once, by its content hash."""

_MOST = 1 << PLACE_BITS
"""So many places a journal has."""

FactRow = tuple[int, int, str, float, int, bytes, bytes, bytes, bytes | None, bytes | None]
"""place, kind, key, at, epoch, hash, salt, body, payload, blob."""


class Head:
    """Where a run's journal ends: what the next fact is chained to."""

    __slots__ = ("count", "hash", "name", "quotable")

    def __init__(self, name: bytes, count: int, hash: bytes, quotable: Quotable | None = None) -> None:
        self.name = name
        self.count = count
        self.hash = hash
        self.quotable = quotable
        """What the next fact can quote; None where that is not known."""

    def quoting(self, quotable: Quotable) -> "Head":
        """Return the same, with what can be quoted."""
        return Head(self.name, self.count, self.hash, quotable)


class Salts:
    """Random salts, fetched from the operating system in bulk."""

    def __init__(self) -> None:
        self._unused: list[bytes] = []

    def next(self) -> bytes:
        """Return 16 bytes that were never used."""
        if not self._unused:
            pool = os.urandom(16 * 256)
            self._unused = [pool[at : at + 16] for at in range(0, len(pool), 16)]
        return self._unused.pop()


def may_quote(facts: Sequence[NewFact]) -> bool:
    """Whether one of these is large enough to quote others."""
    for fact in facts:  # noqa: SIM110 - on the way of each commit, where a generator takes three times as long
        if fact.payload is not None and len(fact.payload) >= QUOTING_BYTES:
            return True
    return False


def chained(run: int, head: Head, epoch: int, facts: Sequence[NewFact], salts: Salts) -> tuple[list[FactRow], Head]:
    """Return the rows of facts after `head`, without large payloads, and where the journal ends with them.

    What is hashed is what a fact says, however it is stored: whether it quotes others, and which, is proved by that.
    """
    name, count, last, place = head.name, head.count, head.hash, run << PLACE_BITS
    if count + len(facts) > _MOST:
        raise OverflowError(f"its journal has {count} facts, and no run can have more than {_MOST}: start another run")
    rows: list[FactRow] = []
    for fact in facts:
        salt, blob, payload = salts.next(), None, fact.payload
        stored = payload
        if payload is not None and len(payload) >= QUOTING_BYTES:
            stored = head.quotable.quote(count, payload) if head.quotable is not None else None
            if stored is None and len(payload) > BLOB_BYTES:
                blob, payload = content_hash(payload), None
            stored = stored or payload
        digest = payload_digest(salt, fact.body, payload, blob)
        last = link(last, name, count, fact.kind, fact.key, fact.at, epoch, digest)
        rows.append((place + count, fact.kind, fact.key, fact.at, epoch, last, salt, fact.body, stored, blob))
        count += 1
    return rows, Head(name, count, last, head.quotable)
