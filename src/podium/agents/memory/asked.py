"""How a memory does what it is asked."""

from collections.abc import Sequence
from typing import assert_never

from podium.agents.memory.requests import (
    Append,
    Appended,
    Conflict,
    Delete,
    Forgotten,
    Get,
    Hits,
    KeyList,
    Keys,
    Lock,
    Locked,
    LockHeld,
    MemoryReply,
    Put,
    Reembed,
    Reembedded,
    Remembered,
    Request,
    Search,
    Unlock,
    Unlocked,
)
from podium.model.duration import in_seconds, seconds_or_none
from podium.model.embedding import Embedder, Vector, embedder_id, vectors_of
from podium.model.embedding_step import Embedding
from podium.model.json import Json
from podium.model.memory import NOTHING_YET, MemoryEntry, appended, text_of_entry
from podium.model.ranking import fused, holds_much, words_of_question
from podium.model.steps import Steps

_MERGED = 20
"""So many of each list are merged at least."""
_TIMES_LIMIT = 2
_AT_ONCE = 64
"""So many entries are embedded in one step."""


class MemoryRequest:
    """One request, in one scope."""

    def __init__(self, scope: str, steps: Steps, embedder: Embedder | None) -> None:
        self._scope = scope
        self._steps = steps
        self._store = steps.memory
        self._writer = steps.idempotency_key
        self._embedder = embedder

    async def reply(self, request: Request) -> MemoryReply:
        """Do what is asked for."""
        match request:
            case Get(key):
                return await self._current(key)
            case Keys(prefix):
                return KeyList(list(await self._store.keys(self._scope, prefix)))
            case Search():
                return Hits([_remembered(entry.key, entry) for entry in await self._found(request)])
            case Lock() | Unlock():
                return await self._locked(request)
            case Put() | Append() | Delete():
                return await self._written(request)
            case Reembed():
                return Reembedded(await self._reembedded())
            case _:
                assert_never(request)

    async def _current(self, key: str) -> Remembered:
        return _remembered(key, await self._store.get(self._scope, key))

    async def _written(self, request: Put | Append | Delete) -> MemoryReply:
        scope, writer = self._scope, self._writer
        match request:
            case Put(key, value, expect, ttl):
                seconds, vector = seconds_or_none(ttl, "ttl"), await self._vector(key, value)
                entry = await self._store.put(
                    scope, key, value, writer=writer, expect=expect, ttl=seconds, vector=vector
                )
                return Conflict(await self._current(key)) if entry is None else _remembered(key, entry)
            case Append():
                return await self._appended(request)
            case Delete(key):
                return Forgotten(key, await self._store.delete(scope, key, writer=writer))
            case _:
                assert_never(request)

    async def _appended(self, request: Append) -> Appended | Conflict:
        """Add to what there is; with an embedder, to what was embedded, which others may add to meanwhile."""
        key, value, to = request.key, request.value, request.to
        while True:
            expect = vector = None
            if self._embedder is not None:
                before = await self._current(key)
                after = appended(before.value if before.version else NOTHING_YET[to], value, to)
                expect, vector = before.version, None if after is None else await self._vector(key, after)
            added = await self._store.append(
                self._scope, key, value, writer=self._writer, to=to, expect=expect, vector=vector
            )
            if added is not None:
                return Appended(key, added.version, added.length)
            now = await self._current(key)
            if expect is None or now.version == expect:
                return Conflict(now)

    async def _vector(self, key: str, value: Json) -> Vector | None:
        if self._embedder is None:
            return None
        return await Embedding(self._embedder, self._steps).vector(text_of_entry(key, value))

    async def _found(self, request: Search) -> Sequence[MemoryEntry]:
        query, limit = request.query, request.limit
        by = request.by or ("words" if self._embedder is None else "both")
        if by == "words" or self._embedder is None:
            return await self._store.search(self._scope, query, limit=limit)
        vector = await Embedding(self._embedder, self._steps).vector(query)
        if by == "meaning":
            return await self._store.nearest(self._scope, vector, limit=limit)
        many, words = max(_MERGED, _TIMES_LIMIT * limit), words_of_question(query)
        worded = await self._store.search(self._scope, query, limit=many)
        near = await self._store.nearest(self._scope, vector, limit=many)
        said = [entry for entry in worded if holds_much(text_of_entry(entry.key, entry.value), words)]
        entries = {entry.key: entry for entry in (*said, *near)}
        return [entries[key] for key in fused([each.key for each in said], [each.key for each in near], limit=limit)]

    async def _reembedded(self) -> int:
        """Embed what has no vector of this embedder, some entries in each step."""
        if (embedder := self._embedder) is None:
            return 0  # the input was refused
        embedding, total = Embedding(embedder, self._steps), 0
        while entries := await self._store.without_vector(self._scope, embedder_id(embedder), limit=_AT_ONCE):
            texts = [text_of_entry(entry.key, entry.value) for entry in entries]

            async def embed(entries: Sequence[MemoryEntry] = entries, texts: Sequence[str] = texts) -> Json:
                vectors, tokens = await vectors_of(embedder, texts)
                done = [
                    await self._store.set_vector(self._scope, entry.key, entry.version, vector)
                    for entry, vector in zip(entries, vectors, strict=True)
                ]
                return {"count": sum(done), "tokens": tokens}

            said = await self._steps.once(
                "reembed", embed, input=texts, usage=embedding.usage, bound=embedding.bound(texts)
            )
            total += said["count"]
        return total

    async def _locked(self, request: Lock | Unlock) -> Locked | LockHeld | Unlocked:
        scope, writer = self._scope, self._writer
        match request:
            case Lock(key, lease):
                lock = await self._store.lock(scope, key, writer=writer, lease=in_seconds(lease, "lease"))
                if lock.holder != writer:
                    return LockHeld(key, lock.holder, lock.until)
                return Locked(key, lock.token, lock.until)
            case Unlock(key, token):
                return Unlocked(key, await self._store.unlock(scope, key, token, writer=writer))
            case _:
                assert_never(request)


def _remembered(key: str, entry: MemoryEntry | None) -> Remembered:
    if entry is None:
        return Remembered(key, None, 0)
    return Remembered(entry.key, entry.value, entry.version, entry.until)
