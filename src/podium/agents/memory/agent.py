"""`memory`: the store's shared memory as an agent, so that what is remembered is recorded and governed like a call."""

from typing import Unpack, assert_never

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.memory.requests import (
    Append,
    Appended,
    Conflict,
    Delete,
    Forgotten,
    Get,
    Held,
    Hits,
    KeyList,
    Keys,
    Lock,
    Locked,
    MemoryReply,
    Put,
    Remembered,
    Request,
    Search,
    Unlock,
    Unlocked,
)
from podium.agents.shape import shape_of
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.duration import in_seconds, seconds_or_none
from podium.model.expected import one_of
from podium.model.memory import MEMORY_SCOPES, MemoryEntry, MemoryScope, memory_scope
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps


class MemoryAgent(CardedAgent[Request, MemoryReply]):
    """Remembers across calls, in one scope of the store's memory. Made by `memory`."""

    def __init__(self, scope: MemoryScope, card: Card) -> None:
        super().__init__(card, shape_of(Request), shape_of(MemoryReply))
        self._scope: MemoryScope = scope

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Do what the input asks for. What changes the memory counts once, however often it is tried."""
        asked = _Asked(memory_scope(self._scope, call, self.card.name), steps)
        return Done(self.output.dump(await asked.reply(self.input.reload(call.input))))


class _Asked:
    """One request to a memory."""

    def __init__(self, scope: str, steps: Steps) -> None:
        self._scope = scope
        self._store = steps.memory
        self._writer = steps.idempotency_key

    async def reply(self, request: Request) -> MemoryReply:
        """Do what is asked for."""
        match request:
            case Get(key):
                return await self._current(key)
            case Keys(prefix):
                return KeyList(list(await self._store.keys(self._scope, prefix)))
            case Search(query, limit):
                found = await self._store.search(self._scope, query, limit=limit)
                return Hits([_remembered(entry.key, entry) for entry in found])
            case Lock() | Unlock():
                return await self._locked(request)
            case Put() | Append() | Delete():
                return await self._written(request)
            case _:
                assert_never(request)

    async def _current(self, key: str) -> Remembered:
        return _remembered(key, await self._store.get(self._scope, key))

    async def _written(self, request: Put | Append | Delete) -> MemoryReply:
        scope, writer = self._scope, self._writer
        match request:
            case Put(key, value, expect, ttl):
                seconds = seconds_or_none(ttl, "ttl")
                entry = await self._store.put(scope, key, value, writer=writer, expect=expect, ttl=seconds)
                return Conflict(await self._current(key)) if entry is None else _remembered(key, entry)
            case Append(key, value, to):
                added = await self._store.append(scope, key, value, writer=writer, to=to)
                return (
                    Conflict(await self._current(key)) if added is None else Appended(key, added.version, added.length)
                )
            case Delete(key):
                return Forgotten(key, await self._store.delete(scope, key, writer=writer))
            case _:
                assert_never(request)

    async def _locked(self, request: Lock | Unlock) -> Locked | Held | Unlocked:
        scope, writer = self._scope, self._writer
        match request:
            case Lock(key, lease):
                lock = await self._store.lock(scope, key, writer=writer, lease=in_seconds(lease, "lease"))
                if lock.holder != writer:
                    return Held(key, lock.holder, lock.until)
                return Locked(key, lock.token, lock.until)
            case Unlock(key, token):
                return Unlocked(key, await self._store.unlock(scope, key, token, writer=writer))
            case _:
                assert_never(request)


def memory(scope: MemoryScope = "tenant", *, name: str = "memory", **options: Unpack[CardOptions]) -> MemoryAgent:
    """Return an agent that remembers: call it with Get, Put, Append, Delete, Keys, Search, Lock or Unlock.

    `scope` says whose memory it is: everybody's of the tenant, of the user on whose behalf a run is, of the agents of
    this `name` in the tenant, or of one run alone.
    """
    one_of(MEMORY_SCOPES).check("the scope of a memory", scope)
    return MemoryAgent(scope, card_of("memory", name, shape_of(Request), shape_of(MemoryReply), options))


def _remembered(key: str, entry: MemoryEntry | None) -> Remembered:
    if entry is None:
        return Remembered(key, None, 0)
    return Remembered(entry.key, entry.value, entry.version, entry.until)
