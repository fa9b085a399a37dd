"""What was sent is put together again as it was, whatever became of the conversation, and is stored once."""

import json
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import UsageError
from podium.model.conversation_redaction import redacted_message
from podium.model.conversation_state import ConversationMessage
from podium.model.heard import heard_by, heard_each
from podium.model.json import Json, decode, encode
from podium.model.parts_said import Arguments, joined, parts_sent
from podium.model.places import has_places
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
    sent = sent_by(arguments, before)
    messages = data.draw(edited(sent))
    now = {"model": "m", "messages": data.draw(joins(messages)) if arguments is None else joined(messages)}
    stored = difference(now, None, None, "", Earlier("u", len(before), "me", sent, arguments))
    check_sent(stored)
    together = put_together(stored, None, None, lambda name, revision: before)
    assert together == {"model": "m", "messages": [bare(each) for each in now["messages"]]}
    assert (IN in stored) == has_places(stored["messages"])
    if now["messages"] == sent and sent:
        assert stored["messages"] == [[0, len(sent)]]


def sent_by(arguments: Arguments | None, before: list[ConversationMessage]) -> list[Json]:
    """Return what was said as it is sent to the agent `me`, of Pydantic AI or of another framework."""
    if arguments is not None:
        return parts_sent([{"instructions": None, **each} for each in heard_by("me", before)], arguments)
    return [sent_message({"instructions": None, **each}) for each in heard_each("me", before)]


@st.composite
def joins(draw: st.DrawFn, messages: list[Json]) -> list[Json]:
    """Return messages of which some that follow each other from one side became one."""
    found: list[Json] = []
    for each in messages:
        if found and found[-1]["kind"] == each["kind"] and draw(st.booleans()):
            found[-1] = {**found[-1], "parts": [*found[-1]["parts"], *each["parts"]]}
        else:
            found.append(each)
    return found


@st.composite
def kept_by_many(draw: st.DrawFn, arguments: Arguments | None) -> list[ConversationMessage]:
    """Draw what several agents said: texts that are told apart, with thoughts, tools of providers, and pictures."""
    found: list[ConversationMessage] = []
    for n in range(draw(st.integers(1, 8))):
        thought = {"part_kind": "thinking", "content": f"hm {n}"}
        looked: list[Json] = [
            {"part_kind": "builtin-tool-call", "tool_name": "web", "args": {"q": n}, "tool_call_id": f"b{n}"},
            {"part_kind": "builtin-tool-return", "tool_name": "web", "content": f"w {n}", "tool_call_id": f"b{n}"},
        ]
        told = answer(f"text {n}")
        spoken: list[list[Json]] = [
            [said(f"text {n}")], [told], [{**told, "model_name": "m"}], [{**told, "parts": [thought, *told["parts"]]}],
            [{**told, "parts": [*looked, *told["parts"]]}], [{**told, "parts": [thought]}], use(n, {"n": n}),
        ]  # fmt: skip
        if arguments is not None:
            del spoken[5]  # other frameworks have no thoughts
        author = draw(st.sampled_from(["me", "ann", "bot"]))
        for message in draw(st.sampled_from(spoken)):
            found.append(
                ConversationMessage(place=len(found), message=bare(message), author=author, run="r", key="0", at=0.0)
            )
    return found


def as_pydantic_ai_sends(messages: list[Json]) -> list[Json]:
    """Return messages with requests that follow each other as one."""
    found: list[Json] = []
    for requests, group in groupby(messages, key=lambda each: each["kind"] == "request"):
        together = list(group)
        parts = [part for each in together for part in each["parts"]]
        found += [{**together[-1], "parts": parts}] if requests else together
    return found


@given(st.data(), st.sampled_from([None, "text", "object"]))
def test_of_what_was_said_before_nothing_is_stored_and_redacted_it_is_gone_in_its_place(
    data: st.DataObject, arguments: Arguments | None
) -> None:
    before = data.draw(kept_by_many(arguments))
    told = sent_by(arguments, before)
    above: list[Json] = data.draw(st.sampled_from([[], [said("summary")], told[1:][-1:]]))
    sent: list[Json] = [*above, *told[data.draw(st.integers(0, len(told))) :], said("new")]
    now = {"messages": as_pydantic_ai_sends(sent) if arguments is None else joined([bare(each) for each in sent])}
    stored = difference(now, None, None, "", Earlier("u", len(before), "me", told, arguments))
    further = {"messages": [*now["messages"][data.draw(st.integers(0, len(now["messages"]) - 1)) :], answer("so")]}
    first_sent = further["messages"][0]
    if arguments is not None or first_sent["kind"] == "request":  # an answer is sent as a whole
        cut = data.draw(st.integers(0, len(first_sent["parts"]) - 1))
        further["messages"][0] = {**first_sent, "parts": first_sent["parts"][cut:]}
    after = difference(further, now, answer("so"), "1")
    known = [part for each in told for part in each["parts"]]
    for each in (*stored["messages"], *after["messages"]):
        assert isinstance(each, list) or not [part for part in each["parts"] if part in known]
    gone = data.draw(st.sets(st.sampled_from(range(len(before)))))
    left = [replace(each, message=redacted_message(each.message)) if each.place in gone else each for each in before]
    first = put_together(stored, None, None, lambda name, revision: left)
    second = put_together(after, first, answer("so"))
    texts_gone = {str(before[each].message["parts"][-1].get("content")) for each in gone}
    for request, real in ((first, now), (second, further)):
        shown, meant = texts_of(request), texts_of(real)
        assert [each for each in shown if "[redacted]" not in each] == [
            each for each in meant if each.removeprefix("ann: ").removeprefix("bot: ") not in texts_gone
        ]


def test_of_answers_that_were_joined_those_that_are_sent_again_are_not_stored_again() -> None:
    both = {"kind": "response", "parts": [*answer("a")["parts"], *answer("b")["parts"]]}
    before = {"messages": [bare(said("q")), both, bare(said("r"))]}
    now = {"messages": [answer("b"), bare(said("r")), bare(said("new"))]}
    stored = difference(now, before, None, "1")
    assert stored["messages"][0]["parts"] == [[2, 1]]
    assert put_together(stored, before, None)["messages"] == now["messages"]


def texts_of(request: Json) -> list[str]:
    """Return the texts of a request, without those of thoughts."""
    parts = (part for each in request["messages"] for part in each["parts"])
    return [part["content"] for part in parts if part["part_kind"] in ("user-prompt", "text")]


@pytest.mark.parametrize("arguments", [None, "text", "object"])
def test_what_earlier_versions_recorded_is_read(arguments: Arguments | None) -> None:
    before = [
        ConversationMessage(place=n, message=message, author="ann", run="r", key="0", at=0.0)
        for n, message in enumerate([bare(said("q")), answer("a"), bare(said("r")), answer("b")])
    ]
    form = {} if arguments is None else {"arguments": arguments}
    for agent, places, expected in (
        ({}, [[2, 2]], ["r", "b"]),
        ({"agent": "me"}, [[0, 1]], ["q", "ann: a", "r", "ann: b"] if arguments is None else ["q"]),
        ({"agent": "ann"}, [[1, 2]], ["a", "r"]),
    ):
        stored = {IN: {"name": "u", "revision": 4, **agent, **form}, "messages": places}
        check_sent(stored)
        assert texts_of(put_together(stored, None, None, lambda name, revision: before)) == expected


def test_a_longer_conversation_is_stored_as_what_is_new() -> None:
    before = {"model": "m", "messages": [said("a" * 1_000)]}
    now = {"model": "m", "messages": [*before["messages"], answer("b" * 1_000), said("new")]}
    stored = difference(now, before, answer("b" * 1_000), "1/model/1")
    assert stored == {AFTER: "1/model/1", "messages": [[0, 2], bare(said("new"))]}


@pytest.mark.parametrize("others", [0, 1, 3])
def test_what_is_asked_in_words_that_were_said_before_is_stored_as_new(others: int) -> None:
    told = [said("yes"), answer("sure?"), *(said(f"ann: {n}") for n in range(others))]
    messages = [
        *told[:2],
        {**said("yes"), "parts": [part for each in [*told[2:], said("yes")] for part in each["parts"]]},
    ]
    stored = difference({"messages": messages}, None, None, "", Earlier("u", len(told), "me", told))
    assert stored["messages"] == [[0, 2 + others], bare(said("yes"))]


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
     {"messages": [], "conversation": {"name": "u", "revision": 1, "arguments": "xml"}},
     {"messages": [], "conversation": {"name": "u", "revision": 1, "agent": 1}},
     {"messages": [{"kind": "request", "parts": [[0]]}]}],
)  # fmt: skip
def test_what_is_not_stored_as_a_request_is_told_with_what_was_expected(sent: object) -> None:
    with pytest.raises(UsageError, match=r"what is sent is .*; expected "):
        check_sent(sent)
