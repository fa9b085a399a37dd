"""What is to be decided, and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from podium.dispatch.rules.policy.members import Members
from podium.dispatch.rules.policy.words import AGENT, READ, USER, WRITE
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.empty import empty
from podium.model.json import Json, is_object
from podium.model.policy import PolicyDecision
from podium.model.principal import Principal
from podium.model.step import arguments_in
from podium.model.tool import ToolCard

Actor = tuple[str, str]
"""The type and the name of the one who acts."""


SERVER = Card(name="podium.server")
"""Stands for the server where it is asked for an operation: it is no agent, and nobody can call it."""
_READING = ("get", "keys", "search")


def memory_action(input: Json) -> str:
    """Return which action a call of a memory is: reading, where it is asked what it knows, else writing."""
    op = input.get("op") if is_object(input) else None
    return READ if op in _READING else WRITE


@dataclass(frozen=True, slots=True)
class PolicyScope:
    """What of the rules can matter for an action on a resource."""

    action: str
    kind: str
    id: str
    """With `kind`, the name of the resource."""
    settled: bool = False
    """It is allowed for every caller: there is nothing to decide."""
    lasting: bool = False
    """No rule looks at what differs from call to call, so that a decision can be kept."""
    asks: bool = False
    """There are rules that ask a person."""
    reads: frozenset[str] = frozenset()
    """The attributes that the rules look at."""
    lists: frozenset[str] = frozenset()
    """The conditions on values of lists, by name."""
    fetches: tuple[str, ...] = ()
    """Those of them that the run is asked for before it is decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """A caller wants something of an agent, or an agent of one of its tools."""

    call: Call
    card: Card
    """Of the agent that is called."""
    scope: PolicyScope
    input: Json
    """What the agent is called with; of a tool its bare arguments."""
    granted: Mapping[str, Json]
    """What people have allowed already, by rule."""
    user: Actor
    """On whose behalf the run is."""
    agents: tuple[str, ...]
    """All agents on the way from there; the last one makes the call."""
    allowed_before: bool = False
    """Whether it is a compensation that was allowed when it was registered."""
    tool: ToolCard | None = None
    """That is used, where one is."""
    roles: tuple[str, ...] = ()
    """Those of whoever asks a server."""
    fetched: Mapping[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What the run said of itself, by the name of the attribute."""

    @classmethod
    def of_call(cls, card: Card, scope: PolicyScope, call: Call, user: Actor, agents: tuple[str, ...]) -> Self:
        """Return what is to be decided before an agent is called."""
        return cls(
            call=call, card=card, scope=scope, input=call.input, granted=call.granted, user=user, agents=agents,
            allowed_before=call.allowed_before,
        )  # fmt: skip

    @classmethod
    def of_tool(
        cls, card: Card, scope: PolicyScope, call: Call, user: Actor, agents: tuple[str, ...], *, tool: ToolCard,
        sent: Json, granted: Mapping[str, Json],
    ) -> Self:  # fmt: skip
        """Return what is to be decided before an agent uses a tool: rules judge the arguments of what is sent to it."""
        return cls(
            call=call, card=card, scope=scope, input=arguments_in(sent), granted=granted, user=user,
            agents=(*agents, card.name), tool=tool,
        )  # fmt: skip

    @classmethod
    def of_operation(cls, scope: PolicyScope, principal: Principal, about: Json) -> Self:
        """Return what is to be decided before a server does what a user asks it for; `about` says which and of what."""
        call = Call(run="", key="", agent=SERVER.name, version="", input=about, tenant=principal.tenant)
        return cls(
            call=call, card=SERVER, scope=scope, input=about, granted={}, user=(USER, principal.who), agents=(),
            roles=tuple(sorted(principal.roles)),
        )  # fmt: skip

    @property
    def takes(self) -> Json:
        """The JSON Schema of the input; None where it is not known."""
        return self.card.input_schema if self.tool is None else self.tool.schema

    @property
    def judged(self) -> Json:
        """The input as it will be used: with the defaults of arguments of a tool that are left out."""
        return self.input if self.tool is None else Members(self.tool.schema).filled(self.input)

    @property
    def principals(self) -> tuple[Actor, ...]:
        """Everybody who has to be permitted: the user, and each agent on the way, each once."""
        return tuple(dict.fromkeys((self.user, *((AGENT, name) for name in self.agents))))


class Judge(Protocol):
    """Who decides."""

    @property
    def reads_trust(self) -> bool:
        """Whether any rule looks at how far an agent is trusted."""
        ...

    def scope(self, card: Card, action: str, kind: str, id: str | None) -> PolicyScope:
        """Return what can matter for an action on a resource of an agent; without an id, on any of that kind."""
        ...

    def decide(self, matter: PolicyRequest) -> PolicyDecision:
        """Decide; whatever cannot be evaluated is denied."""
        ...

    def forbids(self, matter: PolicyRequest) -> bool:
        """Whether it denies a call whatever the agent is handed: the input of the request is not known yet."""
        ...

    def forget(self) -> None:
        """Forget earlier decisions: agents were registered."""
        ...
