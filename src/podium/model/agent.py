"""Who can be called: the agent, its card, and what it is handed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from podium.errors import UsageError
from podium.model.agent_kind import KINDS, AgentKind, kind_of
from podium.model.allow import AllowList
from podium.model.batch import Batch
from podium.model.breaker import Breaker
from podium.model.budget import USD, Allowance
from podium.model.cache import CacheByMeaning
from podium.model.call import Call
from podium.model.duration import SECONDS, SecondsOrNone, hold_seconds
from podium.model.empty import empty
from podium.model.expected import (
    COUNT,
    DOLLARS,
    FLAG,
    NAMES,
    TEXT,
    Expected,
    check_fields,
    has,
    instance,
    is_list,
    or_none,
)
from podium.model.guard import Guard
from podium.model.health import Health
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.origin import UNTRUSTED, Untrusted
from podium.model.outcome import Outcome
from podium.model.retry import Retry
from podium.model.steps import EFFECTS, Effects, Steps
from podium.model.tool import ToolCard, Tools

if TYPE_CHECKING:
    import typing_extensions
    from typing_extensions import TypeForm, TypeIs

    In_contra = typing_extensions.TypeVar("In_contra", contravariant=True, default=Any)
    Out_co = typing_extensions.TypeVar("Out_co", covariant=True, default=Any)
else:  # importing typing_extensions takes longer than anything else that a program loads
    In_contra, Out_co = TypeVar("In_contra", contravariant=True), TypeVar("Out_co", covariant=True)
T = TypeVar("T")


def in_and_out(cls: type[T]) -> type[T]:
    """Let a class of agents, generic in what goes in and what comes out, be written with fewer than both: `Agent[str]`.

    Type checkers take the defaults of the type variables, which not every Python knows.
    """
    generic: Any = vars(Generic)["__class_getitem__"]

    def getitem(cls: type[T], kinds: Any) -> Any:
        return generic.__func__(cls, kinds if isinstance(kinds, tuple) else (kinds, Any))

    setattr(cls, "__class_getitem__", classmethod(getitem))  # noqa: B010 - a type checker takes it for a method
    return cls


_A_GUARD = has("a guard", "check")


def _are_guards(value: object) -> bool:
    return is_list(value) and all(isinstance(each, str) or _A_GUARD.fits(each) for each in value)


CARD_OPTIONS: Mapping[str, Expected] = {
    "version": TEXT,
    "description": TEXT,
    "capabilities": NAMES,
    "effects": EFFECTS,
    "timeout": or_none(SECONDS),
    "retry": instance(Retry, "Retry(attempts=3)"),
    "concurrency": or_none(COUNT),
    "usd": or_none(DOLLARS),
    "dangerous": FLAG,
    "fallback": NAMES,
    "undo": or_none(TEXT),
    "breaker": or_none(instance(Breaker, "Breaker()")),
    "limit": or_none(instance(Limit, "Limit(requests=60, per=60)")),
    "cache": Expected(
        f"{SECONDS.words}, CacheByMeaning(embed=…), or None",
        lambda value: value is None or isinstance(value, CacheByMeaning) or SECONDS.fits(value),
    ),
    "budget": or_none(instance(Allowance, "Allowance(usd=5.0)")),
    "guards": Expected('guards or their names, such as ("no-secrets",)', _are_guards),
    "health": or_none(instance(Health, "Health(…)")),
    "untrusted": UNTRUSTED,
    "allow": or_none(NAMES),
}
"""What each of its fields is to be that whoever makes an agent may say."""

_CARD = {
    **CARD_OPTIONS, "name": TEXT, "usd": USD, "batch": or_none(instance(Batch, "Batch(most=32)")),
    "cache": or_none(SECONDS), "cache_by_meaning": or_none(instance(CacheByMeaning, "CacheByMeaning(embed=…)")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the registry knows of an agent before anybody calls it."""

    name: str
    version: str = "1"
    description: str = ""
    capabilities: frozenset[str] = frozenset()
    input_schema: Json = None
    output_schema: Json = None
    effects: Effects = "idempotent"
    timeout: SecondsOrNone = SecondsOrNone()
    """Seconds that one attempt may take; None is no bound."""
    retry: Retry = field(default_factory=Retry)
    concurrency: int | None = None
    """How many calls of this agent may run at once in one process; None is no bound."""
    usd: float | None = None
    """The highest price of one call in US dollars, where it is known beforehand."""
    kind: str = "function"
    """The sort of agent: function, llm, human, process, http, memory, workflow."""
    anonymous: bool = False
    """It has no name of its own: it is called where it stands, and never looked up or started as a run."""
    dangerous: bool = False
    """A person is asked before each call, unless a policy says otherwise."""
    fallback: tuple[str, ...] = ()
    """The names of agents that are asked instead, one after the other, once it has failed for good."""
    undo: str | None = None
    """The name of the agent that undoes it: called with its `input` and `value` if the workflow fails later."""
    breaker: Breaker | None = None
    """When it is left alone for a while."""
    limit: Limit | None = None
    """How much of it may happen at once and in a time."""
    cache: SecondsOrNone = SecondsOrNone()
    """Seconds for which an answer is given again to whoever asks the same; None asks each time."""
    cache_by_meaning: CacheByMeaning | None = None
    """When a question counts as the same though it is asked in other words; None is never."""
    batch: Batch | None = None
    """Concurrent calls are handed to it together."""
    budget: Allowance | None = None
    """The most that its calls may cost, in all runs together."""
    guards: tuple[Guard | str, ...] = ()
    """Checks of what goes into it and of what comes out; a name is that of one in the settings, or a built-in one."""
    health: Health | None = None
    """How it is found out whether it can work."""
    untrusted: Untrusted = False
    """Whether outsiders write what it gives: all of it, or what stands under these names in it."""
    allow: AllowList | None = None
    """The tools (`AGENT/TOOL`) and agents that everything in it may use, or patterns of them; None is no such list."""
    model: str = ""
    """The model that it asks, such as `openai:gpt-5`; empty where it asks none."""
    tools: Tools = field(default_factory=empty(dict[str, ToolCard]))
    """What is known of its tools, by name."""
    knows_tools: bool = False
    """Whether it has no others of its own: else further ones may show when it runs."""

    def __post_init__(self) -> None:
        check_fields(self, _CARD, f"agent {self.name}")
        hold_seconds(self, SECONDS, "timeout", "cache", whose=f"agent {self.name}", optional=True)

    @property
    def traits(self) -> AgentKind:
        """What holds for all agents of its kind."""
        return KINDS.get(self.kind) or kind_of(self.kind)

    @property
    def is_named(self) -> bool:
        """Whether it is an agent of its own; else it is a part of the code of its caller, and rules leave it out."""
        return not (self.anonymous or self.traits.exists_for_one_call)


class Described(Protocol):
    """What any shape tells of its type."""

    @property
    def type(self) -> "TypeForm[object]":
        """The Python type; Any where only the schema is known."""
        ...

    @property
    def schema(self) -> Json:
        """Return the JSON Schema."""
        ...


class Shape(Described, Protocol, Generic[T]):
    """How values of one type become JSON and come back, and the JSON Schema of it."""

    def dump(self, value: T) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type."""
        ...

    def redump(self, value: T, *, normalised: bool = False) -> Json:
        """Turn a value into JSON to compare it with what was dumped before; raises InvalidValue as `dump` does.

        A validator that refuses it now does not count; what one makes of it counts only with `normalised`.
        """
        ...

    def load(self, value: Json) -> T:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...

    def restore(self, value: Json) -> T:
        """Turn recorded JSON into the value that it was; raises InvalidValue where the type has no place for it."""
        ...


class InputShape(Described, Protocol, Generic[In_contra]):
    """A Shape as whoever calls an agent sees that of its input: values go in."""

    def dump(self, value: In_contra) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type."""
        ...

    def redump(self, value: In_contra, *, normalised: bool = False) -> Json:
        """Turn a value into JSON to compare it with what was dumped before; raises InvalidValue as `dump` does.

        A validator that refuses it now does not count; what one makes of it counts only with `normalised`.
        """
        ...

    def load(self, value: Json) -> object:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...

    def restore(self, value: Json) -> object:
        """Turn recorded JSON into the value that it was; raises InvalidValue where the type has no place for it."""
        ...


class OutputShape(Described, Protocol, Generic[Out_co]):
    """A Shape as whoever calls an agent sees that of its output: values come out."""

    def dump(self, value: Any) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type."""
        ...

    def load(self, value: Json) -> Out_co:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...

    def restore(self, value: Json) -> Out_co:
        """Turn recorded JSON into the value that it was; raises InvalidValue where the type has no place for it."""
        ...


@in_and_out
class Agent(Protocol, Generic[In_contra, Out_co]):
    """Everybody who can be called."""

    @property
    def card(self) -> Card:
        """Its description."""
        ...

    @property
    def input(self) -> InputShape[In_contra]:
        """The type of what it takes."""
        ...

    @property
    def output(self) -> OutputShape[Out_co]:
        """The type of what it gives."""
        ...

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Do the work. An exception is recorded as a Failed outcome by whoever calls this."""
        ...

    async def verify(self, call: Call) -> Outcome | None:
        """Tell what became of a `once` call in doubt: Done(value), Failed (not done), or None if it cannot tell."""
        ...


AnyAgent = Agent[Any, Any]
"""An agent of whatever types; for registries and dispatch, which do not look at values."""


def members_of(agent: AnyAgent) -> list[AnyAgent]:
    """Return the agents with a name that take part in what an agent does, as far as it tells, each once."""
    found, waiting = dict[int, AnyAgent](), [agent]
    while waiting:
        tell: Callable[[], Iterable[AnyAgent]] | None = getattr(waiting.pop(), "agents", None)
        new = [each for each in (() if tell is None else tell()) if id(each) not in found and each is not agent]
        found.update((id(each), each) for each in new)
        waiting += new
    return [each for each in found.values() if not each.card.anonymous]


def must_be_agent(value: object) -> None:
    """Raise UsageError for what is no agent."""
    if not is_agent(value):
        remedy = "Put @agent above it" if callable(value) else "Make one with @agent or @workflow"
        raise UsageError(f"{getattr(value, '__name__', None) or repr(value)} is no agent. {remedy}.")


def is_agent(value: object) -> "TypeIs[AnyAgent]":
    """Whether a value can be called by a workflow, as opposed to a plain function or a class."""
    return all(hasattr(type(value), name) for name in ("run", "verify")) and isinstance(
        getattr(value, "card", None), Card
    )
