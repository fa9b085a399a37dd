"""`memory`: the store's shared memory as an agent, so that what is remembered is recorded and governed like a call."""

from dataclasses import dataclass
from typing import Annotated, Literal, Unpack, assert_never

from pydantic import Field

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.shape import shape_of
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.memory import MemoryEntry
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps

MemoryScope = Literal["tenant", "run", "agent"]
"""Whose memory it is: everybody's of the tenant, this run's alone, or that of the agents of this name."""


@dataclass(frozen=True, slots=True)
class Get:
    """Look a key up; gives Remembered."""

    key: str
    op: Literal["get"] = "get"


@dataclass(frozen=True, slots=True)
class Put:
    """Store a value; gives Remembered, or Conflict where the version is not `expect` (0: must not exist)."""

    key: str
    value: Json
    expect: int | None = None
    op: Literal["put"] = "put"


@dataclass(frozen=True, slots=True)
class Delete:
    """Forget a key; gives Forgotten."""

    key: str
    op: Literal["delete"] = "delete"


@dataclass(frozen=True, slots=True)
class Keys:
    """List the keys that start with `prefix`; gives KeyList."""

    prefix: str = ""
    op: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True)
class Search:
    """Find the values whose text fits the words of `query`; gives Hits."""

    query: str
    limit: int = 10
    op: Literal["search"] = "search"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A key with its value; version 0 says that nothing is stored there."""

    key: str
    value: Json
    version: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was stored, because the version was not the expected one; `current` is what was found there."""

    current: Remembered


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The key is gone; `existed` tells whether it was there."""

    key: str
    existed: bool


@dataclass(frozen=True, slots=True)
class KeyList:
    """The keys, sorted."""

    keys: list[str]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best first."""

    hits: list[Remembered]


Request = Annotated[Get | Put | Delete | Keys | Search, Field(discriminator="op")]
MemoryReply = Remembered | Conflict | Forgotten | KeyList | Hits


class MemoryAgent(CardedAgent[Request, MemoryReply]):
    """Remembers across calls, in one scope of the store's memory. Made by `memory`."""

    def __init__(self, scope: MemoryScope, card: Card) -> None:
        super().__init__(card, shape_of(Request), shape_of(MemoryReply))
        self._scope: MemoryScope = scope

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Do what the input asks for. A put or delete that is tried again counts once."""
        reply = await self._reply(self.input.reload(call.input), self._place(call), steps)
        return Done(self.output.dump(reply))

    def _place(self, call: Call) -> str:
        match self._scope:
            case "tenant":
                return f"tenant:{call.tenant}"
            case "run":
                return f"run:{call.run}"
            case "agent":
                return f"agent:{self.card.name}"
            case _:
                assert_never(self._scope)

    async def _reply(self, request: Request, place: str, steps: Steps) -> MemoryReply:
        store = steps.memory
        match request:
            case Get(key):
                return _remembered(key, await store.get(place, key))
            case Put(key, value, expect):
                writer = steps.idempotency_key
                entry = await store.put(place, key, value, writer=writer, expect=expect)
                if entry is None:
                    return Conflict(_remembered(key, await store.get(place, key)))
                return _remembered(key, entry)
            case Delete(key):
                return Forgotten(key, await store.delete(place, key, writer=steps.idempotency_key))
            case Keys(prefix):
                return KeyList(list(await store.keys(place, prefix)))
            case Search(query, limit):
                found = await store.search(place, query, limit=limit)
                return Hits([_remembered(entry.key, entry) for entry in found])
            case _:
                assert_never(request)


def memory(scope: MemoryScope = "tenant", *, name: str = "memory", **options: Unpack[CardOptions]) -> MemoryAgent:
    """Return an agent that remembers: call it with Get, Put, Delete, Keys or Search."""
    return MemoryAgent(scope, card_of("memory", name, shape_of(Request), shape_of(MemoryReply), options))


def _remembered(key: str, entry: MemoryEntry | None) -> Remembered:
    if entry is None:
        return Remembered(key, None, 0)
    return Remembered(entry.key, entry.value, entry.version)
