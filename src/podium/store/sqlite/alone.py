"""A commit of one run's facts and nothing else, as most are: one statement, without a transaction around it."""

import sqlite3
from collections.abc import Sequence

from podium.store.journaling.appending import BLOB_BYTES, Head, Salts, chained, may_quote
from podium.store.operations import Operation, Write
from podium.store.sqlite.sql import statement

_ALONE = {1: statement("fact_insert_owned"), 2: statement("facts_insert_owned")}
"""By how many facts: the statement that inserts them if the run is owned. One that is not in a transaction is one."""


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


def is_alone(write: Write, head: Head) -> bool:
    """Whether all that the write needs to know is known: else what its facts can quote is to be asked first."""
    return head.quotable is not None or not may_quote(write.facts)


def append_alone(connection: sqlite3.Connection, worker: str, write: Write, head: Head, salts: Salts) -> Head | None:
    """Commit a lone write in one statement; returns where the journal ends now, or None where another owns the run."""
    if head.quotable is not None and may_quote(write.facts):
        head = head.quoting(head.quotable.branch())
    rows, after = chained(write.run, head, write.epoch, write.facts, salts)
    values = [value for row in rows for value in row]
    inserted = connection.execute(_ALONE[len(rows)], (*values, write.run, write.epoch, worker)).rowcount
    return after if inserted == len(rows) else None
