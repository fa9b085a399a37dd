"""Who can be called: the agent, its card, and what it is handed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from podium.model.call import Call
from podium.model.json import Json
from podium.model.memory import MemoryStore
from podium.model.outcome import Outcome, Usage
from podium.model.retry import Retry

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)
T = TypeVar("T")

Effects = Literal["idempotent", "once"]
"""`idempotent`: may be tried again, with the same idempotency key. `once`: never started twice when in doubt."""


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
    timeout: float | None = None
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


class Described(Protocol):
    """What any shape tells of its type."""

    @property
    def type(self) -> Any:
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

    def load(self, value: Json) -> T:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...


class InputShape(Described, Protocol, Generic[In_contra]):
    """A Shape as whoever calls an agent sees that of its input: values go in."""

    def dump(self, value: In_contra) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type."""
        ...

    def load(self, value: Json) -> Any:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...


class OutputShape(Described, Protocol, Generic[Out_co]):
    """A Shape as whoever calls an agent sees that of its output: values come out."""

    def dump(self, value: Any) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type."""
        ...

    def load(self, value: Json) -> Out_co:
        """Turn JSON into a value; raises InvalidValue where it does not fit."""
        ...


class Steps(Protocol):
    """What an agent is handed for the parts of its work that are worth recording and governing."""

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of this call: hand it to a receiver that can drop duplicates.

        Inside a step it is the step's own.
        """
        ...

    @property
    def epoch(self) -> int:
        """The fencing token: it only grows, and a receiver may refuse a smaller one than it has seen."""
        ...

    @property
    def memory(self) -> MemoryStore:
        """The store's shared memory."""
        ...

    async def once(
        self,
        name: str,
        fn: Callable[[], Awaitable[Json]],
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
    ) -> Json:
        """Run `fn` once for ever and return its JSON value: recorded, it is handed back instead.

        `input` is what is really sent (its digest is checked on replay); `key` names the step where a count of
        `name` would not be stable, such as a tool-call id; `usage` reads tokens and price out of the value.
        `verify` answers, for a `once` step in doubt, `{"done": value}`, or None for not done.
        """
        ...

    def emit(self, chunk: Json) -> None:
        """Stream a chunk to whoever watches the run. Chunks are not recorded."""
        ...


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
