"""What one writer does to one key of the shared memory, in a transaction: it counts once."""

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
from podium.store.tables.statements import Statements, inserted
from podium.store.tables.vectors import alone_with_vectors, check_embedder, put_vector
from podium.store.tables.words import WordIndex

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
        self, statements: Statements, words: WordIndex, value: Json, *, expect: int | None, until: float | None
    ) -> MemoryEntry | None:
        """Store a value; None where the version is not `expect`."""
        if (done := self._begin(statements, "put")) is None:
            self._forget_expired(statements)
            found = self._found(statements)
            if not _is_version(found, expect):
                return None
            done = _Written(self._store(statements, words, value, until, exists=found is not None), self.now, until)
            self._note(statements, "put", done)
        value = decode(encode(value))
        return MemoryEntry(
            scope=self.scope, key=self.key, value=value, version=done.version, at=done.at, until=done.until
        )

    def append(
        self, statements: Statements, words: WordIndex, value: Json, to: AppendTo, *, expect: int | None
    ) -> MemoryAppend | None:
        """Add to a list or a text, or begin one; None where something else is stored."""
        if (done := self._begin(statements, "append")) is None:
            self._forget_expired(statements)
            found = self._found(statements)
            before, until = (NOTHING_YET[to], None) if found is None else (decode(found[0]), found[3])
            after = appended(before, value, to)
            if after is None or not _is_version(found, expect):
                return None
            version = self._store(statements, words, after, until, exists=found is not None)
            done = _Written(version, self.now, length=len(after))
            self._note(statements, "append", done)
        return MemoryAppend(version=done.version, length=done.length or 0)

    def delete(self, statements: Statements) -> bool:
        """Forget the key; False where it was not there."""
        if (done := self._begin(statements, "delete")) is None:
            self._forget_expired(statements)
            gone = statements.changed("memory_delete", *self._place(statements))
            done = _Written(gone, self.now)
            self._note(statements, "delete", done)
        return bool(done.version)

    def lock(self, statements: Statements, lease: float) -> MemoryLock:
        """Take the lock, unless another writer holds it: return who holds it now."""
        done = self._begin(statements, "lock")
        if done is not None and done.until is not None and done.until > self.now:
            return MemoryLock(token=done.version, holder=self.writer, until=done.until)
        found = statements.one("memory_lock_get", *self._place(statements))
        if found is not None and found[2] > self.now:
            return MemoryLock(token=found[0], holder=found[1], until=found[2])
        token, until = 1 if found is None else found[0] + 1, self.now + lease
        statements.do("memory_lock_put", *self._place(statements), token, self.writer, until)
        self._note(statements, "lock", _Written(token, self.now, until))
        return MemoryLock(token=token, holder=self.writer, until=until)

    def unlock(self, statements: Statements, token: int) -> bool:
        """Give the lock of this token back; False where it is not held any more."""
        if (done := self._begin(statements, f"unlock {token}")) is None:
            lock = (*self._place(statements), token, self.now)
            done = _Written(statements.changed("memory_lock_release", *lock), self.now)
            self._note(statements, f"unlock {token}", done)
        return bool(done.version)

    def _found(self, statements: Statements) -> _Row | None:
        return statements.one("memory_get", *self._place(statements), self.now)

    def _store(
        self, statements: Statements, words: WordIndex, value: Json, until: float | None, *, exists: bool
    ) -> int:
        """Write the entry, its words and its vector, and return its version."""
        if self.vector is not None:
            alone_with_vectors(statements, self.scope)
            check_embedder(statements, self.scope, self.vector)
        name = "memory_update" if exists else "memory_insert"
        written = (*self._place(statements), encode(value), self.writer, self.now, until)
        n, version = inserted(statements, name, *written)
        if exists:
            statements.do("memory_vector_delete", n)
        words.put(statements, n, text_of_entry(self.key, value), exists=exists)
        if self.vector is not None:
            put_vector(statements, n, self.scope, self.vector)
        return version

    def _place(self, statements: Statements) -> tuple[str, str | bytes]:
        return self.scope, statements.stored_text(self.key)

    def _begin(self, statements: Statements, what: str) -> "_Written | None":
        """Return what came of it when the same writer did it before; nobody else writes to the key meanwhile."""
        statements.alone(f"memory {self.scope} {self.key}")
        return self._done(statements, what)

    def _forget_expired(self, statements: Statements) -> None:
        """Delete what was stored under the key if its time is over, and a few others."""
        statements.do("memory_forget", *self._place(statements), self.now)
        statements.do("memory_expire", self.now, _A_FEW)

    def _done(self, statements: Statements, what: str) -> _Written | None:
        """Return what came of it when the same writer did it before."""
        row = statements.one("memory_written", self.writer, *self._place(statements), what)
        return None if row is None else _Written(*row)

    def _note(self, statements: Statements, what: str, done: _Written) -> None:
        if self.writer:
            statements.do("memory_write_note", self.writer, *self._place(statements), what, *done)
            statements.do("memory_writes_forget", self.now - _KEPT_SECONDS)


def _is_version(found: _Row | None, expect: int | None) -> bool:
    return expect is None or expect == (0 if found is None else found[1])


def forget_runs(statements: Statements, runs: Collection[str]) -> None:
    """Delete what runs remember for themselves, and what is known of their writes: others may have their ids later."""
    for run in runs:
        for name in ("memory_forget_scope", "memory_locks_forget_scope"):
            statements.do(name, scope_of_run(run))
        statements.do("memory_writes_forget_run", run)


def forget_some(statements: Statements, now: float, most: int) -> int:
    """Delete entries whose time is over, at most so many, and return how many."""
    return statements.changed("memory_expire", now, most)
