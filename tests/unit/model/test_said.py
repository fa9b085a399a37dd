"""What is said with another answer than the agent's own: that in place of its last one, or question and answer."""

import pytest

from podium.model.conversation import ConversationTurn, exchange, is_asked
from podium.model.json import Json
from podium.model.said import SaidInTurn, kept_said


def part(kind: str, **fields: Json) -> Json:
    return {"part_kind": kind, **fields}


def response(*parts: Json, **fields: Json) -> Json:
    return {"kind": "response", "parts": list(parts), **fields}


ASKED: Json = {"kind": "request", "parts": [part("user-prompt", content="q")]}
USED = response(part("tool-call", tool_name="look", args={"n": 1}, tool_call_id="a"))
RETURNED: Json = {"kind": "request", "parts": [part("tool-return", tool_name="look", content="x", tool_call_id="a")]}
BEFORE, AFTER = {"n": 1}, {"n": 2}

REPLACED: dict[str, tuple[Json, Json, Json, Json]] = {
    "a text": (
        "old", "new", response(part("text", content="old", id="m1"), provider_response_id="r1", model_name="m"),
        response(part("text", content="new"), model_name="m"),
    ),
    "a text after thoughts about it": (
        "old", "new", response(part("thinking", content="old?"), part("text", content="old")),
        response(part("text", content="new")),
    ),
    "JSON as a text": (
        BEFORE, AFTER, response(part("text", content='{ "n": 1 }')), response(part("text", content='{"n": 2}')),
    ),
    "the arguments of an output tool": (
        BEFORE, AFTER, response(part("tool-call", tool_name="final", args={"n": 1}, tool_call_id="b")),
        response(part("tool-call", tool_name="final", args={"n": 2}, tool_call_id="b")),
    ),
    "its arguments as a text": (
        BEFORE, AFTER, response(part("tool-call", tool_name="final", args='{"n":1}', tool_call_id="b")),
        response(part("tool-call", tool_name="final", args='{"n": 2}', tool_call_id="b")),
    ),
    "its arguments around what is no object": (
        "old", "new", response(part("tool-call", tool_name="final", args={"response": "old"}, tool_call_id="b")),
        response(part("tool-call", tool_name="final", args={"response": "new"}, tool_call_id="b")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REPLACED)
def test_the_last_answer_is_replaced(kind: str) -> None:
    before, after, answered, replaced = REPLACED[kind]
    said = SaidInTurn("q", before, (ASKED, USED, RETURNED, answered))
    assert list(said.with_answer(after).messages) == [ASKED, USED, RETURNED, replaced]
    assert list(said.with_answer(before).messages) == [ASKED, USED, RETURNED, answered]


@pytest.mark.parametrize("answered", ["Old!", "it is old", '"old"', '{"response": "older"}'])
def test_where_it_is_not_found_question_and_answer_are_said(answered: str) -> None:
    said = SaidInTurn("q", "old", (ASKED, response(part("text", content=answered))))
    assert list(said.with_answer("new").messages) == exchange("q", "new")


def test_what_was_kept_is_said_with_the_answer_beside_which_it_was_kept() -> None:
    said = SaidInTurn("q", "old", (ASKED, response(part("text", content="old"))))
    assert kept_said(said.kept(), "old").with_answer("new").messages == said.with_answer("new").messages


@pytest.mark.parametrize(
    ("kinds", "asked"),
    [
        (["user-prompt"], True),
        (["system-prompt", "user-prompt"], True),
        (["tool-return", "user-prompt"], False),
        (["retry-prompt"], False),
        (["system-prompt"], False),
    ],
)
def test_words_beside_the_result_of_a_tool_are_not_what_was_asked(kinds: list[str], *, asked: bool) -> None:
    assert is_asked({"kind": "request", "parts": [part(kind, content="x") for kind in kinds]}) is asked


def test_a_summary_beside_what_comes_last_stays_with_the_words_in_its_place() -> None:
    held: Json = {"summary": {"by": "s@1"}}
    final = response(part("tool-call", tool_name="final", args={"n": 1}, tool_call_id="z"), model_name="m")
    told: Json = {"kind": "request", "parts": [part("tool-return", tool_name="final", content="ok", tool_call_id="z")]}
    said = SaidInTurn("q", BEFORE, [ASKED, USED, RETURNED, final, {**told, "metadata": held}])
    turn = ConversationTurn("u", answered=lambda answer: f"n is {answer['n']}")
    *before, last = said.worded(turn, "q")
    assert before == [ASKED, USED, RETURNED]
    assert last == response(part("text", content="n is 1"), model_name="m", metadata=held)
