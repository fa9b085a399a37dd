"""Shared memory in SQLite, with full-text search (FTS5)."""

import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from podium.in_threads import in_thread
from podium.model.clock import Clock, SystemClock
from podium.model.json import Json, is_array, is_object
from podium.model.memory import MemoryEntry
from podium.store.codec import decode, encode
from podium.store.sqlite.connection import transaction
from podium.store.sqlite.sql import statement

T = TypeVar("T")

_KEPT_SECONDS = 90 * 86_400.0
"""So long it is known what a writer did: a call that died in its middle is taken up again before that."""


class SqliteMemory:
    """Entries in the store's own file. Each operation is a transaction of its own, made in a thread."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, path: str) -> None:
        self._connection = connection
        self._lock = lock
        self._path = path
        self._clock: Clock = SystemClock()

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        return await self._in_thread(lambda connection: _get(connection, scope, key))

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None
    ) -> MemoryEntry | None:
        """Store a value; None where the version is not `expect`. The same writer's put of a key counts once."""
        text, now = encode(value), self._clock.now()

        def write(connection: sqlite3.Connection) -> MemoryEntry | None:
            if (before := _written(connection, (writer, scope, key, "put"))) is not None:
                return MemoryEntry(scope=scope, key=key, value=decode(text), version=before[0], at=before[1])
            row = connection.execute(statement("memory_get"), (scope, key)).fetchone()
            version = 0 if row is None else row[1]
            if expect is not None and expect != version:
                return None
            if row is None:
                number = connection.execute(statement("memory_insert"), (scope, key, text, writer, now)).lastrowid
            else:
                (number, _) = connection.execute(statement("memory_update"), (text, writer, now, scope, key)).fetchone()
                connection.execute(statement("memory_text_delete"), (number,))
            connection.execute(statement("memory_text_put"), (number, f"{key} {words_of(decode(text))}"))
            _note_write(connection, (writer, scope, key, "put"), version + 1, now)
            return MemoryEntry(scope=scope, key=key, value=decode(text), version=version + 1, at=now)

        return await self._in_thread(write)

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. The same writer's delete of a key counts once."""
        now = self._clock.now()

        def forget(connection: sqlite3.Connection) -> bool:
            if writer is not None and (before := _written(connection, (writer, scope, key, "delete"))) is not None:
                return bool(before[0])
            row = connection.execute(statement("memory_delete"), (scope, key)).fetchone()
            if row is not None:
                connection.execute(statement("memory_text_delete"), (row[0],))
            if writer is not None:
                _note_write(connection, (writer, scope, key, "delete"), int(row is not None), now)
            return row is not None

        return await self._in_thread(forget)

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        return await self._in_thread(
            lambda connection: [row[0] for row in connection.execute(statement("memory_keys"), (scope, prefix))]
        )

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries with any word of the query, best first (BM25)."""
        words = re.findall(r"\w+", query)
        match = " OR ".join(f'"{word}"' for word in words)

        def find(connection: sqlite3.Connection) -> list[MemoryEntry]:
            if not words:
                return []
            rows = connection.execute(statement("memory_search"), (match, scope, limit))
            return [MemoryEntry(scope=scope, key=k, value=decode(v), version=n, at=at) for k, v, n, at in rows]

        return await self._in_thread(find)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._lock, transaction(self._connection, self._path) as connection:
                return work(connection)

        return await in_thread(run)


def _get(connection: sqlite3.Connection, scope: str, key: str) -> MemoryEntry | None:
    row = connection.execute(statement("memory_get"), (scope, key)).fetchone()
    return None if row is None else MemoryEntry(scope=scope, key=key, value=decode(row[0]), version=row[1], at=row[2])


def _written(connection: sqlite3.Connection, write: tuple[str, str, str, str]) -> tuple[int, float] | None:
    """Return what came of a write, by its writer, scope, key and kind, and when; None where it was not made."""
    return connection.execute(statement("memory_written"), write).fetchone()


def _note_write(connection: sqlite3.Connection, write: tuple[str, str, str, str], version: int, now: float) -> None:
    connection.execute(statement("memory_write_note"), (*write, version, now))
    connection.execute(statement("memory_writes_forget"), (now - _KEPT_SECONDS,))


def words_of(value: Json) -> str:
    """Return all text inside a JSON value, for the full-text index."""
    match value:
        case _ if is_object(value):
            return " ".join(f"{key} {words_of(part)}" for key, part in value.items())
        case _ if is_array(value):
            return " ".join(words_of(part) for part in value)
        case None:
            return ""
        case _:
            return str(value)
