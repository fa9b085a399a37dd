"""The messages of LangChain, in the form in which requests are recorded."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)

from podium.agents.context.piece import Piece
from podium.agents.frameworks.plain import plain
from podium.model.json import Json, is_array, is_object

_NATIVE = "native"
"""Where a recorded answer holds the message that LangChain made of it."""
_TEXT_PARTS = frozenset({"system-prompt", "user-prompt", "tool-return"})


def conversation(messages: Sequence[BaseMessage]) -> list[Json]:
    """Return what is sent as messages: `{"kind": "request" or "response", "parts": […]}`, one after the other."""
    said = [(kind, part) for message in messages for kind, part in _parts(message)]
    return [
        {"kind": kind, "parts": [part for _, part in group]} for kind, group in groupby(said, key=lambda each: each[0])
    ]


def pieces_of(messages: Sequence[BaseMessage]) -> list[Piece]:
    """Return each message as what is sent or left out as a whole."""
    found: list[Piece] = []
    at, before = -1, ""
    for message in messages:
        said = list(_parts(message))
        kind = "response" if isinstance(message, AIMessage) else "request"
        at += kind != before
        before = kind
        found.append(Piece(at=at, kind=kind, parts=[part for _, part in said]))
    return found


def is_text(messages: Sequence[Json]) -> bool:
    """Whether messages hold nothing but text, calls of tools, and what these gave."""
    return all(_is_text_part(part) for message in messages for part in message["parts"])


def recordable(message: AIMessage, model: str) -> Json:
    """Return an answer as it is recorded: in the form of all recorded answers, with what LangChain made of it."""
    told = message.response_metadata
    return {
        "kind": "response",
        "parts": [part for _, part in _parts(message)],
        "usage": _usage(message),
        "model_name": told.get("model_name") or model,
        "provider_name": told.get("model_provider"),
        "finish_reason": told.get("finish_reason"),
        _NATIVE: plain(message_to_dict(message)),
    }


def restored(value: Mapping[str, Json]) -> AIMessage:
    """Return the answer that was recorded."""
    [message] = messages_from_dict([value[_NATIVE]])
    assert isinstance(message, AIMessage)
    return message


def _usage(message: AIMessage) -> Json:
    used = message.usage_metadata
    if used is None:
        return {"input_tokens": 0, "output_tokens": 0, "unmeasured_requests": 1, "cost": None}
    given, said = used.get("input_token_details") or {}, used.get("output_token_details") or {}
    return {
        "input_tokens": used["input_tokens"],
        "output_tokens": used["output_tokens"],
        "cache_read_tokens": given.get("cache_read") or 0,
        "cache_write_tokens": given.get("cache_creation") or 0,
        "input_audio_tokens": given.get("audio") or 0,
        "output_audio_tokens": said.get("audio") or 0,
        "output_reasoning_tokens": said.get("reasoning") or 0,
        "cost": None,
    }


def _parts(message: BaseMessage) -> Iterator[tuple[str, Json]]:
    """Give the parts of a message, each with who says it."""
    content: Json = plain(message.content)
    match message:
        case SystemMessage():
            yield "request", {"part_kind": "system-prompt", "content": _prompt(content)}
        case HumanMessage():
            yield "request", {"part_kind": "user-prompt", "content": _prompt(content)}
        case ToolMessage():
            told = {"part_kind": "tool-return", "tool_name": message.name or "", "content": _prompt(content)}
            yield "request", {**told, "tool_call_id": message.tool_call_id}
        case AIMessage():
            for block in content if is_array(content) else [content] if content else []:
                yield from _block(block)
            for call in message.tool_calls:
                args: Json = plain(call["args"])
                use = {"part_kind": "tool-call", "tool_name": call["name"], "args": args}
                yield "response", {**use, "tool_call_id": call["id"] or ""}
        case _:
            yield "request", {"part_kind": message.type, "content": content}


def _block(block: Json) -> Iterator[tuple[str, Json]]:
    """Give what a block of an answer says; calls of tools are told by LangChain besides."""
    match block:
        case str() as text:
            yield "response", {"part_kind": "text", "content": text}
        case {"type": "text", "text": text}:
            yield "response", {"part_kind": "text", "content": text}
        case {"type": "reasoning", "reasoning": thought} | {"type": "thinking", "thinking": thought}:
            yield "response", {"part_kind": "thinking", "content": thought}
        case {"type": "tool_use" | "tool_call" | "function_call"}:
            pass
        case {"type": kind}:
            yield "response", {"part_kind": str(kind), **{key: each for key, each in block.items() if key != "type"}}
        case _:
            pass


def _prompt(content: Json) -> Json:
    """Return the text of a prompt; one with files as a list of texts and of what describes these."""
    if not is_array(content):
        return content
    parts = [part["text"] if is_object(part) and part.get("type") == "text" else part for part in content]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts


def _is_text_part(part: Mapping[str, Json]) -> bool:
    kind, content = part["part_kind"], part.get("content")
    if kind in _TEXT_PARTS:
        return isinstance(content, str) or (is_array(content) and all(isinstance(each, str) for each in content))
    return kind in ("text", "tool-call")
