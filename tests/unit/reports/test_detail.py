"""One call in full, from its facts."""

import pytest

from podium.errors import NotPossible
from podium.model.fact import Fact, FactKind
from podium.model.json import Json, encode
from podium.reports.calls.detail import detail_of
from tests.unit.cli.facts import Journal


def carrying(journal: Journal, kind: FactKind, key: str, body: Json, payload: Json) -> None:
    seq = len(journal.facts)
    journal.facts.append(Fact(seq, kind, key, 100.0 + seq, 1, encode(body), encode(payload)))


def test_a_call_has_its_input_steps_failures_questions_and_output() -> None:
    journal = Journal()
    carrying(journal, FactKind.ASKED, "0", {"agent": "draft", "version": "2"}, "tea")
    carrying(journal, FactKind.STEP, "0/1/model#0", {"name": "model", "attempt": 1, "digest": ""}, {"says": "hm"})
    failure = {"attempt": 2, "lineage": 1, "due": None, "kind": "transport", "type": "OSError", "message": "no route"}
    journal.add(FactKind.RETRY, "0", failure)
    handed_back = {"name": "model", "attempt": 2, "digest": "", "from_step": "1/model#0"}
    journal.add(FactKind.STEP, "0/2/model#0", handed_back)
    question = {"question": "q_1", "to": "boss", "text": "May I?", "kind": "approval", "quorum": 1, "due": None}
    journal.add(FactKind.QUESTION, "0", {**question, "step": None})
    answers = [{"by": "ann", "value": {"approved": True}, "at": 105.0}]
    journal.add(FactKind.QUESTION, "0", {"question": "q_1", "answers": answers})
    carrying(journal, FactKind.ANSWERED, "0", {"outcome": "done"}, {"text": "All about tea"})
    detail = detail_of("run_1", journal.facts, "0")
    assert (detail.agent, detail.version, detail.state) == ("draft", "2", "done")
    assert (detail.input, detail.output) == ("tea", {"text": "All about tea"})
    assert [(step.key, step.value) for step in detail.steps] == [
        ("0/1/model#0", {"says": "hm"}), ("0/2/model#0", {"says": "hm"}),
    ]  # fmt: skip
    assert [each.error for each in detail.failed] == ["OSError: no route"]
    ((asked),) = detail.questions
    assert (asked.text, asked.answers[0].by, asked.answers[0].value) == ("May I?", "ann", {"approved": True})


def test_a_step_is_shown_by_its_own_key() -> None:
    journal = Journal().asked("0", "llm")
    for path in ("1/tool/x", "1/model#0"):
        carrying(journal, FactKind.STEP, f"0/{path}", {"name": path, "attempt": 1, "digest": ""}, path)
    assert [step.value for step in detail_of("run_1", journal.facts, "0/1/tool/x").steps] == ["1/tool/x"]


def test_what_a_retry_voided_counts_only_as_failed() -> None:
    journal = Journal()
    carrying(journal, FactKind.ASKED, "0", {"agent": "a", "version": "1"}, "first")
    journal.add(FactKind.ANSWERED, "0", {"outcome": "failed", "kind": "bug", "type": "E", "message": "no"})
    journal.add(FactKind.REWOUND, "", {"facts": [1, 2]})
    carrying(journal, FactKind.ASKED, "0", {"agent": "b", "version": "1"}, "second")
    detail = detail_of("run_1", journal.facts, "0")
    assert (detail.agent, detail.input, detail.state) == ("b", "second", "open")
    assert [each.error for each in detail.failed] == ["E: no"]


def test_a_key_that_is_not_there_is_refused_with_those_that_are() -> None:
    journal = Journal()
    for number in range(30):
        journal.asked(str(number), "a")
    with pytest.raises(NotPossible, match=r"nothing recorded under '99'. Its calls: 0, 1, .*, 19, …\.$"):
        detail_of("run_1", journal.facts, "99")
