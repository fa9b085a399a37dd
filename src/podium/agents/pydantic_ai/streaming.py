"""What a model writes, handed on as events while it writes."""

import json
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass

from pydantic_ai.messages import (
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_core import from_json

from podium.model.json import Json, is_object
from podium.model.streams.kinds import Transient
from podium.model.streams.transient import PartialOutput, TextDelta, ThinkingDelta, ToolCallDelta

_AS_TEXT = ("native", "prompted")
"""The modes in which a structured answer is the text itself."""
_LEAST_GROWTH, _PART = 16, 16
"""A structured answer is told again once it grew by so many characters, and by so great a part of it."""

Emit = Callable[[Transient], None]


async def hand_on(
    events: AsyncIterable[ModelResponseStreamEvent], parameters: ModelRequestParameters, emit: Emit | None
) -> None:
    """Read a stream to its end, and emit what it says; without `emit` it is only read."""
    written = None if emit is None else _Writing(parameters, emit)
    async for event in events:
        if written is not None:
            written.take(event)


class _Writing:
    """One answer of a model while it is written."""

    def __init__(self, parameters: ModelRequestParameters, emit: Emit) -> None:
        self._outputs = {each.name: each.outer_typed_dict_key for each in parameters.output_tools}
        """The tools that are structured answers, and under which key of their arguments the answer is."""
        self._as_text = parameters.output_mode in _AS_TEXT
        self._emit = emit
        self._parts: dict[int, _Structured | _Use] = {}

    def take(self, event: ModelResponseStreamEvent) -> None:
        """Emit what an event adds."""
        match event:
            case PartStartEvent(index=index, part=TextPart(content=text)):
                if self._as_text:
                    self._parts[index] = _Structured(None)
                self._text(index, text)
            case PartDeltaEvent(index=index, delta=TextPartDelta(content_delta=text)):
                self._text(index, text)
            case (
                PartStartEvent(part=ThinkingPart(content=text))
                | PartDeltaEvent(delta=ThinkingPartDelta(content_delta=text))
            ) if text:
                self._emit(ThinkingDelta(text))
            case PartStartEvent(index=index, part=ToolCallPart() as call):
                own = call.tool_name in self._outputs
                begun = _Structured(self._outputs[call.tool_name]) if own else _Use(call.tool_call_id, call.tool_name)
                self._parts[index] = begun
                self._arguments(index, call.args, first=True)
            case PartDeltaEvent(index=index, delta=ToolCallPartDelta(args_delta=added)):
                self._arguments(index, added)
            case PartEndEvent(index=index):
                part = self._parts.pop(index, None)
                if isinstance(part, _Structured):
                    self._output(part, whole=True)
            case _:
                pass

    def _text(self, index: int, text: str) -> None:
        part = self._parts.get(index)
        if isinstance(part, _Structured):
            part.text += text
            self._output(part)
        elif text:
            self._emit(TextDelta(text))

    def _arguments(self, index: int, added: str | Mapping[str, object] | None, *, first: bool = False) -> None:
        text = added if isinstance(added, str) else "" if added is None else json.dumps(added)
        match self._parts.get(index):
            case _Structured() as part:
                part.text += text
                self._output(part)
            case _Use(id=call_id, tool=tool) if text or first:
                self._emit(ToolCallDelta(call_id, tool, text))
            case _:
                pass

    def _output(self, part: "_Structured", *, whole: bool = False) -> None:
        if (output := part.grown(whole=whole)) is not None:
            self._emit(output)


@dataclass(slots=True)
class _Use:
    """A tool call that is being written."""

    id: str
    tool: str


class _Structured:
    """A structured answer that is being written; the longer it is, the more is added before it is parsed again."""

    def __init__(self, key: str | None) -> None:
        self.text = ""
        self._key = key
        self._told_at = 0
        self._told: Json = None

    def grown(self, *, whole: bool) -> PartialOutput | None:
        """Return what it says so far, where that is worth telling again."""
        growth = len(self.text) - self._told_at
        if not growth or (not whole and growth < max(_LEAST_GROWTH, len(self.text) // _PART)):
            return None
        self._told_at = len(self.text)
        try:
            said = from_json(self.text, allow_partial="trailing-strings")
        except ValueError:
            return None
        if self._key is not None:
            said = said.get(self._key) if is_object(said) else None
        if said is None or said == self._told:
            return None
        self._told = said
        return PartialOutput(said)
