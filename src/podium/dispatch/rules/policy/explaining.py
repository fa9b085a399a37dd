"""What a run would have decided, judged as a run does it, and what of a run is not known for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from podium.dispatch.rules.policy.request import Judge, PolicyRequest, memory_action
from podium.dispatch.rules.policy.rule import acting
from podium.dispatch.rules.policy.words import (
    AGENT,
    CALL,
    CAPABILITY,
    ENTITY_ATTRIBUTES,
    MEMORY,
    PRINCIPAL,
    RUN,
    TOOL,
    USE_TOOL,
)
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, PolicyDecision
from podium.model.step import tool_id
from podium.model.tool import known_tool

_OF_CARDS = {*ENTITY_ATTRIBUTES["resource"], CAPABILITY} - {"name", "agent", "trust", "read_only"}
_ON_THE_WAY = frozenset({PRINCIPAL, "caller", "callers", "depth"})
_ASKED_ABOUT = frozenset({"dangerous"})
_OPTIONS = {"input": "--input", "call_input": "--call-input", "run_input": "--run-input", "request": "--request"}
_ONLY_THERE = {"run": "context.run", "root": "context.root", RUN: "the run that somebody is in"}
_ASSUMED = {"attempt": "as attempt 1", "priority": "with the priority 0", "now": "as of now"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a run would have decided."""

    decisions: Sequence[PolicyDecision]
    """The decision, and after each question what is decided once it is answered with yes."""
    unknown: Sequence[str]
    """What rules look at and nobody said, a sentence each: a run that has it may decide otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A call, or a use of a tool, that might happen in a run."""

    call: Call
    """The call; of a tool that of the agent which uses it."""
    card: Card
    """Of the agent that is called."""
    tool: str | None = None
    """That it uses."""
    arguments: Json = None
    """Of the tool."""
    said: Mapping[str, Json]
    """What a run would say of itself, by the name of the attribute, and which inputs somebody gave."""
    cards: Callable[[str], Card | None]
    """Those of the agents that are known."""

    def explained(self, judge: Judge) -> Explanation:
        """Return what would be decided, and what is not known for that."""
        if not self.card.is_named:
            return Explanation((Allowed(),), ())
        matter = self._matter(judge)
        return Explanation(tuple(_decisions(judge, matter)), tuple(self._unknown(matter)))

    def _matter(self, judge: Judge) -> PolicyRequest:
        card, call, (user, agents) = self.card, self.call, acting(self.call)
        if self.tool is not None:
            scope, sent = judge.scope(card, USE_TOOL, TOOL, tool_id(card.name, self.tool)), self._sent()
            tool = known_tool(card.tools, self.tool)
            made = PolicyRequest.of_tool(card, scope, call, user, agents, tool=tool, sent=sent, granted={})
        else:
            action, kind = (memory_action(call.input), MEMORY) if card.traits.is_memory else (CALL, AGENT)
            made = PolicyRequest.of_call(card, judge.scope(card, action, kind, card.name), call, user, agents)
        return replace(made, fetched=self.said)

    def _sent(self) -> Json:
        return {"tool": self.tool, "arguments": self.arguments}

    def _unknown(self, matter: PolicyRequest) -> Iterator[str]:
        reads = matter.scope.reads
        names = [name for name in self._looked_at(reads) if self.cards(name) is None]
        wanted = reads & _OF_CARDS | (_ASKED_ABOUT if matter.scope.action == CALL else frozenset[str]())
        if names and wanted:
            of, what = ", ".join(names), ", ".join(sorted(wanted))
            yield f"of {of} only the name is known, not {what}: name the file of the agents with --file"
        inputs = {"input", *({"call_input"} if self.tool is not None else ()), *matter.scope.fetches}
        for name in sorted(inputs & reads - self.said.keys()):
            where = f"give it with {_OPTIONS[name]}" if name in _OPTIONS else "it is known in a run only"
            yield f"rules look at context.{name}: {where}"
        if reads & _ON_THE_WAY and not (self.call.callers or self.card.traits.runs_inline):
            yield "rules look at who is on the way: name the workflows with --caller"
        yield from (
            f"rules look at {what}: it is known in a run only" for name, what in _ONLY_THERE.items() if name in reads
        )
        yield from (
            f"rules look at context.{name}: it is judged {how}" for name, how in _ASSUMED.items() if name in reads
        )

    def _looked_at(self, reads: frozenset[str]) -> Sequence[str]:
        """Return the agents whose cards rules may look at."""
        return list(dict.fromkeys((self.card.name, *(self.call.callers if PRINCIPAL in reads else ()))))


def _decisions(judge: Judge, matter: PolicyRequest) -> Iterator[PolicyDecision]:
    granted: dict[str, Json] = {}
    while True:
        decision = Allowed() if matter.scope.settled else judge.decide(replace(matter, granted=dict(granted)))
        yield decision
        if not isinstance(decision, Asks):
            return
        granted[decision.rule] = {"approved": True}
