"""Messages to and from models, in words that do not depend on who wrote them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from podium.model.corrections import RETRIES
from podium.model.json import Json, is_object

Speaker = Literal["system", "user", "tool", "assistant"]
"""Who speaks: the program, whoever asks, a tool, or the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTool:
    """A tool that a model was offered."""

    name: str
    description: str
    schema: Json
    """The JSON Schema of its arguments."""
    output: bool = False
    """Whether the model gives its answer by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """One thing that was said."""

    role: Speaker
    kind: str
    """`text`, `thinking`, `tool_call`, `tool_result`, `retry`, `file`, or what Pydantic AI calls a rarer part."""
    content: Json
    """Text, arguments or result; of a prompt with files a list of texts and objects with type, size and digest."""
    tool: str = ""
    """The tool that is called, or that answers."""
    call: str = ""
    """The id of that use of the tool."""


_PARTS: Mapping[str, tuple[Speaker, str]] = {
    "system-prompt": ("system", "text"), "user-prompt": ("user", "text"), "tool-return": ("tool", "tool_result"),
    **dict.fromkeys(RETRIES, ("user", "retry")), "text": ("assistant", "text"),
    "thinking": ("assistant", "thinking"), "tool-call": ("assistant", "tool_call"), "file": ("assistant", "file"),
    "builtin-tool-call": ("assistant", "tool_call"), "builtin-tool-return": ("assistant", "tool_result"),
}  # fmt: skip


def parts_of(messages: Sequence[Json]) -> tuple[MessagePart, ...]:
    """Return what messages of Pydantic AI say."""
    return tuple(_part(part, message["kind"]) for message in messages for part in message["parts"])


def tools_of(request: Mapping[str, Json]) -> Iterator[OfferedTool]:
    """Give the tools that a request offers, then those by which the answer is to be given."""
    output: Json = request.get("output")
    for each in request.get("tools", ()):
        yield _tool(each, output=False)
    for each in output.get("tools", ()) if is_object(output) else ():
        yield _tool(each, output=True)


def _tool(told: Mapping[str, Json], *, output: bool) -> OfferedTool:
    return OfferedTool(
        name=told["name"], description=told.get("description") or "", schema=told.get("schema"), output=output
    )


def _part(part: Mapping[str, Json], message: str) -> MessagePart:
    named: str = part["part_kind"]
    role, kind = _PARTS.get(named, ("assistant" if message == "response" else "user", named))
    tool, call = part.get("tool_name") or "", part.get("tool_call_id") or ""
    if kind == "retry" and tool:
        role = "tool"
    content = part.get("args" if kind == "tool_call" else "content")
    if named not in _PARTS:
        content = {name: value for name, value in part.items() if name != "part_kind"}
    return MessagePart(role=role, kind=kind, content=content, tool=tool, call=call)
