"""How a conversation comes to one of its agents: with authors and roles, and as Pydantic AI sends it."""

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessagesTypeAdapter, repair_messages

from podium.agents.pydantic_ai.turn import requests_joined
from podium.model.conversation import in_request, in_response
from podium.model.conversation_state import AGENT, EDITED, ConversationMessage
from podium.model.heard import heard_by, heard_each
from podium.model.json import Json

texts = st.text("ab", min_size=1, max_size=3)
whose = st.sampled_from(["me", "ann", "bot"])
Said = tuple[str, Json]


def use(who: str, n: int, text: str, *, speaks: bool) -> list[Said]:
    call = {"part_kind": "tool-call", "tool_name": "look", "args": {"n": n}, "tool_call_id": f"c{n}"}
    given_back = {"part_kind": "tool-return", "tool_name": "look", "content": text, "tool_call_id": f"c{n}"}
    parts = [{"part_kind": "text", "content": text}, call] if speaks else [call]
    return [
        (who, {"kind": "response", "parts": parts, "model_name": "m"}),
        (who, {"kind": "request", "parts": [given_back]}),
    ]


def exchange(who: str, asked: str, answer: str, *, model: bool) -> list[Said]:
    said = {**in_response(answer), **({"model_name": "m"} if model else {})}
    return [("user", in_request(asked)), (who, said)]


def alone(who: str, text: str) -> list[Said]:
    return [(who, in_response(text))]


def distinct(part: list[Said]) -> str:
    """Return what no two parts of a talk share: uses of tools have ids of their own."""
    return part[0][1]["parts"][-1].get("tool_call_id") or str(part)


talks: st.SearchStrategy[list[list[Said]]] = st.lists(
    st.builds(exchange, whose, texts, texts, model=st.booleans())
    | st.builds(use, whose, st.integers(0, 99), texts, speaks=st.booleans())
    | st.builds(alone, whose, texts),
    max_size=5,
    unique_by=distinct,
)
CASES: list[tuple[Json, Json]] = [
    (in_response("yes"), in_request("ann: yes")),
    (in_request("well?"), in_request("well?")),
    ({"kind": "response", "parts": [{"part_kind": "thinking", "content": "hm"}, *in_response("yes")["parts"]]},
     in_request("ann: yes")),
    ({"kind": "response", "parts": [{"part_kind": "thinking", "content": "hm"}]}, None),
    ({"kind": "response", "parts": [{"part_kind": "file", "content": {}}, *in_response("yes")["parts"]]}, None),
]  # fmt: skip


def messages(said: list[Said]) -> list[ConversationMessage]:
    return [
        ConversationMessage(place=n, message=message, author=who, run="r", key="0", at=0.0)
        for n, (who, message) in enumerate(said)
    ]


@given(talks)
def test_what_is_heard_is_sent_by_pydantic_ai_as_it_is(talk: list[list[Said]]) -> None:
    read = ModelMessagesTypeAdapter.validate_python(heard_by("me", messages([each for part in talk for each in part])))
    assert [each.parts for each in repair_messages(read)] == [each.parts for each in read]


@given(talks)
def test_one_by_one_it_is_joined_as_pydantic_ai_joins_it(talk: list[list[Said]]) -> None:
    heard = heard_each("me", messages([each for part in talk for each in part]))
    read = ModelMessagesTypeAdapter.validate_python(heard)
    told = requests_joined(read)
    assert [each.parts for each in repair_messages(told)] == [each.parts for each in repair_messages(read)]
    assert [each.kind for each in told] == [
        kind
        for kind, group in groupby(heard, key=lambda each: each["kind"])
        for _ in (group if kind == "response" else (0,))
    ]


@given(talks)
def test_all_that_was_said_is_heard_in_order_and_under_the_names_of_others(talk: list[list[Said]]) -> None:
    said = [each for part in talk for each in part]
    expected = [
        (f"{who}: " if who not in ("user", "me") and len(message["parts"]) == 1 and "content" in part
         and part["part_kind"] == "text" else "") + str(part.get("content", part.get("args")))
        for who, message in said
        for part in message["parts"]
    ]  # fmt: skip
    heard = [
        str(part.get("content", part.get("args"))) for each in heard_by("me", messages(said)) for part in each["parts"]
    ]
    assert sorted(heard) == sorted(expected)
    assert [each for each in heard if ": " in each] == [each for each in expected if ": " in each]


@pytest.mark.parametrize(("message", "heard"), CASES)
def test_words_of_others_come_as_theirs_and_all_else_as_it_is(message: Json, heard: Json) -> None:
    assert heard_by("me", messages([("ann", message)])) == [message if heard is None else heard]
    assert heard_by("ann", messages([("ann", message)])) == [message]
    [edited] = messages([("ann", message)])
    assert heard_by("me", [replace(edited, key=EDITED)]) == [message]


@pytest.mark.parametrize(("message", "heard"), CASES)
def test_what_a_person_said_is_no_agents_own_whatever_the_names(message: Json, heard: Json) -> None:
    for who, place in (("ann", "colleague"), ("ann", "ann"), ("me", "ann")):
        [said] = messages([(who, {**message, "metadata": {AGENT: place}})])
        others = [part for each in heard_by("ann", [said]) for part in each["parts"]]
        assert others == [part for each in heard_by("nobody", [said]) for part in each["parts"]]
        assert (said.speaker, said.by_person) == (place, True)
