"""Answers that did not fit are no part of a conversation, and neither is what was wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.agents.context.piece import Piece
from podium.agents.context.summarize import transcript
from podium.model.conversation import in_request, in_response
from podium.model.conversation_redaction import REDACTED, redacted_message
from podium.model.corrections import RETRIES, is_correction, without_corrections
from podium.model.json import Json
from podium.model.message_shape import checked_messages
from podium.reports.calls.messages import parts_of
from podium.reports.transcript import message_text

Said = list[tuple[Json, bool]]
"""Messages, each with whether it is to stay."""

OUTPUT = "final_result"
THOUGHT = {"part_kind": "thinking", "content": "hm"}
WHY = {"content": "Say it otherwise.", "retry": {"cause": "model_retry", "attempt": 1, "max_retries": 3}}
FEEDBACK = {"part_kind": "retry-feedback", **WHY}


def call(tool: str, n: str) -> Json:
    return {"part_kind": "tool-call", "tool_name": tool, "args": {"n": n}, "tool_call_id": n}


def given_back(tool: str, n: str, outcome: str) -> Json:
    told = {"part_kind": "tool-return", "tool_name": tool, "content": "so", "tool_call_id": n}
    return {**told, "outcome": outcome, **({"retry": WHY["retry"]} if outcome == "retried" else {})}


def prompted(tool: str | None, n: str) -> Json:
    return {"part_kind": "retry-prompt", "tool_name": tool, "content": "no", "tool_call_id": n}


def response(*parts: Json) -> Json:
    return {"kind": "response", "parts": list(parts)}


def request(*parts: Json) -> Json:
    return {"kind": "request", "parts": list(parts)}


TEXT = in_response("wrong")["parts"][0]
WRONG: list[Said] = [
    [(response(THOUGHT, TEXT), False), (request(FEEDBACK), False)],
    [(response(), False), (request(FEEDBACK), False)],
    [(response(TEXT), False), (request(prompted(None, "x")), False)],
    [(response(TEXT, call(OUTPUT, "a")), False), (request(given_back(OUTPUT, "a", "retried")), False)],
    [(response(call(OUTPUT, "a")), False), (request(prompted(OUTPUT, "a")), False)],
]
USES: list[Said] = [
    [(response(THOUGHT, TEXT, call("look", "a")), True), (request(given_back("look", "a", outcome)), True)]
    for outcome in ("success", "retried")
] + [[(response(call("look", "a")), True), (request(prompted("look", "a")), True)]]
ENDS: list[Said] = [
    [(in_response("right"), True)],
    [(response(call(OUTPUT, "a")), True), (request(given_back(OUTPUT, "a", "success")), True)],
]


@given(st.lists(st.sampled_from([*WRONG, *USES]), max_size=5), st.sampled_from(ENDS))
def test_what_stays_is_the_question_the_uses_of_tools_and_the_answer_that_counted(parts: list[Said], end: Said) -> None:
    said = [(in_request("q"), True), *(each for part in parts for each in part), *end]
    assert list(without_corrections([each for each, _ in said], {OUTPUT})) == [each for each, stays in said if stays]


def test_of_an_answer_beside_uses_of_tools_only_these_stay_in_pairs() -> None:
    look, back = call("look", "a"), given_back("look", "a", "success")
    said = [response(TEXT, look, call(OUTPUT, "b")), request(back, given_back(OUTPUT, "b", "retried"))]
    assert list(without_corrections(said, {OUTPUT})) == [response(TEXT, look), request(back)]


@pytest.mark.parametrize("kind", sorted(RETRIES))
def test_what_was_wrong_is_read_by_all_who_read_messages(kind: str) -> None:
    part = {**FEEDBACK, "part_kind": kind}
    [message] = checked_messages([request(part)])
    assert is_correction(part)
    assert "Say it otherwise." in message_text(message)
    assert [each.kind for each in parts_of([message])] == ["retry"]
    assert list(transcript([Piece(at=0, kind="request", parts=message["parts"])])) == ["Refused: Say it otherwise."]
    [redacted] = checked_messages([redacted_message(message)])
    assert [(each["part_kind"], each["content"]) for each in redacted["parts"]] == [(kind, REDACTED)]
