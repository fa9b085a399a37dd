"""Shared memory in SQLite, with full-text search (FTS5)."""

import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from podium.in_threads import in_thread
from podium.model.clock import Clock, SystemClock
from podium.model.json import Json
from podium.model.memory import AppendTo, MemoryAppend, MemoryEntry, MemoryLock
from podium.store.codec import decode
from podium.store.sqlite.connection import transaction
from podium.store.sqlite.memory_writes import MemoryWrite, forget_some
from podium.store.sqlite.sql import statement

T = TypeVar("T")

_A_PAGE = 1_000
"""So many entries whose time is over are deleted at once: others may write in between."""


class SqliteMemory:
    """Entries in the store's own file. Each operation is a transaction of its own, made in a thread."""

    def __init__(
        self, connection: sqlite3.Connection, lock: threading.RLock, path: str, clock: Clock | None = None
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._path = path
        self._clock: Clock = clock or SystemClock()

    def under(self, clock: Clock) -> "SqliteMemory":
        """Return the same memory, whose time is that of a clock."""
        return SqliteMemory(self._connection, self._lock, self._path, clock)

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        return await self._in_thread(lambda connection: _get(connection, scope, key, self._clock.now()))

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None, ttl: float | None = None
    ) -> MemoryEntry | None:
        """Store a value; None where the version is not `expect`. The same writer's put of a key counts once."""
        write, until = self._write(writer, scope, key), None if ttl is None else self._clock.now() + ttl
        return await self._in_thread(lambda connection: write.put(connection, value, expect=expect, until=until))

    async def append(
        self, scope: str, key: str, value: Json, *, writer: str, to: AppendTo = "list"
    ) -> MemoryAppend | None:
        """Add to a list or a text; None where something else is stored. The same writer's append counts once."""
        write = self._write(writer, scope, key)
        return await self._in_thread(lambda connection: write.append(connection, value, to))

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. The same writer's delete of a key counts once."""
        write = self._write(writer or "", scope, key)
        return await self._in_thread(write.delete)

    async def lock(self, scope: str, key: str, *, writer: str, lease: float) -> MemoryLock:
        """Take a lock, unless another writer holds it: return who holds it now."""
        write = self._write(writer, scope, key)
        return await self._in_thread(lambda connection: write.lock(connection, lease))

    async def unlock(self, scope: str, key: str, token: int, *, writer: str) -> bool:
        """Give the lock of this token back; False where its lease is over, or it was given back before."""
        write = self._write(writer, scope, key)
        return await self._in_thread(lambda connection: write.unlock(connection, token))

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        asked = (scope, prefix, self._clock.now())
        return await self._in_thread(
            lambda connection: [row[0] for row in connection.execute(statement("memory_keys"), asked)]
        )

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries with any word of the query, best first (BM25)."""
        words = re.findall(r"\w+", query)
        match = " OR ".join(f'"{word}"' for word in words)
        asked = (match, scope, self._clock.now(), limit)

        def find(connection: sqlite3.Connection) -> list[MemoryEntry]:
            rows = connection.execute(statement("memory_search"), asked) if words else ()
            return [_entry(scope, *row) for row in rows]

        return await self._in_thread(find)

    async def forget_expired(self) -> int:
        """Delete all entries whose time is over, and return how many."""
        now, total = self._clock.now(), 0
        while gone := await self._in_thread(lambda connection: forget_some(connection, now, _A_PAGE)):
            total += gone
        return total

    def _write(self, writer: str, scope: str, key: str) -> MemoryWrite:
        return MemoryWrite(writer=writer, scope=scope, key=key, now=self._clock.now())

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._lock, transaction(self._connection, self._path) as connection:
                return work(connection)

        return await in_thread(run)


def _get(connection: sqlite3.Connection, scope: str, key: str, now: float) -> MemoryEntry | None:
    row = connection.execute(statement("memory_get"), (scope, key, now)).fetchone()
    return None if row is None else _entry(scope, key, *row)


def _entry(scope: str, key: str, value: bytes, version: int, at: float, until: float | None) -> MemoryEntry:
    return MemoryEntry(scope=scope, key=key, value=decode(value), version=version, at=at, until=until)
