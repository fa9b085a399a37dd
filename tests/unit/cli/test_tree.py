"""The tree of a run's calls, from its facts."""

from hypothesis import given
from hypothesis import strategies as st

from podium.cli.tree.draw import node_json, plain
from podium.model.fact import FactKind
from podium.model.run import START, RunState
from podium.reports.calls.node import CallNode
from podium.reports.calls.tree import key_order, tree_of
from tests.unit.cli.facts import Journal, a_run


def shape(node: CallNode) -> dict[str, object]:
    return {child.key: shape(child) for child in node.children}


def test_calls_of_an_inline_workflow_hang_under_its_call() -> None:
    journal = (
        Journal().asked("0", "inner").asked("0.0", "a").answered("0.0").asked("0.1", "b").answered("0.1").answered("0")
    )
    tree = tree_of(journal.facts)
    assert shape(tree.root) == {"0": {"0.0": {}, "0.1": {}}}
    assert tree.root.children[0].kind == "workflow"
    assert tree.calls == 3


def test_a_branch_which_has_no_fact_of_its_own_still_has_its_place() -> None:
    journal = Journal().asked("1.0", "b").asked("0.0", "a").asked("0.1.0", "c")
    assert shape(tree_of(journal.facts).root) == {"0": {"0.0": {}, "0.1": {"0.1.0": {}}}, "1": {"1.0": {}}}


def test_the_tenth_call_comes_after_the_second() -> None:
    journal = Journal().asked("10", "b").asked("2", "a")
    assert [node.key for node in tree_of(journal.facts).root.children] == ["2", "10"]


def test_what_the_rules_said_of_the_run_itself_comes_before_its_calls() -> None:
    journal = Journal().asked("0", "a").answered("0").answered(START).ended()
    assert [(node.key, node.name) for node in tree_of(journal.facts).root.children] == [
        (START, "rules for the run"), ("0", "a"),
    ]  # fmt: skip


def test_steps_hang_under_their_call_and_steps_of_a_step_under_that() -> None:
    journal = Journal().asked("0", "llm")
    for path in ("1/model#0", "1/tool/call_7/model#0", "1/tool/call_7", "1/model#1"):
        journal.add(FactKind.STEP, f"0/{path}", {"name": "x", "attempt": 1, "digest": ""})
    call = tree_of(journal.answered("0").facts).root.children[0]
    assert [step.name for step in call.children] == ["model#0", "tool/call_7", "model#1"]
    assert [step.name for step in call.children[1].children] == ["model#0"]


def test_a_call_without_usage_of_its_own_has_that_of_its_steps() -> None:
    journal = Journal().asked("0", "llm")
    for number, usd in ((0, 0.25), (1, 0.5)):
        usage = {"model": "m", "input_tokens": 10, "output_tokens": 1, "requests": 1, "usd": usd}
        journal.add(FactKind.STEP, f"0/1/model#{number}", {"name": "model", "attempt": 1, "usage": usage})
    total = tree_of(journal.answered("0").facts).root.total()
    assert (total.input_tokens, total.output_tokens, total.usd) == (20, 2, 0.75)


def test_usage_that_a_call_tells_itself_is_not_counted_twice() -> None:
    usage = {"input_tokens": 10, "output_tokens": 1, "usd": 0.5}
    journal = Journal().asked("0", "llm").add(FactKind.STEP, "0/1/model#0", {"name": "model", "usage": usage})
    assert tree_of(journal.answered("0", usage=usage).facts).root.total().usd == 0.5


def test_a_retry_counts_attempts_and_tells_why() -> None:
    journal = Journal().asked("0", "flaky")
    journal.add(FactKind.RETRY, "0", {"attempt": 2, "lineage": 1, "due": 7.0, "type": "OSError", "message": "no route"})
    text = plain(a_run(), journal.answered("0").ended().facts)
    assert "✓ 0 flaky  200 ms  2 attempts  attempt 1 ended with OSError: no route" in text


def test_a_parked_question_says_for_whom_it_waits() -> None:
    body = {
        "question": "q_1",
        "to": "editors",
        "text": "Publish?",
        "kind": "approval",
        "quorum": 1,
        "due": None,
        "step": None,
    }
    journal = Journal().add(FactKind.QUESTION, "0", body)
    assert "… 0 question to editors  q_1  waits for editors: Publish?" in plain(a_run(RunState.PARKED), journal.facts)


def test_a_person_who_was_called_is_waited_for_until_the_answer_is_taken() -> None:
    journal = Journal().asked("0", "human-boss")
    journal.add(FactKind.QUESTION, "0", {"question": "q_1", "to": "boss", "text": "Well?", "due": None, "step": None})
    assert tree_of(journal.facts).open()[0].waits == "question"
    journal.add(FactKind.QUESTION, "0", {"question": "q_1", "answers": [{"by": "ann", "value": 1, "at": 1.0}]})
    (node,) = tree_of(journal.facts).open()
    assert (node.waits, node.note) == ("", "answered by ann")


def test_an_open_call_is_said_to_wait_for_what_the_run_waits_for() -> None:
    journal = Journal().asked("0", "slow")
    said = {state: plain(a_run(state), journal.facts).splitlines()[1] for state in RunState}
    assert said[RunState.RUNNING] == "└─ … 0 slow  under way"
    assert said[RunState.READY] == "└─ … 0 slow  waits for a worker"
    assert said[RunState.CANCELLED] == "└─ … 0 slow  left open"


def test_a_signal_a_sleep_and_a_child_run_are_shown_waiting() -> None:
    journal = Journal().add(FactKind.WAITING, "0", {"wait": "signal", "name": "go", "due": None})
    journal.add(FactKind.TIMER, "1", {"due": 0.0}).add(
        FactKind.WAITING, "2", {"wait": "run", "name": "r.9", "due": None}
    )
    lines = plain(a_run(RunState.PARKED), journal.facts).splitlines()
    assert lines[1] == "├─ … 0 signal 'go'  waits for the signal"
    assert lines[2].startswith("├─ … 1 sleep  waits until 19")
    assert lines[3] == "└─ … 2 result of child run  run r.9  waits for it"


def test_child_runs_are_linked_and_drawn_where_they_can_be_had() -> None:
    journal = Journal().add(FactKind.SPAWNED, "0", {"workflow": "part", "version": "1", "run": "run_1.0"})
    child = a_run(id="run_1.0", workflow="part", parent="run_1")
    inner = Journal().asked("0", "agent-of-child").answered("0").ended()
    assert "↗ 0 part  run run_1.0" in plain(a_run(), journal.facts)
    assert "agent-of-child" not in plain(a_run(), journal.facts)
    drawn = plain(a_run(), journal.facts, lambda run: (child, inner.facts) if run == "run_1.0" else None)
    assert "   ✓ run_1.0  part 1  done" in drawn
    assert "   └─ ✓ 0 agent-of-child" in drawn


def test_cancelled_keys_are_shown_cancelled_also_those_that_never_began() -> None:
    journal = Journal().asked("0", "slow").add(FactKind.CANCELLING, "", {"reason": "too late"})
    journal.add(FactKind.CANCELLED, "", {"keys": ["0", "1"]})
    lines = plain(a_run(RunState.CANCELLED), journal.facts).splitlines()
    assert lines[1] == "! cancel was asked for: too late"
    assert lines[2].startswith("├─ ■ 0 slow")
    assert lines[3] == "└─ ■ 1 not begun  cancelled"


def test_what_was_voided_is_no_longer_shown() -> None:
    journal = Journal().asked("0", "a").add(FactKind.ANSWERED, "0", {"outcome": "failed", "type": "E", "message": "m"})
    journal.ended("failed", "E: m")
    journal.add(FactKind.REWOUND, "", {"facts": [1, 2, 3]})
    tree = tree_of(journal.facts)
    assert tree.root.children == []
    assert tree.root.state == ""
    assert tree.notes == ["3 facts before this were voided, to be done again"]


def test_a_timeout_of_a_workflow_is_called_so_and_its_race_is_not_shown() -> None:
    journal = Journal().asked("0", "inner").add(FactKind.TIMER, "0.timeout", {"due": 1.0}).asked("0.0", "a")
    journal.answered("0.0").add(FactKind.CHOSEN, "0.first", {"winner": 0})
    assert [node.name for node in tree_of(journal.facts).root.children[0].children] == ["a", "timeout"]


def test_the_second_attempt_of_a_workflow_has_a_place_of_its_own() -> None:
    journal = Journal().asked("0", "inner").asked("0.0", "a").answered("0.0").asked("0.r2.0", "a")
    inner = tree_of(journal.facts).root.children[0]
    assert [(node.key, node.name) for node in inner.children] == [("0.0", "a"), ("0.r2", "attempt 2")]


def test_the_other_things_of_a_run_have_names() -> None:
    journal = Journal().add(FactKind.LOOKED_UP, "0", {"of": "math"}).add(FactKind.UNDO, "1", {"agent": "refund"})
    journal.add(FactKind.CHOSEN, "2", {"winners": [0, 2]}).add(FactKind.CHOSEN, "3", {"failed": 1})
    journal.add(FactKind.CHOSEN, "4.0", {"next": 1}).asked("1.undo", "refund")
    lines = [line[3:] for line in plain(a_run(), journal.facts).splitlines()[1:]]
    assert lines[0] == "✓ 0 look-up of math"
    assert lines[1].startswith("↶ 1 undo with refund")
    assert lines[2] == "└─ … 1.undo refund  left open"
    assert "✓ 2 quorum  branch 0, 2 came first" in lines
    assert "✓ 3 gather  branch 1 failed" in lines
    assert "└─ ✓ 4.0 next  branch 1" in lines


def test_a_text_of_an_agent_cannot_steer_the_terminal() -> None:
    journal = Journal().asked("0", "a")
    journal.add(FactKind.ANSWERED, "0", {"outcome": "failed", "type": "E", "message": "\x1b]0;owned\x07\nline two"})
    assert "E: \\u001b]0;owned\\u0007 line two" in plain(a_run(), journal.facts)


def test_programs_get_the_same_tree() -> None:
    told = node_json(tree_of(Journal().asked("0", "a").answered("0").ended().facts).root)
    assert told["state"] == "done"
    assert told["children"][0]["name"] == "a"
    assert told["children"][0]["state"] == "done"


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda p: ".".join(map(str, p))), unique=True))
def test_every_key_is_in_the_tree_once_and_under_its_parent(keys: list[str]) -> None:
    journal = Journal()
    for key in keys:
        journal.asked(key, "a")
    found = list(tree_of(journal.facts).root.walk())
    assert {node.key for node in found} >= set(keys)
    assert len({node.key for node in found}) == len(found)
    for node in found:
        assert all(child.key.rpartition(".")[0] == node.key for child in node.children)
        assert [child.key for child in node.children] == sorted((child.key for child in node.children), key=key_order)


def test_what_rules_did_with_a_call_stands_on_its_line_and_opens_nothing() -> None:
    journal = Journal().asked("0", "search").add(FactKind.HELD, "0", {"until": 5.0, "why": "too much at once"})
    assert "is held back until" in plain(a_run(RunState.PARKED), journal.facts)
    journal.add(FactKind.RESERVED, "0", {"usd": 1}).add(FactKind.SETTLED, "0", {"usd": 1})
    journal.add(FactKind.NOTICE, "0", {"guard": "cache", "from": "run_1"})
    lacks = [{"key": "0", "agent": "search", "by": "spare", "why": "TimeoutError: late"}]
    drawn = plain(
        a_run(RunState.DONE), journal.add(FactKind.ANSWERED, "0", {"outcome": "done", "degraded": lacks}).facts
    )
    assert "0 search" in drawn
    assert "cache: from run_1" in drawn
    assert "spare stood in for search: TimeoutError: late" in drawn
