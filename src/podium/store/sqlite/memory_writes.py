"""What one writer does to one key of the shared memory, in a transaction: it counts once."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from podium.model.embedding import Vector
from podium.model.json import Json
from podium.model.memory import (
    NOTHING_YET,
    AppendTo,
    MemoryAppend,
    MemoryEntry,
    MemoryLock,
    appended,
    scope_of_run,
    text_of_entry,
)
from podium.store.codec import decode, encode
from podium.store.sqlite.sql import statement
from podium.store.sqlite.vectors import check_embedder, put_vector

_KEPT_SECONDS = 90 * 86_400.0
"""So long it is known what a writer did: a call that died in its middle is taken up again before that."""
_A_FEW = 64
"""So many entries whose time is over are deleted with each write."""


_Row = tuple[bytes, int, float, float | None]
"""Value, version, time, and the time from which it is forgotten."""


class _Written(NamedTuple):
    """What came of a write: which of it counts is for what was done to say."""

    version: int
    at: float
    until: float | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryWrite:
    """Who writes what, and when. Where no writer is named, nothing is known of it later."""

    writer: str
    scope: str
    key: str
    now: float
    vector: Vector | None = None
    """Of what stands there then."""

    def put(
        self, connection: sqlite3.Connection, value: Json, *, expect: int | None, until: float | None
    ) -> MemoryEntry | None:
        """Store a value; None where the version is not `expect`."""
        if (done := self._done(connection, "put")) is None:
            self._forget_expired(connection)
            found = self._found(connection)
            if not _is_version(found, expect):
                return None
            done = _Written(self._store(connection, value, until, exists=found is not None), self.now, until)
            self._note(connection, "put", done)
        value = decode(encode(value))
        return MemoryEntry(
            scope=self.scope, key=self.key, value=value, version=done.version, at=done.at, until=done.until
        )

    def append(
        self, connection: sqlite3.Connection, value: Json, to: AppendTo, *, expect: int | None
    ) -> MemoryAppend | None:
        """Add to a list or a text, or begin one; None where something else is stored."""
        if (done := self._done(connection, "append")) is None:
            self._forget_expired(connection)
            found = self._found(connection)
            before, until = (NOTHING_YET[to], None) if found is None else (decode(found[0]), found[3])
            after = appended(before, value, to)
            if after is None or not _is_version(found, expect):
                return None
            version = self._store(connection, after, until, exists=found is not None)
            done = _Written(version, self.now, length=len(after))
            self._note(connection, "append", done)
        return MemoryAppend(version=done.version, length=done.length or 0)

    def delete(self, connection: sqlite3.Connection) -> bool:
        """Forget the key; False where it was not there."""
        if (done := self._done(connection, "delete")) is None:
            self._forget_expired(connection)
            gone = connection.execute(statement("memory_delete"), (self.scope, self.key)).rowcount
            done = _Written(gone, self.now)
            self._note(connection, "delete", done)
        return bool(done.version)

    def lock(self, connection: sqlite3.Connection, lease: float) -> MemoryLock:
        """Take the lock, unless another writer holds it: return who holds it now."""
        done = self._done(connection, "lock")
        if done is not None and done.until is not None and done.until > self.now:
            return MemoryLock(token=done.version, holder=self.writer, until=done.until)
        found = connection.execute(statement("memory_lock_get"), (self.scope, self.key)).fetchone()
        if found is not None and found[2] > self.now:
            return MemoryLock(token=found[0], holder=found[1], until=found[2])
        token, until = 1 if found is None else found[0] + 1, self.now + lease
        connection.execute(statement("memory_lock_put"), (self.scope, self.key, token, self.writer, until))
        self._note(connection, "lock", _Written(token, self.now, until))
        return MemoryLock(token=token, holder=self.writer, until=until)

    def unlock(self, connection: sqlite3.Connection, token: int) -> bool:
        """Give the lock of this token back; False where it is not held any more."""
        if (done := self._done(connection, f"unlock {token}")) is None:
            lock = (self.scope, self.key, token, self.now)
            done = _Written(connection.execute(statement("memory_lock_release"), lock).rowcount, self.now)
            self._note(connection, f"unlock {token}", done)
        return bool(done.version)

    def _found(self, connection: sqlite3.Connection) -> _Row | None:
        return connection.execute(statement("memory_get"), (self.scope, self.key, self.now)).fetchone()

    def _store(self, connection: sqlite3.Connection, value: Json, until: float | None, *, exists: bool) -> int:
        """Write the entry, its words and its vector, and return its version."""
        if self.vector is not None:
            check_embedder(connection, self.scope, self.vector)
        written, place = (encode(value), self.writer, self.now, until), (self.scope, self.key)
        if exists:
            row = connection.execute(statement("memory_update"), (*written, *place)).fetchone()
            connection.execute(statement("memory_text_delete"), (row[0],))
            connection.execute(statement("memory_vector_delete"), (row[0],))
        else:
            text, *rest = written
            row = connection.execute(statement("memory_insert"), (*place, text, *rest)).fetchone()
        connection.execute(statement("memory_text_put"), (row[0], text_of_entry(self.key, value)))
        if self.vector is not None:
            put_vector(connection, row[0], self.scope, self.vector)
        return row[1]

    def _forget_expired(self, connection: sqlite3.Connection) -> None:
        """Delete what was stored under the key if its time is over, and a few others."""
        connection.execute(statement("memory_forget"), (self.scope, self.key, self.now))
        forget_some(connection, self.now, _A_FEW)

    def _done(self, connection: sqlite3.Connection, what: str) -> _Written | None:
        """Return what came of it when the same writer did it before."""
        row = connection.execute(statement("memory_written"), (self.writer, self.scope, self.key, what)).fetchone()
        return None if row is None else _Written(*row)

    def _note(self, connection: sqlite3.Connection, what: str, done: _Written) -> None:
        if self.writer:
            connection.execute(statement("memory_write_note"), (self.writer, self.scope, self.key, what, *done))
            connection.execute(statement("memory_writes_forget"), (self.now - _KEPT_SECONDS,))


def _is_version(found: _Row | None, expect: int | None) -> bool:
    return expect is None or expect == (0 if found is None else found[1])


def forget_runs(connection: sqlite3.Connection, runs: Collection[str]) -> None:
    """Delete what runs remember for themselves, and what is known of their writes: others may have their ids later."""
    for run in runs:
        for name in ("memory_forget_scope", "memory_locks_forget_scope"):
            connection.execute(statement(name), (scope_of_run(run),))
        connection.execute(statement("memory_writes_forget_run"), (run,))


def forget_some(connection: sqlite3.Connection, now: float, most: int) -> int:
    """Delete entries whose time is over, at most so many, and return how many."""
    return connection.execute(statement("memory_expire"), (now, most)).rowcount
