"""What was said in a conversation as agents of all frameworks read it: the parts that none of them keeps to itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal

from podium.model.files import without_files
from podium.model.json import Json, is_array, is_object

Arguments = Literal["text", "object"]
"""How the arguments of a use of a tool stand in a request: as JSON text, or as the object that they are."""

_CALL, _RETURN = "tool-call", "tool-return"
_PROMPT, _TEXT = "user-prompt", "text"
_KINDS = frozenset({_PROMPT, _TEXT, "thinking", _CALL, _RETURN})
"""Kinds of parts that agents of all frameworks read. The others are instructions, or mean something to one provider."""
_ORDER = {_RETURN: 0, _CALL: 2}
_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "text-content": "content"}
"""How frameworks name a text among files, as `type` or `kind`, and its field."""


def kept_messages(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages as they are kept: without instructions, and uses of tools only together with their results.

    Words stand in place of files, as each framework writes them in a form of its own.
    """
    paired = _ids(messages, _CALL) & _ids(messages, _RETURN)
    found: list[Json] = []
    for message in messages:
        parts = [_kept(part) for part in message["parts"] if _stays(part, paired)]
        if parts:
            found.append({"kind": message["kind"], "parts": parts})
    return found


def parts_said(messages: Sequence[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """Give the parts of what was said in a conversation that agents of all frameworks read, texts as texts.

    Results of tools come directly after their uses: providers refuse what stands between.
    """
    for message in kept_messages(messages):
        for part in sorted(message["parts"], key=lambda each: _ORDER.get(each["part_kind"], 1)):
            yield {**part, "content": text_of(part["content"])} if "content" in part else part


def parts_sent(messages: Sequence[Mapping[str, Json]], arguments: Arguments) -> list[Json]:
    """Return what was said as an agent of another framework sends it: a message for each part, without thoughts."""
    tools: dict[str, str] = {}
    return [told for part in parts_said(messages) if (told := _sent(part, arguments, tools)) is not None]


def apart(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages with one part each."""
    return [{"kind": each["kind"], "parts": [part]} for each in messages for part in each["parts"]]


def joined(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages as a framework sends them: what follows each other from the same side is one."""
    said = groupby(messages, key=lambda each: each["kind"])
    return [{"kind": kind, "parts": [part for each in group for part in each["parts"]]} for kind, group in said]


def arguments_of(part: Mapping[str, Json]) -> str:
    """Return the arguments of a use of a tool, as JSON text."""
    args = part.get("args")
    return args if isinstance(args, str) and args else json.dumps(args or {}, ensure_ascii=False)


def object_of(arguments: str) -> dict[str, Json]:
    """Return arguments as the object that they are; what is none stands under a name that says so."""
    try:
        found: Json = json.loads(arguments)
    except ValueError:
        found = None
    return found if is_object(found) else {"INVALID_JSON": arguments}


def text_of(content: Json) -> str:
    """Return a content as text: texts and files line by line, any other JSON as it is written, without its files."""
    plain = _plain(content)
    if isinstance(plain, str):
        return plain
    if is_array(plain) and all(isinstance(each, str) for each in plain):
        return "\n".join(plain)
    return json.dumps(plain, ensure_ascii=False)


def _plain(content: Json) -> Json:
    """Return a content without files, and texts among them as texts."""
    if not is_array(content):
        return without_files(content)
    return [_text_in(each) if is_object(each) else without_files(each) for each in content]


def _text_in(block: Mapping[str, Json]) -> Json:
    text = block.get(_TEXTS.get(str(block.get("type", block.get("kind"))), ""))
    return text if isinstance(text, str) else without_files(block)


def _sent(part: Mapping[str, Json], arguments: Arguments, tools: dict[str, str]) -> Json:
    """Return a message of one part; None for what is only its thinker's. `tools` are those used so far, by the use."""
    match part["part_kind"]:
        case "tool-call":
            call_id, text = part["tool_call_id"], arguments_of(part)
            tools[call_id] = part["tool_name"]
            args = text if arguments == "text" else object_of(text)
            use = {"part_kind": _CALL, "tool_name": part["tool_name"], "args": args, "tool_call_id": call_id}
            return {"kind": "response", "parts": [use]}
        case "tool-return":
            call_id = part["tool_call_id"]
            told = {"tool_name": tools[call_id], "content": part["content"], "tool_call_id": call_id}
            return {"kind": "request", "parts": [{"part_kind": _RETURN, **told}]}
        case "user-prompt":
            return {"kind": "request", "parts": [{"part_kind": _PROMPT, "content": part["content"]}]}
        case "text":
            return {"kind": "response", "parts": [{"part_kind": _TEXT, "content": part["content"]}]}
        case _:
            return None


def _ids(messages: Sequence[Mapping[str, Json]], kind: str) -> set[str]:
    return {part["tool_call_id"] for each in messages for part in each["parts"] if part["part_kind"] == kind}


def _stays(part: Mapping[str, Json], paired: set[str]) -> bool:
    kind = part["part_kind"]
    return part["tool_call_id"] in paired if kind in (_CALL, _RETURN) else kind in _KINDS and bool(part["content"])


def _kept(part: Mapping[str, Json]) -> Json:
    content = part.get("content")
    if part["part_kind"] == _PROMPT and is_array(content):
        return {**part, "content": [text_of(each) for each in _plain(content)]}
    return {**part, "content": _plain(content)} if part["part_kind"] == _RETURN else dict(part)
