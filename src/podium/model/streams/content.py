"""What the events of a stream say: what all have in common, and those that are told while something happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from podium.errors import UsageError
from podium.model.json import Json


class StreamContent:
    """What one event says. Its fields are JSON."""

    __slots__ = ()

    type: ClassVar[str]
    """How JSON names it: unique, and never changed."""

    def __init_subclass__(cls, type: str = "") -> None:
        """Take the name of the event."""
        super().__init_subclass__()
        if type:
            cls.type = type

    def body(self) -> dict[str, Json]:
        """Return its fields as JSON."""
        return {name: getattr(self, name) for name in type(self).names()}

    @classmethod
    def read(cls, body: Mapping[str, Json]) -> Self:
        """Return the content with these fields; what has no field here is passed over, a newer version wrote it."""
        return cls(**{name: body[name] for name in cls.names() if name in body})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of its fields, in order."""
        return tuple(cls.__annotations__)


class Transient(StreamContent):
    """What is told while it happens, and is in no journal. An agent may hand one to `steps.emit`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TextDelta(Transient, type="text_delta"):
    """A model wrote more of its answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta(Transient, type="thinking_delta"):
    """A model wrote more of what it thinks before it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta(Transient, type="tool_call_delta"):
    """A model wrote more of the arguments of a tool call; the first one of a call may have none yet."""

    id: str
    """The id that the model gave the call; empty where it has given none yet."""
    tool: str
    """The name that the model sees."""
    arguments: str
    """The JSON text that was added."""


@dataclass(frozen=True, slots=True)
class PartialOutput(Transient, type="partial_output"):
    """The structured answer as far as the model has written it; each one replaces the one before."""

    output: Json
    """What the JSON text says so far: the last text in it may be cut. It is not validated before it is whole."""


@dataclass(frozen=True, slots=True)
class RequestStarted(Transient, type="request_started"):
    """A model is asked."""

    model: str


@dataclass(frozen=True, slots=True)
class Emitted(Transient, type="emitted"):
    """What an agent or a workflow emitted: `steps.emit(data)`, `ctx.emit(data)`."""

    data: Json


@dataclass(frozen=True, slots=True)
class StreamReset(Transient, type="stream_reset"):
    """The call is made again: what it said before is void, but for steps that are finished."""


def content_of(chunk: object) -> Transient:
    """Return what is emitted as an event says it: JSON as `emitted`; raises UsageError for what nobody may emit."""
    if isinstance(chunk, Transient):
        return chunk
    if isinstance(chunk, StreamContent):
        known = ", ".join(each.__name__ for each in Transient.__subclasses__())
        raise UsageError(f"{type(chunk).__name__} cannot be emitted: the journal tells of it. Emit JSON, or {known}.")
    return Emitted(chunk)
