"""Effects that may have happened, though what was recorded of them counts no more."""

from collections.abc import Iterator

from podium.engine.run.before_fork import known_before
from podium.engine.run.key_state import Asking, asking_call
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked
from podium.model.facts.runs import Restarted, Started


class LostEffects:
    """The calls whose records are void, though nothing says that they came to nothing; each stands for one call."""

    __slots__ = ("_agents", "_before", "_requests", "_undone")

    def __init__(self) -> None:
        self._requests: dict[str, dict[str, Asking]] = {}
        """By agent, and by key."""
        self._agents: dict[str, str] = {}
        self._before: set[str] = set()
        """Those that another run made, which this one is a fork of."""
        self._undone: dict[Asking, set[str]] = {}
        """Where the same was asked that was undone: it may be done again, each once."""

    def note_void(self, fact: Fact) -> None:
        """Take in a fact that counts no more."""
        if fact.kind is FactKind.ASKED and isinstance(said := fact.content, Asked):
            self._drop(fact.key)
            self._agents[fact.key] = said.agent
            self._requests.setdefault(said.agent, {})[fact.key] = asking_call(
                said.agent, fact.payload, said.conversation
            )
        elif isinstance(fact.content, AnsweredFailed | AnsweredRefused):
            self._drop(fact.key)

    def __bool__(self) -> bool:
        return bool(self._agents)

    def note_before(self, said: Started | Restarted) -> frozenset[str]:
        """Take in the calls that were made before a fork, whatever they asked; returns those of unknown agents.

        What a restart says goes for what the start said: what is left of it.
        """
        for key in list(self._before):
            self._drop(key)
        known = known_before(said)
        for key, agent in known.items():
            if agent:
                self._before.add(key)
                self._agents[key] = agent
                self._requests.setdefault(agent, {})[key] = agent, None
        return frozenset(key for key, agent in known.items() if not agent)

    def note_undone(self, fact: Fact) -> None:
        """Take in a fact about a call whose effect was undone."""
        if fact.kind is FactKind.ASKED and isinstance(said := fact.content, Asked):
            request = asking_call(said.agent, fact.payload, said.conversation)
            self._undone.setdefault(request, set()).add(fact.key)

    def was_undone(self, request: Asking) -> bool:
        """Whether the same was asked before, and undone."""
        return bool(self._undone.get(request))

    def may_be(self, key: str, request: Asking) -> bool:
        """Whether a call that is asked for now may be one of them."""
        return any(self._like(key, request))

    def resolve(self, key: str, request: Asking) -> None:
        """A call is asked for, and it is found out whether it is one of them: the one that is most like it.

        What was undone before is just done again.
        """
        if undone := self._undone.get(request):
            undone.pop()
        elif (found := next(self._like(key, request), None)) is not None:
            self._drop(found)

    def _like(self, key: str, request: Asking) -> Iterator[str]:
        """Give where the same agent was asked: first for the same at this key, then for the same, then for others."""
        asked = self._requests.get(request[0], {})
        if (same := asked.get(key)) is not None and (same == request or same[1] is None):
            yield key
        yield from (at for at, each in asked.items() if each == request)
        yield from asked

    @property
    def before(self) -> dict[str, str]:
        """The calls that were made before a fork and are not resolved: their agents, by key."""
        return {key: self._agents[key] for key in self._before}

    def _drop(self, key: str) -> None:
        self._before.discard(key)
        if (agent := self._agents.pop(key, None)) is not None:
            del self._requests[agent][key]
