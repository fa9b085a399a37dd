"""Facts on their way into a run's journal: each gets its place, its salt, and the hash that chains it."""

import os
import sqlite3
from collections.abc import Sequence

from podium.store.codec import content_hash
from podium.store.operations import NewFact, Operation, Write
from podium.store.sqlite.chain import PLACE_BITS, link, payload_digest
from podium.store.sqlite.sql import statement

BLOB_BYTES = 32_768
"""A payload larger than this is stored once, by its content hash."""

_ALONE = {1: statement("fact_insert_owned"), 2: statement("facts_insert_owned")}
"""By how many facts: the statement that inserts them if the run is owned. One that is not in a transaction is one."""

Row = tuple[object, ...]


class Head:
    """Where a run's journal ends: what the next fact is chained to."""

    __slots__ = ("count", "hash", "name")

    def __init__(self, name: bytes, count: int, hash: bytes) -> None:
        self.name = name
        self.count = count
        self.hash = hash


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


def chained(run: int, head: Head, epoch: int, facts: Sequence[NewFact], salts: Salts) -> tuple[list[Row], Head]:
    """Return the rows of facts after `head`, without large payloads, and where the journal ends with them."""
    name, count, last, place = head.name, head.count, head.hash, run << PLACE_BITS
    rows: list[Row] = []
    for fact in facts:
        salt, blob, payload = salts.next(), None, fact.payload
        if payload is not None and len(payload) > BLOB_BYTES:
            blob, payload = content_hash(payload), None
        digest = payload_digest(salt, fact.body, payload, blob)
        last = link(last, name, count, fact.kind, fact.key, fact.at, epoch, digest)
        rows.append((place + count, fact.kind, fact.key, fact.at, epoch, last, salt, fact.body, payload, blob))
        count += 1
    return rows, Head(name, count, last)


def lone(operations: Sequence[Operation]) -> Write | None:
    """Return the write of a commit that is one run's facts and nothing else, as few as one statement takes."""
    if len(operations) != 1:
        return None
    write = operations[0]
    if not isinstance(write, Write) or write.effects or write.close is not None or len(write.facts) not in _ALONE:
        return None
    for fact in write.facts:
        if fact.payload is not None and len(fact.payload) > BLOB_BYTES:
            return None
    return write


def append_alone(connection: sqlite3.Connection, worker: str, write: Write, head: Head, salts: Salts) -> Head | None:
    """Commit a lone write in one statement; returns where the journal ends now, or None where another owns the run."""
    rows, after = chained(write.run, head, write.epoch, write.facts, salts)
    values = [value for row in rows for value in row]
    inserted = connection.execute(_ALONE[len(rows)], (*values, write.run, write.epoch, worker)).rowcount
    return after if inserted == len(rows) else None
