"""`memory`: the store's shared memory as an agent, so that what is remembered is recorded and governed like a call."""

from typing import Unpack, assert_never

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.memory.requests import (
    Conflict,
    Delete,
    Forgotten,
    Get,
    Hits,
    KeyList,
    Keys,
    MemoryReply,
    Put,
    Remembered,
    Request,
    Search,
)
from podium.agents.shape import shape_of
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.expected import one_of
from podium.model.memory import MEMORY_SCOPES, MemoryEntry, MemoryScope, memory_scope
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps


class MemoryAgent(CardedAgent[Request, MemoryReply]):
    """Remembers across calls, in one scope of the store's memory. Made by `memory`."""

    def __init__(self, scope: MemoryScope, card: Card) -> None:
        super().__init__(card, shape_of(Request), shape_of(MemoryReply))
        self._scope = scope

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Do what the input asks for. A put or delete that is tried again counts once."""
        reply = await self._reply(self.input.reload(call.input), memory_scope(self._scope, call, self.card.name), steps)
        return Done(self.output.dump(reply))

    async def _reply(self, request: Request, scope: str, steps: Steps) -> MemoryReply:
        store = steps.memory
        match request:
            case Get(key):
                return _remembered(key, await store.get(scope, key))
            case Put(key, value, expect):
                writer = steps.idempotency_key
                entry = await store.put(scope, key, value, writer=writer, expect=expect)
                if entry is None:
                    return Conflict(_remembered(key, await store.get(scope, key)))
                return _remembered(key, entry)
            case Delete(key):
                return Forgotten(key, await store.delete(scope, key, writer=steps.idempotency_key))
            case Keys(prefix):
                return KeyList(list(await store.keys(scope, prefix)))
            case Search(query, limit):
                found = await store.search(scope, query, limit=limit)
                return Hits([_remembered(entry.key, entry) for entry in found])
            case _:
                assert_never(request)


def memory(scope: MemoryScope = "tenant", *, name: str = "memory", **options: Unpack[CardOptions]) -> MemoryAgent:
    """Return an agent that remembers: call it with Get, Put, Delete, Keys or Search.

    `scope` says whose memory it is: everybody's of the tenant, of the user on whose behalf a run is, of the agents of
    this `name` in the tenant, or of one run alone.
    """
    one_of(MEMORY_SCOPES).check("the scope of a memory", scope)
    return MemoryAgent(scope, card_of("memory", name, shape_of(Request), shape_of(MemoryReply), options))


def _remembered(key: str, entry: MemoryEntry | None) -> Remembered:
    if entry is None:
        return Remembered(key, None, 0)
    return Remembered(entry.key, entry.value, entry.version)
