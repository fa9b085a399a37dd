"""What was sent is put together again as it was, whatever became of the conversation, and is stored once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import UsageError
from podium.model.conversation_state import ConversationMessage
from podium.model.heard import heard_by
from podium.model.json import Json, decode, encode
from podium.model.parts_said import Arguments, joined, parts_sent
from podium.model.sent import AFTER, IN, Earlier, check_sent, difference, put_together, same_as_before, sent_message

texts = st.text("ab", max_size=3)


def said(text: str) -> Json:
    return {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": text}], "instructions": text or None}


def answer(text: str) -> Json:
    return {"kind": "response", "parts": [{"part_kind": "text", "content": text}]}


def bare(message: Json) -> Json:
    return {name: value for name, value in message.items() if name != "instructions"}


messages = st.lists(st.builds(said, texts) | st.builds(answer, texts), max_size=6)
requests: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"model": texts, "instructions": texts, "settings": st.dictionaries(texts, st.integers()), "messages": messages}
)


@st.composite
def edited(draw: st.DrawFn, before: list[Json]) -> list[Json]:
    """Return a history as a processor may leave it: parts dropped, put elsewhere, said twice, and new ones between."""
    kept = draw(st.lists(st.sampled_from(before), max_size=8)) if before else []
    cut = draw(st.integers(0, len(before)))
    return draw(st.sampled_from([[*before], before[cut:], kept, before[:cut] + kept])) + draw(messages)


@given(st.data(), st.lists(st.tuples(requests, st.none() | texts), min_size=1, max_size=5))
def test_what_was_sent_is_put_together_as_it_was(data: st.DataObject, turns: list[tuple[Json, str | None]]) -> None:
    real: Json = None
    known: Json = None
    said_back: Json = None
    for n, (drawn, text) in enumerate(turns):
        now = drawn
        if real is not None:
            told = real["messages"] if said_back is None else [*real["messages"], said_back]
            now = {**data.draw(st.sampled_from([drawn, real])), "messages": data.draw(edited(told))}
        stored = difference(now, real, said_back, f"1/model/{n}")
        together = put_together(stored, known, said_back)
        assert together == {**now, "messages": [bare(each) for each in now["messages"]]}
        same = same_as_before(stored)
        before = [] if known is None else [*known["messages"], *([] if said_back is None else [said_back])]
        assert together["messages"][:same] == before[:same]
        real, known, said_back = now, together, None if text is None else answer(text)


def use(n: int, args: Json) -> list[Json]:
    call = {"part_kind": "tool-call", "tool_name": "look", "args": args, "tool_call_id": f"c{n}"}
    given = {"part_kind": "tool-return", "tool_name": "look", "content": {"n": n}, "tool_call_id": f"c{n}"}
    return [{"kind": "response", "parts": [call]}, {"kind": "request", "parts": [given]}]


conversations: st.SearchStrategy[list[list[Json]]] = st.lists(
    st.lists(st.builds(said, texts) | st.builds(answer, texts), max_size=1)
    | st.builds(use, st.integers(0, 99), st.sampled_from([{"a": 1}, '{"a": 1}', "[broken", None])),
    max_size=6,
)


@given(st.data(), conversations, st.sampled_from([None, "text", "object"]))
def test_what_refers_to_a_conversation_is_put_together_as_it_was(
    data: st.DataObject, kept: list[list[Json]], arguments: Arguments | None
) -> None:
    authors = st.sampled_from(["me", "another"])
    before = [
        ConversationMessage(place=n, message=message, author=data.draw(authors), run="r", key="0", at=0.0)
        for n, message in enumerate(message for each in kept for message in each)
    ]
    heard: list[Json] = [{"instructions": None, **each} for each in heard_by("me", before)]
    sent: list[Json] = [sent_message(each) for each in heard] if arguments is None else parts_sent(heard, arguments)
    messages = data.draw(edited(sent))
    now = {"model": "m", "messages": messages if arguments is None else joined(messages)}
    stored = difference(now, None, None, "", Earlier("u", len(before), "me", sent, arguments))
    check_sent(stored)
    together = put_together(stored, None, None, lambda name, revision: before)
    assert together == {"model": "m", "messages": [bare(each) for each in now["messages"]]}
    assert (IN in stored) == any(isinstance(each, list) for each in stored["messages"])
    assert messages != sent or not sent or stored["messages"] == [[0, len(sent)]]


def test_a_longer_conversation_is_stored_as_what_is_new() -> None:
    before = {"model": "m", "messages": [said("a" * 1_000)]}
    now = {"model": "m", "messages": [*before["messages"], answer("b" * 1_000), said("new")]}
    stored = difference(now, before, answer("b" * 1_000), "1/model/1")
    assert stored == {AFTER: "1/model/1", "messages": [[0, 2], bare(said("new"))]}


def test_messages_that_were_left_out_cost_nothing() -> None:
    history = [said("x" * n) for n in range(1, 9)]
    window = {"model": "m", "messages": history[3:]}
    assert difference(window, {"model": "m", "messages": history}, None, "p")["messages"] == [[3, 5]]


@pytest.mark.parametrize(
    "text",
    ['The input, as JSON:\n["%s"]', '{"a": "%s", "b": [1.5, null]}', '{"a":"%s"}', "[%s]", '{"a": "%s", "a": 1}',
     '{"n": 123456789012345678901234567890, "a": "%s"}', "no JSON: %s}", '[] {"a": "%s"}'],
)  # fmt: skip
def test_a_prompt_that_ends_with_json_comes_back_as_the_text_that_was_sent(text: str) -> None:
    now = {"model": "m", "messages": [said(text % ("é" * 300))]}
    together = put_together(decode(encode(difference(now, None, None, ""))), None, None)
    assert together["messages"] == [bare(each) for each in now["messages"]]


@pytest.mark.parametrize("depth", [10, *range(225, 260), 300, 700, 950, 1020, 1023, 1024, 1025, 3000])
@pytest.mark.parametrize(("begin", "end"), ["[]", ('{"a": [', "]}")])
def test_a_prompt_can_be_kept_however_deep_the_json_in_it_is(begin: str, end: str, depth: int) -> None:
    deep = said("See what there is: " + "x" * 300 + begin * depth + "1" + end * depth)
    stored = decode(encode(difference({"messages": [deep]}, None, None, "")))
    assert put_together(stored, None, None)["messages"] == [bare(deep)]


def test_json_in_a_prompt_is_stored_as_it_stands_elsewhere() -> None:
    words = 'He said: "No.\n' * 100
    now = {"model": "m", "messages": [said("The input, as JSON:\n" + json.dumps([words], ensure_ascii=False))]}
    assert encode(words) in encode(difference(now, None, None, ""))


def test_a_picture_is_stored_as_type_size_and_digest() -> None:
    picture = {"kind": "binary", "media_type": "image/png", "data": "__77YWJj", "identifier": "x"}
    own = {"kind": "binary", "data": "no base 64: {"}
    message = {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": ["see", picture, own]}]}
    stored = difference({"model": "m", "messages": [message]}, None, None, "")
    [see, shown, kept] = stored["messages"][0]["parts"][0]["content"]
    assert (see, kept) == ("see", own)
    assert (shown["media_type"], shown["bytes"], len(shown["sha256"])) == ("image/png", 6, 64)
    assert b"__77YWJj" not in encode(stored)


@pytest.mark.parametrize(
    "sent",
    [None, [1], "tea", {}, {"prompt": "tea"}, {"messages": "hi"}, {"messages": [{"kind": "request"}]},
     {"messages": [{"parts": [{"part_kind": "text", "content": "x"}]}]}, {"messages": [[0]]}, {"messages": [[0, "1"]]},
     {"messages": [], "tools": ["a"]}, {"messages": [], "output": {"tools": [1]}}, {"messages": [], "settings": 1},
     {"messages": [], "after": 1}, {"messages": [], "native_tools": [1]},
     {"messages": [], "conversation": {"name": "u", "revision": 1, "arguments": "xml"}}],
)  # fmt: skip
def test_what_is_not_stored_as_a_request_is_told_with_what_was_expected(sent: object) -> None:
    with pytest.raises(UsageError, match=r"what is sent is .*; expected "):
        check_sent(sent)
