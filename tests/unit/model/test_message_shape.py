"""What may be added to a conversation: just what Pydantic AI reads, so that no later agent fails of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest, ModelResponse

from podium.errors import InvalidValue
from podium.model.json import Json
from podium.model.message_shape import PARTS, checked_messages


def message(kind: str, **fields: Json) -> Json:
    return {"kind": kind, "parts": [fields]}


def text(content: Json) -> Json:
    return message("response", part_kind="text", content=content)


GOOD: dict[str, Json] = {
    "a text": text("x"),
    "no parts": {"kind": "response", "parts": []},
    "a prompt": message("request", part_kind="user-prompt", content="x"),
    "a prompt with a picture": message(
        "request", part_kind="user-prompt", content=["see", {"kind": "image-url", "url": "https://example.com/a.png"}]
    ),
    "a tool's call of the provider": message(
        "response", part_kind="builtin-tool-call", tool_name="look", args={"at": 1}
    ),
    "the same with text": message("response", part_kind="builtin-tool-call", tool_name="look", args="{}"),
    "a retry": message("request", part_kind="retry-prompt", content="once more"),
    "thoughts": message("response", part_kind="thinking", content="hm"),
}
WRONG: dict[str, Any] = {
    "None": None,
    "one message": text("x"),
    "a text": "hello",
    "a set": {"x"},
    "texts": ["hello"],
    "no kind": [{"parts": []}],
    "another kind": [{"kind": "note", "parts": []}],
    "a kind that is no text": [{"kind": [], "parts": []}],
    "no parts": [{"kind": "request"}],
    "parts that are no list": [{"kind": "request", "parts": {}}],
    "a part that is none": [{"kind": "request", "parts": ["x"]}],
    "a part that does not exist": [message("response", part_kind="nope", content="x")],
    "a part of the other kind": [message("request", part_kind="text", content="x")],
    "a text without content": [message("response", part_kind="text")],
    "a number for a text": [text(7)],
    "NaN for a text": [text(float("nan"))],
    "half a character": [text("\ud800")],
    "what is no JSON": [text({1, 2})],
    "an object": [object()],
    "a prompt with a number": [message("request", part_kind="user-prompt", content=[7])],
    "a prompt with an unknown file": [message("request", part_kind="user-prompt", content=[{"kind": "nope"}])],
    "a call without a tool": [message("response", part_kind="tool-call", args={})],
    "a call with a list": [message("response", part_kind="tool-call", tool_name="look", args=[])],
    "a call without a result": [message("response", part_kind="tool-call", tool_name="look", tool_call_id="a")],
    "a result without a call": [
        message("request", part_kind="tool-return", tool_name="look", content=None, tool_call_id="a")
    ],
    "a call with an id that is no text": [
        message("response", part_kind="tool-call", tool_name="look", tool_call_id=["a"]),
        message("request", part_kind="tool-return", tool_name="look", content=None, tool_call_id=["a"]),
    ],
    "a call without an id": [
        message("response", part_kind="tool-call", tool_name="look"),
        message("request", part_kind="tool-return", tool_name="look", content=None),
    ],
    "a result of another call": [
        message("response", part_kind="tool-call", tool_name="look", tool_call_id="a"),
        message("request", part_kind="tool-return", tool_name="look", content=None, tool_call_id="b"),
    ],
    "a result before its call": [
        message("request", part_kind="tool-return", tool_name="look", content=None, tool_call_id="a"),
        message("response", part_kind="tool-call", tool_name="look", tool_call_id="a"),
    ],
    "a picture without its place": [message("request", part_kind="user-prompt", content=[{"kind": "image-url"}])],
    "a text in a prompt without words": [
        message("request", part_kind="user-prompt", content=[{"kind": "text-content"}])
    ],
    "what was wrong, without the input": [
        message("request", part_kind="retry-prompt", content=[{"type": "missing", "loc": ["a"], "msg": "m"}])
    ],
    "a file without data": [message("response", part_kind="file", content={"media_type": "image/png"})],
    "a result without content": [message("request", part_kind="tool-return", tool_name="look")],
    "a good one and a wrong one": [text("x"), text(7)],
}


@pytest.mark.parametrize("kind", GOOD)
def test_what_pydantic_ai_reads_is_taken(kind: str) -> None:
    assert checked_messages([GOOD[kind]]) == [GOOD[kind]]
    ModelMessagesTypeAdapter.validate_python([GOOD[kind]])


@pytest.mark.parametrize("kind", WRONG)
def test_what_it_does_not_read_is_refused_in_words(kind: str) -> None:
    with pytest.raises(InvalidValue, match=r"expected|that Pydantic AI reads"):
        checked_messages(WRONG[kind])


@pytest.mark.parametrize(("kind", "type"), [("request", ModelRequest), ("response", ModelResponse)])
def test_the_kinds_of_parts_are_those_of_pydantic_ai(kind: str, type: Any) -> None:
    schema: Json = TypeAdapter(type).json_schema()
    names = {each["$ref"].rpartition("/")[2] for each in schema["properties"]["parts"]["items"]["oneOf"]}
    assert set(_kinds(schema, names)) == set(PARTS[kind])
    for name in names:
        part = schema["$defs"][name]
        here = PARTS[kind][part["properties"]["part_kind"]["const"]]
        assert set(part.get("required", ())) <= set(here), name


def _kinds(schema: Json, names: set[str]) -> Iterator[str]:
    return (schema["$defs"][name]["properties"]["part_kind"]["const"] for name in names)


def test_what_is_changed_afterwards_is_not_said() -> None:
    said = text("x")
    taken = checked_messages([said])
    said["parts"].clear()
    assert taken == [text("x")]
