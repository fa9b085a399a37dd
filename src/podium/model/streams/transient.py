"""Events that are told while something happens: imported where one is emitted, or a stream is read."""

from dataclasses import dataclass

from podium.model.json import Json
from podium.model.streams.kinds import Transient


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
