"""The agent that remembers."""

from typing import Unpack

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.memory.asked import MemoryRequest
from podium.agents.memory.requests import MemoryReply, Request
from podium.agents.shape import TypeShape, shape_of
from podium.errors import InvalidValue
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.embedding import AN_EMBEDDER, Embedder
from podium.model.expected import one_of
from podium.model.json import Json
from podium.model.memory import MEMORY_SCOPES, MemoryScope, memory_scope
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps


class MemoryAgent(CardedAgent[Request, MemoryReply]):
    """Remembers across calls, in one scope of the store's memory. Made by `memory`."""

    def __init__(self, scope: MemoryScope, card: Card, embedder: Embedder | None) -> None:
        takes = shape_of(Request) if embedder is not None else _Unembedded(card.name)
        super().__init__(card, takes, shape_of(MemoryReply))
        self._scope: MemoryScope = scope
        self._embedder = embedder

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Do what the input asks for. What changes the memory counts once, however often it is tried."""
        return Done(await self._replied(self.input.reload(call.input), call, steps))

    async def ask(self, request: Request, call: Call, steps: Steps) -> MemoryReply:
        """Do a request from within another agent, in a step of its call: it is recorded, and counts once.

        `call` and `steps` are those of that agent, whose rules apply.
        """

        async def reply() -> Json:
            return await self._replied(request, call, steps)

        asked = self.input.dump(request)
        return self.output.load(await steps.once(f"memory/{self.card.name}", reply, input=asked))

    async def _replied(self, request: Request, call: Call, steps: Steps) -> Json:
        asked = MemoryRequest(memory_scope(self._scope, call, self.card.name), steps, self._embedder)
        return self.output.dump(await asked.reply(request))


class _Unembedded(TypeShape[Request]):
    """What a memory without an embedder takes."""

    __slots__ = ("_agent",)

    def __init__(self, agent: str) -> None:
        super().__init__(Request)
        self._agent = agent

    def dump(self, value: Request) -> Json:
        plain = super().dump(value)
        if plain["op"] == "reembed" or plain.get("by") in {"meaning", "both"}:
            raise InvalidValue(
                f"{self._agent} has no embedder, so it finds by words alone: say memory(…, embed=wordllama_embedder()),"
                ' or search by="words"'
            )
        return plain


def memory(
    scope: MemoryScope = "tenant", *, name: str = "memory", embed: Embedder | None = None,
    **options: Unpack[CardOptions],
) -> MemoryAgent:  # fmt: skip
    """Return an agent that remembers: call it with Get, Put, Append, Delete, Keys, Search, Reembed, Lock or Unlock.

    `scope` says whose memory it is: everybody's of the tenant, of the user on whose behalf a run is, of the agents of
    this `name` in the tenant, or of one run alone. With an embedder, `embed`, entries are found by meaning too: it is
    asked for a vector of each entry that is put, and of each question.
    """
    one_of(MEMORY_SCOPES).check("the scope of a memory", scope)
    AN_EMBEDDER.check(f"embed of {name}", embed)
    return MemoryAgent(scope, card_of("memory", name, shape_of(Request), shape_of(MemoryReply), options), embed)
