"""What is really sent to a model or a tool, as the JSON whose digest is checked on replay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from podium.agents.frameworks.plain import plain, plain_numbers
from podium.agents.pydantic_ai.sent_before import SentBefore
from podium.model.json import Json

_HOW_NOT_WHAT = frozenset({"timeout", "request_timeout", "first_event_timeout", "max_retries", "extra_headers"})
"""Settings of the transport; headers may hold secrets besides."""
_SENT_BEFORE = SentBefore()
"""What this process has sent: a conversation of 1,000 turns is written anew but for its end in no request."""


def model_input(
    model: str, messages: Sequence[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
) -> Json:
    """Return what a model request sends: the same in every process that replays the conversation.

    Left out are timestamps, ids of runs and conversations, usage, and what only Pydantic AI looks at.
    """
    return {
        "model": model,
        "messages": sent_messages(messages),
        "settings": _settings(settings or {}),
        "tools": [tool_described(each) for each in parameters.function_tools],
        "native_tools": [each.unique_id for each in parameters.native_tools],
        "output": _output(parameters),
    }


def sent_messages(messages: Sequence[ModelMessage]) -> Json:
    """Return what a conversation says, without what no model sees."""
    return _SENT_BEFORE.sent(messages)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A use of a tool, as the model asked for it."""

    tool: str
    """Its name as the model sees it, whatever prefixes its toolset adds."""
    key: str
    sent: Json
    """The arguments as the model wrote them: Python's values of them need not be the same in every process."""


def tool_use(
    messages: Sequence[ModelMessage], tool: str, tool_call_id: str, arguments: Mapping[str, object]
) -> ToolUse:
    """Return what the model asked for. Where no message holds the call, somebody else made it: as it was made."""
    asked = next((call for call in _calls(messages) if call.tool_call_id == tool_call_id), None)
    name = tool if asked is None else asked.tool_name
    given = arguments if asked is None else asked.args_as_dict()
    return ToolUse(name, tool_key(messages, tool_call_id), {"tool": name, "arguments": plain_numbers(plain(given))})


def _calls(messages: Sequence[ModelMessage]) -> Iterator[ToolCallPart]:
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            yield from message.tool_calls


def tool_key(messages: Sequence[ModelMessage], tool_call_id: str) -> str:
    """Return the key of a tool's step: the id of the call in the recorded response of the model.

    Some servers count their ids from 0 in every response; a later use of an id in the conversation gets `#2`, `#3`.
    """
    uses = sum(
        any(call.tool_call_id == tool_call_id for call in message.tool_calls)
        for message in messages
        if isinstance(message, ModelResponse)
    )
    return f"{tool_call_id}#{uses}" if uses > 1 else tool_call_id


def _settings(settings: Mapping[str, object]) -> Json:
    return plain({key: value for key, value in settings.items() if key not in _HOW_NOT_WHAT})


def _output(parameters: ModelRequestParameters) -> Json:
    if parameters.output_tools:
        return [tool_described(each) for each in parameters.output_tools]
    return parameters.output_object.json_schema if parameters.output_object else None


def tool_described(tool: ToolDefinition) -> Json:
    """Return what a model is told of a tool."""
    return {"name": tool.name, "description": tool.description, "schema": tool.parameters_json_schema}
