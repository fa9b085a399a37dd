"""Shared memory in tables, with full-text search and vectors."""

from collections.abc import Sequence
from functools import partial

from podium.model.clock import Clock, SystemClock
from podium.model.embedding import Vector
from podium.model.json import Json
from podium.model.memory import AppendTo, MemoryAppend, MemoryEntry, MemoryLock, check_memory_key
from podium.model.ranking import words_of_question
from podium.secrets.masking import MASKING
from podium.store.codec import decode
from podium.store.tables.memory_writes import MemoryWrite, forget_some
from podium.store.tables.statements import Row, Statements, Tables, text_of
from podium.store.tables.vectors import VectorIndex, check_embedder, put_vector
from podium.store.tables.words import WordIndex

_A_PAGE = 1_000
"""So many entries whose time is over are deleted at once: others may write in between."""


class TableMemory:
    """Entries in the store's own tables. Each operation is a transaction of its own, made in a thread."""

    def __init__(
        self, tables: Tables, words: WordIndex, clock: Clock | None = None, index: VectorIndex | None = None
    ) -> None:
        self._tables = tables
        self._words = words
        self._clock: Clock = clock or SystemClock()
        self._index = index or VectorIndex("memory")

    def under(self, clock: Clock) -> "TableMemory":
        """Return the same memory, whose time is that of a clock."""
        return TableMemory(self._tables, self._words, clock, self._index)

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        now = self._clock.now()

        def look_up(statements: Statements) -> MemoryEntry | None:
            row = statements.one("memory_get", scope, statements.stored_text(key), now)
            return None if row is None else _entry(scope, (key, *row))

        return await self._tables.read_in_thread(look_up)

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None, ttl: float | None = None,
        vector: Vector | None = None,
    ) -> MemoryEntry | None:  # fmt: skip
        """Store a value; None where the version is not `expect`. The same writer's put of a key counts once."""
        check_memory_key(key)
        write, until = self._write(writer, scope, key, vector), None if ttl is None else self._clock.now() + ttl
        return await self._tables.write_in_thread(
            lambda s: write.put(s, self._words, value, expect=expect, until=until)
        )

    async def append(
        self, scope: str, key: str, value: Json, *, writer: str, to: AppendTo = "list", expect: int | None = None,
        vector: Vector | None = None,
    ) -> MemoryAppend | None:  # fmt: skip
        """Add to a list or a text; None where something else is stored. The same writer's append counts once."""
        check_memory_key(key)
        write = self._write(writer, scope, key, vector)
        return await self._tables.write_in_thread(lambda s: write.append(s, self._words, value, to, expect=expect))

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. The same writer's delete of a key counts once.

        Of a key with a secret in it, from before that was known, it is not noted who forgot it: that names the key.
        """
        write = self._write("" if writer is None or MASKING.secret_in(key) else writer, scope, key)
        return await self._tables.write_in_thread(write.delete)

    async def lock(self, scope: str, key: str, *, writer: str, lease: float) -> MemoryLock:
        """Take a lock, unless another writer holds it: return who holds it now."""
        check_memory_key(key)
        write = self._write(writer, scope, key)
        return await self._tables.write_in_thread(lambda s: write.lock(s, lease))

    async def unlock(self, scope: str, key: str, token: int, *, writer: str) -> bool:
        """Give the lock of this token back; False where its lease is over, or it was given back before."""
        check_memory_key(key)
        write = self._write(writer, scope, key)
        return await self._tables.write_in_thread(lambda s: write.unlock(s, token))

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        now = self._clock.now()
        return await self._tables.read_in_thread(lambda s: [
            text_of(row[0]) for row in s.all("memory_keys", scope, s.stored_text(prefix), now)
        ])  # fmt: skip

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries with any word of the query, best first (BM25); of many, those with the rarest."""
        words, now = words_of_question(query), self._clock.now()
        return await self._tables.read_in_thread(lambda s: [
            _entry(scope, row) for row in self._words.search(s, scope, words, limit=limit, now=now)
        ])  # fmt: skip

    async def nearest(self, scope: str, vector: Vector, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose vectors are nearest to this one, best first (cosine)."""
        now = self._clock.now()

        def find(statements: Statements) -> list[MemoryEntry]:
            check_embedder(statements, scope, vector)
            rows = self._index.nearest(
                statements, (scope, vector.embedder), vector, limit=limit,
                row=lambda n: statements.one("memory_by_n", n, now),
            )  # fmt: skip
            return [_entry(scope, row) for row, _ in rows]

        return await self._tables.read_in_thread(find)

    async def without_vector(self, scope: str, embedder: str, *, limit: int) -> Sequence[MemoryEntry]:
        """Return entries that have no vector of this embedder, the oldest first."""
        asked = (scope, embedder, self._clock.now(), limit)
        return await self._tables.read_in_thread(
            lambda s: [_entry(scope, row) for row in s.all("memory_without_vector", *asked)]
        )

    async def set_vector(self, scope: str, key: str, version: int, vector: Vector) -> bool:
        """Give an entry a vector in place of the one that it has; False where it is of another version by now."""
        now = self._clock.now()

        def write(statements: Statements) -> bool:
            row = statements.one("memory_number", scope, statements.stored_text(key), version, now)
            if row is not None:
                put_vector(statements, row[0], scope, vector)
            return row is not None

        return await self._tables.write_in_thread(write)

    async def forget_expired(self) -> int:
        """Delete all entries whose time is over, and the words of all that is gone; return how many."""
        now, total = self._clock.now(), 0
        while gone := await self._tables.write_in_thread(lambda s: forget_some(s, now, _A_PAGE)):
            total += gone
        begin = True
        while await self._tables.write_in_thread(partial(self._words.merge, begin=begin)):
            begin = False
        return total

    def _write(self, writer: str, scope: str, key: str, vector: Vector | None = None) -> MemoryWrite:
        return MemoryWrite(writer=writer, scope=scope, key=key, now=self._clock.now(), vector=vector)


def _entry(scope: str, row: Row) -> MemoryEntry:
    key, value, version, at, until = row
    return MemoryEntry(scope=scope, key=text_of(key), value=decode(value), version=version, at=at, until=until)
