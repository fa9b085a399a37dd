"""What an agent of another framework says in a conversation, in the form in which it is kept there."""

import json
from collections.abc import Iterator, Mapping, Sequence

from podium.model.json import Json, is_array

_CALL, _RETURN = "tool-call", "tool-return"
_KINDS = frozenset({"user-prompt", "text", "thinking", _CALL, _RETURN})
"""Kinds of parts that agents of all frameworks read. The others are instructions, or mean something to one provider."""
_ORDER = {_RETURN: 0, _CALL: 2}
_FILE = "[a file]"
"""Stands in place of a file in a prompt: each framework writes them in a form of its own."""


def kept_messages(messages: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return messages as they are kept: without instructions, and uses of tools only together with their results."""
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


def arguments_of(part: Mapping[str, Json]) -> str:
    """Return the arguments of a use of a tool, as JSON text."""
    args = part.get("args")
    return args if isinstance(args, str) and args else json.dumps(args or {}, ensure_ascii=False)


def text_of(content: Json) -> str:
    """Return a content as text: a list of texts line by line, any other JSON as it is written."""
    if isinstance(content, str):
        return content
    if is_array(content) and all(isinstance(each, str) for each in content):
        return "\n".join(content)
    return json.dumps(content, ensure_ascii=False)


def _ids(messages: Sequence[Mapping[str, Json]], kind: str) -> set[str]:
    return {part["tool_call_id"] for each in messages for part in each["parts"] if part["part_kind"] == kind}


def _stays(part: Mapping[str, Json], paired: set[str]) -> bool:
    kind = part["part_kind"]
    return part["tool_call_id"] in paired if kind in (_CALL, _RETURN) else kind in _KINDS and bool(part["content"])


def _kept(part: Mapping[str, Json]) -> Json:
    content = part.get("content")
    if part["part_kind"] != "user-prompt" or not is_array(content):
        return dict(part)
    return {**part, "content": [each if isinstance(each, str) else _FILE for each in content]}
