"""A model that plays a script: for tests and demos without a network."""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pydantic_ai.exceptions import ModelHTTPError, ModelRateLimitError, ModelTimeoutError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from podium.agents.pydantic_ai.request import model_input
from podium.model.json import Json
from podium.testing.answer import answer, jsonable


@dataclass(frozen=True, slots=True)
class Use:
    """The model calls a tool; several in one reply are called in parallel."""

    tool: str
    arguments: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    id: str | None = None
    """The tool-call id; made of the place in the conversation unless given."""


@dataclass(frozen=True, slots=True)
class Give:
    """The model answers with a value, whatever the output of its agent is.

    The value is one of Python (a model, a dataclass, an enum, a date, …) or JSON. Of several outputs, such as those of
    a union, it is given as the one that it fits; a value of Python as the one of its own type. How the agent wants it,
    through a tool or as JSON in text, is seen to. One that fits no output, or several equally well, fails the call
    at once (InvalidValue), and no other answer is asked for. Raises UsageError for a value that has no JSON.
    """

    value: object

    def __post_init__(self) -> None:
        jsonable(self.value)


ModelReply = str | Use | Give | Exception | Sequence[str | Use | Give]
"""What the model does: says text, calls tools, gives a value, or fails with an exception."""


@dataclass(frozen=True, slots=True)
class Failing:
    """The model fails, once for each error, before it replies to the same request."""

    errors: Sequence[Exception]
    then: ModelReply


Script = Sequence[ModelReply | Failing] | Callable[[Sequence[ModelMessage]], ModelReply | Failing]
"""A reply for each request of a conversation, in order; or a function of the messages so far."""


class ScriptedModel(FunctionModel):
    """Plays a script to every conversation.

    The reply is chosen by how many responses the conversation already holds, so any number of conversations may go on
    at once, and a process that was killed goes on where the recorded part of its conversation ends. Each real request
    appends a line of JSON to the file `witness`: a test counts there what was really executed, also by processes that
    are gone. `Failing` counts its errors per content of the request, in the witness if there is one.

    Tokens are estimated; with the `name` of a real model, such as `gpt-4o`, they get its price.
    """

    def __init__(self, script: Script, *, name: str = "scripted", witness: Path | None = None) -> None:
        super().__init__(self._respond, stream_function=self._stream, model_name=name)
        self._script = script
        self._witness = witness
        self._asked = Counter[str]()

    async def _respond(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        position = _position(messages)
        reply = self._reply(messages, info, position)
        parts = [_part(each, info, f"call-{position}-{i}") for i, each in enumerate(reply)]
        return ModelResponse(parts=[each for each in parts if not isinstance(each, TextPart) or each.content])

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
        position = _position(messages)
        for index, each in enumerate(self._reply(messages, info, position)):
            part = _part(each, info, f"call-{position}-{index}")
            if isinstance(part, ToolCallPart):
                yield {index: DeltaToolCall(part.tool_name, part.args_as_json_str(), tool_call_id=part.tool_call_id)}
                continue
            for word in part.content.split(" ")[:-1]:
                yield f"{word} "
            yield part.content.split(" ")[-1]

    def _reply(self, messages: list[ModelMessage], info: AgentInfo, position: int) -> Sequence[str | Use | Give]:
        request = _digest(model_input(self.model_name, messages, info.model_settings, info.model_request_parameters))
        asked = self._times_asked(request)
        self._bear_witness(position, request)
        reply = self._script(messages) if callable(self._script) else self._at(self._script, position)
        if isinstance(reply, Failing):
            reply = reply.errors[asked] if asked < len(reply.errors) else reply.then
        if isinstance(reply, Exception):
            raise reply
        return [reply] if isinstance(reply, str | Use | Give) else reply

    def _at(self, script: Sequence[ModelReply | Failing], position: int) -> ModelReply | Failing:
        if position < len(script):
            return script[position]
        raise AssertionError(f"the script of {self.model_name} has {len(script)} replies, and one more is asked for")

    def _times_asked(self, request: str) -> int:
        if self._witness is None:
            self._asked[request] += 1
            return self._asked[request] - 1
        return sum(line["request"] == request for line in requests_seen(self._witness))

    def _bear_witness(self, position: int, request: str) -> None:
        if self._witness is not None:
            line = {"model": self.model_name, "position": position, "request": request}
            with self._witness.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def requests_seen(witness: Path) -> list[Mapping[str, Json]]:
    """Return the requests that were really made: `model`, `position` (from 0) and a digest `request` of each."""
    if not witness.exists():
        return []
    return [json.loads(line) for line in witness.read_text(encoding="utf-8").splitlines()]


def too_many_requests(*, retry_after: float | None = None, model: str = "scripted") -> Exception:
    """Return what a provider's HTTP 429 becomes."""
    return ModelHTTPError.for_category(ModelRateLimitError, status_code=429, model_name=model, retry_after=retry_after)


def timed_out(*, model: str = "scripted") -> Exception:
    """Return what a request without an answer becomes."""
    return ModelTimeoutError(model, "the request timed out", phase="read")


def _position(messages: Sequence[ModelMessage]) -> int:
    return sum(isinstance(message, ModelResponse) for message in messages)


def _part(reply: str | Use | Give, info: AgentInfo, call_id: str) -> TextPart | ToolCallPart:
    if isinstance(reply, str):
        return TextPart(reply)
    if isinstance(reply, Use):
        return ToolCallPart(reply.tool, dict(reply.arguments), tool_call_id=reply.id or call_id)
    return answer(reply.value, info, call_id)


def _digest(value: Json) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
