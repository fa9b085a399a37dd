"""Shared memory in SQLite, with full-text search (FTS5) and vectors."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from podium.in_threads import in_thread
from podium.model.clock import Clock, SystemClock
from podium.model.embedding import Vector
from podium.model.json import Json
from podium.model.memory import AppendTo, MemoryAppend, MemoryEntry, MemoryLock, check_memory_key
from podium.model.ranking import words_of_question
from podium.secrets.masking import MASKING
from podium.store.codec import decode
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.memory_writes import MemoryWrite, forget_some
from podium.store.sqlite.readers import of_one_moment
from podium.store.sqlite.sql import statement
from podium.store.sqlite.vectors import VectorIndex, check_embedder, put_vector
from podium.store.sqlite.words import merge_words, search_words

T = TypeVar("T")

_A_PAGE = 1_000
"""So many entries whose time is over are deleted at once: others may write in between."""


class SqliteMemory:
    """Entries in the store's own file. Each operation is a transaction of its own, made in a thread."""

    def __init__(
        self, connection: sqlite3.Connection, lock: threading.RLock, path: str, clock: Clock | None = None,
        index: VectorIndex | None = None,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._lock = lock
        self._path = path
        self._clock: Clock = clock or SystemClock()
        self._index = index or VectorIndex("memory")

    def under(self, clock: Clock) -> "SqliteMemory":
        """Return the same memory, whose time is that of a clock."""
        return SqliteMemory(self._connection, self._lock, self._path, clock, self._index)

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        asked = (scope, key, self._clock.now())

        def look_up(connection: sqlite3.Connection) -> MemoryEntry | None:
            row = connection.execute(statement("memory_get"), asked).fetchone()
            return None if row is None else _entry(scope, key, *row)

        return await self._read(look_up)

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None, ttl: float | None = None,
        vector: Vector | None = None,
    ) -> MemoryEntry | None:  # fmt: skip
        """Store a value; None where the version is not `expect`. The same writer's put of a key counts once."""
        check_memory_key(key)
        write, until = self._write(writer, scope, key, vector), None if ttl is None else self._clock.now() + ttl
        return await self._in_thread(lambda connection: write.put(connection, value, expect=expect, until=until))

    async def append(
        self, scope: str, key: str, value: Json, *, writer: str, to: AppendTo = "list", expect: int | None = None,
        vector: Vector | None = None,
    ) -> MemoryAppend | None:  # fmt: skip
        """Add to a list or a text; None where something else is stored. The same writer's append counts once."""
        check_memory_key(key)
        write = self._write(writer, scope, key, vector)
        return await self._in_thread(lambda connection: write.append(connection, value, to, expect=expect))

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. The same writer's delete of a key counts once.

        Of a key with a secret in it, from before that was known, it is not noted who forgot it: that names the key.
        """
        write = self._write("" if writer is None or MASKING.secret_in(key) else writer, scope, key)
        return await self._in_thread(write.delete)

    async def lock(self, scope: str, key: str, *, writer: str, lease: float) -> MemoryLock:
        """Take a lock, unless another writer holds it: return who holds it now."""
        check_memory_key(key)
        write = self._write(writer, scope, key)
        return await self._in_thread(lambda connection: write.lock(connection, lease))

    async def unlock(self, scope: str, key: str, token: int, *, writer: str) -> bool:
        """Give the lock of this token back; False where its lease is over, or it was given back before."""
        check_memory_key(key)
        write = self._write(writer, scope, key)
        return await self._in_thread(lambda connection: write.unlock(connection, token))

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        asked = (scope, prefix, self._clock.now())
        return await self._read(
            lambda connection: [row[0] for row in connection.execute(statement("memory_keys"), asked)]
        )

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries with any word of the query, best first (BM25); of many, those with the rarest."""
        words, now = words_of_question(query), self._clock.now()
        return await self._read(lambda connection: [
            _entry(scope, *row) for row in search_words(connection, scope, words, limit=limit, now=now)
        ])  # fmt: skip

    async def nearest(self, scope: str, vector: Vector, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose vectors are nearest to this one, best first (cosine)."""
        now = self._clock.now()

        def find(connection: sqlite3.Connection) -> list[MemoryEntry]:
            check_embedder(connection, scope, vector)
            rows = self._index.nearest(
                connection, (scope, vector.embedder), vector, limit=limit,
                row=lambda n: connection.execute(statement("memory_by_n"), (n, now)).fetchone(),
            )  # fmt: skip
            return [_entry(scope, *row) for row, _ in rows]

        return await self._read(find)

    async def without_vector(self, scope: str, embedder: str, *, limit: int) -> Sequence[MemoryEntry]:
        """Return entries that have no vector of this embedder, the oldest first."""
        asked = (scope, embedder, self._clock.now(), limit)
        return await self._read(
            lambda connection: [
                _entry(scope, *row) for row in connection.execute(statement("memory_without_vector"), asked)
            ]
        )

    async def set_vector(self, scope: str, key: str, version: int, vector: Vector) -> bool:
        """Give an entry a vector in place of the one that it has; False where it is of another version by now."""
        asked = (scope, key, version, self._clock.now())

        def write(connection: sqlite3.Connection) -> bool:
            row = connection.execute(statement("memory_number"), asked).fetchone()
            if row is not None:
                put_vector(connection, row[0], scope, vector)
            return row is not None

        return await self._in_thread(write)

    async def forget_expired(self) -> int:
        """Delete all entries whose time is over, and the words of all that is gone; return how many."""
        now, total = self._clock.now(), 0
        while gone := await self._in_thread(lambda connection: forget_some(connection, now, _A_PAGE)):
            total += gone
        begin = True
        while await self._in_thread(partial(merge_words, begin=begin)):
            begin = False
        return total

    def _write(self, writer: str, scope: str, key: str, vector: Vector | None = None) -> MemoryWrite:
        return MemoryWrite(writer=writer, scope=scope, key=key, now=self._clock.now(), vector=vector)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what is read, of one moment; nobody who writes waits for it."""

        def run() -> T:
            with self._lock, translated(self._path), of_one_moment(self._connection):
                return work(self._connection)

        return await in_thread(run)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._lock, transaction(self._connection, self._path) as connection:
                return work(connection)

        return await in_thread(run)


def _entry(scope: str, key: str, value: bytes, version: int, at: float, until: float | None) -> MemoryEntry:
    return MemoryEntry(scope=scope, key=key, value=decode(value), version=version, at=at, until=until)
