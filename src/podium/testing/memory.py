"""`PlainMemory`: a memory without any store."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from podium.model.clock import Clock
from podium.model.embedding import Vector, similarity
from podium.model.json import Json
from podium.model.memory import (
    NOTHING_YET,
    AppendTo,
    MemoryAppend,
    MemoryEntry,
    MemoryLock,
    appended,
    check_memory_key,
    refuse_embedder,
    text_of_entry,
)
from podium.testing.clock import DrivenClock

_WORD = re.compile(r"\w+")

_Write = tuple[str, str, str, str]
"""Who wrote, in which scope, to which key, and what was done."""


@dataclass(slots=True)
class _Kept:
    """What is remembered."""

    entries: dict[tuple[str, str], MemoryEntry] = field(default_factory=dict[tuple[str, str], MemoryEntry])
    versions: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Those that were given last, also of entries that are gone."""
    vectors: dict[tuple[str, str], Vector] = field(default_factory=dict[tuple[str, str], Vector])
    locks: dict[tuple[str, str], MemoryLock] = field(default_factory=dict[tuple[str, str], MemoryLock])
    put: dict[_Write, MemoryEntry] = field(default_factory=dict[_Write, MemoryEntry])
    appended: dict[_Write, MemoryAppend] = field(default_factory=dict[_Write, MemoryAppend])
    locked: dict[_Write, MemoryLock] = field(default_factory=dict[_Write, MemoryLock])
    gone: dict[_Write, bool] = field(default_factory=dict[_Write, bool])
    """Of deletes, and of locks that were given back: whether there was anything."""


class PlainMemory:
    """A memory that lasts as long as the object; its clock is driven: `await memory.clock.advance("7d")`."""

    def __init__(self) -> None:
        self.clock: Clock = DrivenClock()
        self._kept = _Kept()

    def under(self, clock: Clock) -> "PlainMemory":
        """Return the same memory, whose time is that of a clock."""
        other = PlainMemory()
        other.clock, other._kept = clock, self._kept
        return other

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        return self._found(scope, key)

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None, ttl: float | None = None,
        vector: Vector | None = None,
    ) -> MemoryEntry | None:  # fmt: skip
        """Store a value; None where the version is not `expect`. The same writer's put of a key counts once."""
        check_memory_key(key)
        write = (writer, scope, key, "put")
        if write not in self._kept.put:
            before = self._found(scope, key)
            if expect is not None and expect != (before.version if before else 0):
                return None
            until = None if ttl is None else self.clock.now() + ttl
            self._kept.put[write] = self._store(scope, key, value, until, vector)
        return self._kept.put[write]

    async def append(
        self, scope: str, key: str, value: Json, *, writer: str, to: AppendTo = "list", expect: int | None = None,
        vector: Vector | None = None,
    ) -> MemoryAppend | None:  # fmt: skip
        """Add to a list or a text; None where something else is stored. The same writer's append counts once."""
        check_memory_key(key)
        write = (writer, scope, key, "append")
        if write not in self._kept.appended:
            before = self._found(scope, key)
            after = appended(before.value if before else NOTHING_YET[to], value, to)
            if after is None or (expect is not None and expect != (before.version if before else 0)):
                return None
            entry = self._store(scope, key, after, before.until if before else None, vector)
            self._kept.appended[write] = MemoryAppend(version=entry.version, length=len(after))
        return self._kept.appended[write]

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. The same writer's delete of a key counts once."""
        write = (writer or "", scope, key, "delete")
        if writer is None or write not in self._kept.gone:
            self._kept.gone[write] = self._found(scope, key) is not None
            self._kept.entries.pop((scope, key), None)
        return self._kept.gone[write]

    async def lock(self, scope: str, key: str, *, writer: str, lease: float) -> MemoryLock:
        """Take a lock, unless another writer holds it: return who holds it now."""
        check_memory_key(key)
        write, now = (writer, scope, key, "lock"), self.clock.now()
        for held in (self._kept.locked.get(write), self._kept.locks.get((scope, key))):
            if held is not None and held.until > now:
                return held
        before = self._kept.locks.get((scope, key))
        lock = MemoryLock(token=before.token + 1 if before else 1, holder=writer, until=now + lease)
        self._kept.locks[scope, key] = self._kept.locked[write] = lock
        return lock

    async def unlock(self, scope: str, key: str, token: int, *, writer: str) -> bool:
        """Give the lock of this token back; False where its lease is over, or it was given back before."""
        write, now = (writer, scope, key, f"unlock {token}"), self.clock.now()
        if write not in self._kept.gone:
            lock = self._kept.locks.get((scope, key))
            held = lock is not None and lock.token == token and lock.until > now
            if lock is not None and held:
                self._kept.locks[scope, key] = MemoryLock(token=token, holder=lock.holder, until=now)
            self._kept.gone[write] = held
        return self._kept.gone[write]

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        return sorted(entry.key for entry in self._all(scope) if entry.key.startswith(prefix))

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries that hold the words of `query` most often, best first."""
        wanted = _counted(query)
        found = {entry.key: _counted(text_of_entry(entry.key, entry.value)) for entry in self._all(scope)}
        times = {key: sum(words[word] for word in wanted) for key, words in found.items()}
        best = sorted((entry for entry in self._all(scope) if times[entry.key]), key=lambda entry: -times[entry.key])
        return best[:limit]

    async def nearest(self, scope: str, vector: Vector, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose vectors are nearest to this one, best first (cosine)."""
        self._check_embedder(scope, vector)
        scores = {
            entry.key: similarity(vector, found)
            for entry in self._all(scope)
            if (found := self._kept.vectors.get((scope, entry.key)))
        }
        found = sorted((entry for entry in self._all(scope) if entry.key in scores), key=lambda each: -scores[each.key])
        return found[:limit]

    async def without_vector(self, scope: str, embedder: str, *, limit: int) -> Sequence[MemoryEntry]:
        """Return entries that have no vector of this embedder, the oldest first."""
        vectors = self._kept.vectors
        return [
            entry
            for entry in self._all(scope)
            if (found := vectors.get((scope, entry.key))) is None or found.embedder != embedder
        ][:limit]

    async def set_vector(self, scope: str, key: str, version: int, vector: Vector) -> bool:
        """Give an entry a vector in place of the one that it has; False where it is of another version by now."""
        entry = self._found(scope, key)
        if entry is None or entry.version != version:
            return False
        self._kept.vectors[scope, key] = vector
        return True

    async def forget_expired(self) -> int:
        """Delete all entries whose time is over, and return how many."""
        old = [place for place, entry in self._kept.entries.items() if not self._lasts(entry)]
        for place in old:
            del self._kept.entries[place]
        return len(old)

    def _store(self, scope: str, key: str, value: Json, until: float | None, vector: Vector | None) -> MemoryEntry:
        place = scope, key
        self._kept.vectors.pop(place, None)
        if vector is not None:
            self._check_embedder(scope, vector)
            self._kept.vectors[place] = vector
        version = self._kept.versions[place] = self._kept.versions.get(place, 0) + 1
        entry = self._kept.entries[place] = MemoryEntry(
            scope=scope, key=key, value=value, version=version, at=self.clock.now(), until=until
        )
        return entry

    def _check_embedder(self, scope: str, vector: Vector) -> None:
        for entry in self._all(scope):
            found = self._kept.vectors.get((scope, entry.key))
            if found is not None and found.embedder != vector.embedder:
                refuse_embedder(scope, found.embedder, vector.embedder)

    def _lasts(self, entry: MemoryEntry) -> bool:
        return entry.until is None or entry.until > self.clock.now()

    def _found(self, scope: str, key: str) -> MemoryEntry | None:
        entry = self._kept.entries.get((scope, key))
        return entry if entry is not None and self._lasts(entry) else None

    def _all(self, scope: str) -> list[MemoryEntry]:
        return [entry for (place, _), entry in self._kept.entries.items() if place == scope and self._lasts(entry)]


def _counted(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))
