"""The items of a conversation of the OpenAI Agents SDK, in the form in which requests are recorded."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from agents import TResponseInputItem

from podium.agents.context.piece import Piece
from podium.agents.frameworks.plain import plain
from podium.model.json import Json, is_array, is_object

_TEXTS = frozenset({"input_text", "output_text", "text"})


def conversation(input: str | Sequence[TResponseInputItem]) -> list[Json]:
    """Return what is sent as messages: `{"kind": "request" or "response", "parts": […]}`, one after the other."""
    if isinstance(input, str):
        return [{"kind": "request", "parts": [{"part_kind": "user-prompt", "content": input}]}]
    items: list[Json] = plain(list(input))
    tools = {item["call_id"]: item["name"] for item in items if item.get("type") == "function_call"}
    said = [(kind, part) for item in items for kind, part in _parts(item, tools)]
    return [
        {"kind": kind, "parts": [part for _, part in group]} for kind, group in groupby(said, key=lambda each: each[0])
    ]


def pieces_of(items: Sequence[TResponseInputItem]) -> list[Piece]:
    """Return each item as what is sent or left out as a whole."""
    known: list[Json] = plain(list(items))
    tools = {item["call_id"]: item["name"] for item in known if item.get("type") == "function_call"}
    found: list[Piece] = []
    at, before = -1, ""
    for item in known:
        said = list(_parts(item, tools))
        kind = said[0][0] if said else before or "response"
        at += kind != before
        before = kind
        found.append(Piece(at=at, kind=kind, parts=[part for _, part in said]))
    return found


def answer_parts(items: Sequence[TResponseInputItem]) -> list[Json]:
    """Return the parts of an answer."""
    return [part for item in plain(list(items)) for _, part in _parts(item, {})]


def is_text(messages: Sequence[Json]) -> bool:
    """Whether messages hold nothing but text, calls of functions, and what these gave."""
    return all(_is_text_part(part) for message in messages for part in message["parts"])


def _parts(item: Mapping[str, Json], tools: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """Give the parts of an item, each with who says it."""
    match item:
        case {"type": "function_call", "name": name, "call_id": call_id, "arguments": arguments}:
            call = {"part_kind": "tool-call", "tool_name": name, "args": arguments, "tool_call_id": call_id}
            yield "response", call
        case {"type": "function_call_output", "call_id": call_id, "output": output}:
            told = {"part_kind": "tool-return", "tool_name": tools.get(call_id, ""), "content": output}
            yield "request", {**told, "tool_call_id": call_id}
        case {"type": "reasoning"}:
            thought = [part.get("text", "") for name in ("summary", "content") for part in item.get(name) or ()]
            yield "response", {"part_kind": "thinking", "content": "\n".join(thought)}
        case {"role": "assistant", "content": content}:
            for part in content if is_array(content) else [{"type": "output_text", "text": content}]:
                yield "response", _answered(part)
        case {"role": role, "content": content}:
            kind = "user-prompt" if role == "user" else "system-prompt"
            yield "request", {"part_kind": kind, "content": _prompt(content)}
        case _:
            kind = str(item.get("type", "item"))
            rest = {name: value for name, value in item.items() if name != "type"}
            yield "request" if kind.endswith("_output") else "response", {"part_kind": kind, **rest}


def _answered(part: Json) -> Json:
    if part.get("type") == "refusal":
        return {"part_kind": "text", "content": part.get("refusal", "")}
    return {"part_kind": "text", "content": part.get("text", "")}


def _prompt(content: Json) -> Json:
    """Return the text of a prompt; one with files as a list of texts and of what describes these."""
    if not is_array(content):
        return content
    parts = [part["text"] if is_object(part) and part.get("type") in _TEXTS else part for part in content]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts


def _is_text_part(part: Mapping[str, Json]) -> bool:
    match part["part_kind"]:
        case "user-prompt" | "system-prompt" | "tool-return":
            content = part["content"]
            return isinstance(content, str) or (is_array(content) and all(isinstance(each, str) for each in content))
        case "text" | "tool-call":
            return True
        case _:
            return False
