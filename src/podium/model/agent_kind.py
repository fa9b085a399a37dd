"""What holds for all agents of one kind, as far as the engine and the rules have to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKind:
    """What holds for all agents of one kind. An agent of a kind that is not in the table is like a function."""

    name: str
    runs_inline: bool = False
    """A workflow: the run of the caller executes it, so it takes no slot and its time limit is a durable timer."""
    exists_for_one_call: bool = False
    """A part of the code of whoever calls it: it is not registered, and rules about agents do not apply to it."""
    is_internal: bool = False
    """A workflow of Podium itself: the rules for those who start runs do not apply to it."""
    is_person: bool = False
    """A person answers: a question waits in the inbox."""
    is_memory: bool = False
    """It is shared memory: policies see reads and writes instead of calls."""
    reads_text: bool = False
    """It understands what is told to it in words, such as a list of what it may choose from."""
    hears_messages: bool = False
    """What others said is told to it as messages with their authors, where its caller has it so."""
    costs_what_it_calls: bool = False
    """It costs nothing by itself."""
    reports_its_cost: bool = False
    """Its model requests say what they cost."""
    is_one_request: bool = False
    """All that a call of it does is to send one request over HTTP."""
    costs_unless_priced: bool = False
    """It asks a service or a program that may cost money: without a price on its card the cost is unknown."""

    @property
    def does_what_it_calls(self) -> bool:
        """Whether it does nothing but by what it calls or asks for, where that can be judged: tools, agents, people."""
        return self.runs_inline or self.reports_its_cost or self.is_person or self.exists_for_one_call

    @property
    def answers_at_once(self) -> bool:
        """Whether a call of it ends without a durable wait."""
        return not (self.runs_inline or self.is_person)

    @property
    def shape(self) -> str:
        """The shape in which charts draw a call of it."""
        return "workflow" if self.runs_inline else "question" if self.is_person else "call"


INLINE = "inline"
"""The kind of an agent that exists for one call only, such as the function of `ctx.once`."""

MONITOR_KIND = "monitor"
"""The kind of the workflow whose runs are incidents."""

ANSWERS_KIND = "answers"
"""The kind of the workflow whose runs have agents answer questions."""

_KINDS = (
    AgentKind(name="function"),
    AgentKind(name="llm", reads_text=True, hears_messages=True, reports_its_cost=True),
    AgentKind(name="human", is_person=True, reads_text=True),
    AgentKind(name="process", costs_unless_priced=True),
    AgentKind(name="http", is_one_request=True, costs_unless_priced=True),
    AgentKind(name="memory", is_memory=True),
    AgentKind(name="workflow", runs_inline=True, costs_what_it_calls=True),
    AgentKind(name=MONITOR_KIND, runs_inline=True, costs_what_it_calls=True, is_internal=True),
    AgentKind(name=ANSWERS_KIND, runs_inline=True, costs_what_it_calls=True, is_internal=True),
    AgentKind(name=INLINE, exists_for_one_call=True, costs_what_it_calls=True),
)

KINDS: Mapping[str, AgentKind] = MappingProxyType({each.name: each for each in _KINDS})
"""The kinds that come with Podium, by name."""


def kind_of(name: str) -> AgentKind:
    """Return what holds for agents of a kind."""
    return KINDS.get(name) or AgentKind(name=name)
