"""What facts say is stored as it always was, comes back as it was, and leaves what a redaction is to leave of it."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.model.budget import Amount
from podium.model.fact import Fact, FactKind
from podium.model.facts.codec import all_marks, contents, left_of, read_content
from podium.model.facts.content import FactContent, Mark, marks_of, prepared, template
from podium.model.facts.money import settled
from podium.model.facts.runs import Ended
from podium.model.facts.waits import QuestionAnswered
from podium.model.json import Json, encode
from podium.model.question import PersonAnswer
from podium.model.run import RunState
from podium.store.codec import decode
from tests.unit.model.facts.written import WRITTEN, Written, approvals

EVERY = st.one_of(*WRITTEN.values())

_KEPT = frozenset({
    "action", "agent", "agents", "approved", "at", "attempt", "budget", "budgets", "by", "callers", "calls", "causes",
    "changed", "cleared", "deadline", "decision", "did", "discarded", "done_before_fork", "due", "epoch", "facts",
    "failed", "fallen", "first", "forked_from", "from", "granted", "guard", "in_doubt", "key", "keys", "kind",
    "lineage", "lines", "name", "next", "of", "outcome", "place", "principal", "question", "quorum", "reservation",
    "resource", "rule", "run", "seed", "signal", "started", "state", "step", "strikes", "tenant", "to", "tokens",
    "type", "until", "usage", "usd", "version", "wait", "winner", "winners", "workflow",
})  # fmt: skip
_BLANKED = frozenset({"digest", "feedback", "message", "reason", "text", "why"})
_SINCE = frozenset({
    "began", "busy", "conversation", "revision", "taken_from", "done_by", "ended_before", "error_type", "escrow",
    "from_step", "generation", "goes_on", "held", "judged_anew", "keeps", "left_behind", "loose", "n", "once",
    "refused", "saved", "says", "seconds", "similarity", "spoken", "alone", "allow", "trace", "grantor", "grantee",
    "doubt", "untold", "user", "heard", "corrected", "patterns", "label", "spares", "beside", "remind",
})  # fmt: skip
"""Fields that came later."""


def left_by_name(body: dict[str, Json]) -> dict[str, Json]:
    """Return what redactions left of a fact before fields had marks: by their names alone."""
    left: dict[str, Json] = {}
    for name, value in body.items():
        if name in ("answers", "degraded"):
            left[name] = [left_by_name(decided(each)) for each in value]
        elif name in _KEPT | _SINCE:
            left[name] = value
        elif name in _BLANKED:
            left[name] = ""
    return left


def decided(answer: dict[str, Json]) -> dict[str, Json]:
    value = answer.get("value")
    if isinstance(value, dict) and isinstance(approved := cast("dict[str, Json]", value).get("approved"), bool):
        return {**answer, "approved": approved}
    return answer


def test_there_are_facts_of_every_class_and_of_every_kind() -> None:
    assert set(WRITTEN) == set(contents())
    assert {each.fact_kind for each in contents()} == set(FactKind)


@given(EVERY)
def test_a_fact_is_stored_as_it_always_was(written: Written) -> None:
    content, body = written
    assert content.encoded == encode(body)
    assert prepared(content).encoded == encode(body)


@given(st.text("ab?\N{SNOWMAN}"), st.text("abc_.7", min_size=1))
def test_a_template_says_what_the_fact_would_say(budget: str, id: str) -> None:
    def content(reservation: str) -> FactContent:
        return settled(reservation, Amount(usd=7, calls=1), budgets=(budget, "?"))

    assert template(content("?"), "?").saying(id) == prepared(content(id))


@given(EVERY)
def test_a_stored_fact_comes_back_as_it_was(written: Written) -> None:
    content, body = written
    read = Fact(0, content.fact_kind, "0", 1.0, 1, encode(body)).content
    assert type(read) is type(content)
    assert read.encoded == content.encoded
    if not isinstance(content, Ended):  # whose error is read from the reason where it was not stored
        assert read == content


@given(EVERY, st.dictionaries(st.text("XYZ", min_size=1), st.text()))
def test_fields_that_a_newer_version_wrote_are_passed_over(written: Written, more: dict[str, Json]) -> None:
    content, body = written
    if content.fact_kind is not FactKind.NOTICE:
        assert read_content(content.fact_kind, {**body, **more}) == read_content(content.fact_kind, body)


@given(EVERY)
def test_a_redaction_leaves_what_it_always_left(written: Written) -> None:
    content, body = written
    stored = Fact(0, content.fact_kind, "", 1.0, 1, encode(body)).body
    expected = left_by_name(stored)
    if isinstance(content, Ended):
        name, colon, _ = content.reason.partition(":")
        before = name if content.state is RunState.FAILED and colon and name.isidentifier() else ""
        expected["reason"] = content.error_type or before
    assert left_of(content.fact_kind, stored) == expected


@given(st.lists(approvals, min_size=1, max_size=3))
def test_a_redaction_leaves_what_people_decided_and_not_what_they_said(decisions: list[Json]) -> None:
    answers = tuple(PersonAnswer(by=f"p{n}", value=value, at=float(n)) for n, value in enumerate(decisions))
    body = decode(QuestionAnswered(question="q", answers=answers).encoded)
    read = read_content(FactKind.QUESTION, left_of(FactKind.QUESTION, body))
    assert isinstance(read, QuestionAnswered)
    assert [(each.by, each.at) for each in read.answers] == [(each.by, each.at) for each in answers]
    assert [each.value for each in read.answers] == [{"approved": value["approved"]} for value in decisions]


@pytest.mark.parametrize("value", ["yes", {"approved": "yes"}, {"approved": 1}, [True], {"refused": True}, None])
def test_a_redaction_takes_nothing_for_a_decision_that_is_none(value: Json) -> None:
    body = decode(QuestionAnswered(question="q", answers=(PersonAnswer(by="ann", value=value, at=1.0),)).encoded)
    read = read_content(FactKind.QUESTION, left_of(FactKind.QUESTION, body))
    assert isinstance(read, QuestionAnswered)
    assert read.answers == (PersonAnswer(by="ann", value=None, at=1.0),)


@given(EVERY)
def test_what_a_redaction_left_can_be_read(written: Written) -> None:
    content, body = written
    left = left_of(content.fact_kind, Fact(0, content.fact_kind, "", 1.0, 1, encode(body)).body)
    assert isinstance(read_content(content.fact_kind, left), FactContent)


@pytest.mark.parametrize("kind", FactKind)
def test_a_fact_that_was_emptied_altogether_can_be_read(kind: FactKind) -> None:
    content = read_content(kind, {})
    assert content.fact_kind is kind


def test_a_name_has_the_same_mark_in_every_class() -> None:
    """Else what a redaction leaves of a notice of somebody else's rule would depend on the order of the classes."""
    found: dict[str, set[object]] = {}
    for each in contents():
        for name, mark in marks_of(each).items():
            found.setdefault(name, set()).add(mark)
    assert {name: marks for name, marks in found.items() if len(marks) > 1} == {}
    marks = all_marks()
    assert {name for name, mark in marks.items() if mark is Mark.KEEP} == _KEPT | _SINCE
    assert {name for name, mark in marks.items() if mark is Mark.BLANK} == _BLANKED


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"state": "failed", "reason": "ValueError: no", "causes": []}, "ValueError"),
        ({"state": "failed", "reason": "RunTimedOut: it was not done", "causes": []}, "RunTimedOut"),
        ({"state": "failed", "reason": "ValueError"}, "ValueError"),
        ({"state": "failed", "reason": "it was: so"}, ""),
        ({"state": "cancelled", "reason": "enough: really"}, ""),
        ({"state": "failed", "reason": "no: longer: said", "error_type": "KeyError"}, "KeyError"),
    ],
)
def test_the_error_of_a_run_that_ended_before_it_was_stored_is_read_from_its_reason(
    body: dict[str, Json], error: str
) -> None:
    said = read_content(FactKind.ENDED, body)
    assert isinstance(said, Ended)
    assert said.error_type == error
