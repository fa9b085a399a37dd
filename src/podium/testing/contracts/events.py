"""What a store must do with the events of the system."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from podium.errors import StoreError
from podium.model.audit import Pruning
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.fact import FactKind
from podium.model.question import Ask, Question, QuestionState
from podium.model.run import BlockedReason, RunState
from podium.store.asking import Expire, OpenQuestion, WithdrawQuestion
from podium.store.inserting import NewFact
from podium.store.operations import (
    BeginGeneration,
    Block,
    CommitVerdict,
    Park,
    Prune,
    Redact,
    Release,
    Spawn,
    Start,
    Write,
)
from podium.store.protocol import PrunableQuery
from podium.testing.contracts.hand import WORKFLOW, Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_PATIENCE = 60.0
"""Real seconds for which news is waited for that another thread brings."""
_WRITERS, _RUNS_EACH = 3, 8


class EventsContract(OpenedStore):
    """What is noteworthy is told with the commit that brings it, once, in order, and without a gap."""

    def test_an_event_says_whose_it_is_and_when_it_was(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r", tenant="acme"))
            hand.start(new_run("r.c", parent="r", tenant="acme"), drive=False)
            started = SystemEvent(
                position=1, at=100.0, type=EventType.RUN_STARTED, run="r", root="r", workflow=WORKFLOW, tenant="acme",
                principal="local", content={},
            )  # fmt: skip
            assert told(hand) == [started, replace(started, position=2, run="r.c")]

    def test_a_run_tells_what_becomes_of_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            again = BeginGeneration(2, "1")
            hand.write(number, fact(FactKind.RESTARTED, at=101.0), close=again)
            hand.park(number, wake=1)
            hand.signal("r")
            hand.claim(number)
            hand.write(number, fact(at=102.0), epoch=2, close=Block("no code", BlockedReason.DIVERGED))
            hand.take_over("r")
            facts = [fact(FactKind.REWOUND, at=103.0), fact(FactKind.REPINNED, at=104.0)]
            hand.write(number, *facts, epoch=3, close=Release(RunState.READY, "", "7", None))
            hand.claim(number)
            hand.finish(number, epoch=4, state=RunState.FAILED, at=105.0)
            assert said(hand) == [
                ("run_started", 100.0, {}),
                ("run_restarted", 101.0, {"generation": 2}),
                ("run_blocked", 102.0, {"cause": "diverged"}),
                ("run_rewound", 103.0, {}),
                ("run_repinned", 104.0, {"version": "7"}),
                ("run_ended", 105.0, {"state": "failed"}),
            ]

    def test_a_run_that_is_left_as_it_was_tells_nothing(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact())
            hand.park(number)
            hand.take_over("r")
            hand.write(number, epoch=2, close=Release(RunState.READY, "", "1", None))
            hand.claim(number)
            hand.finish(number, epoch=3)
            hand.take_over("r")
            hand.write(number, epoch=4, close=Release(RunState.DONE, "", "1", 200.0))
            assert names(hand) == ["run_started", "run_ended"]

    def test_a_question_tells_who_answered_and_how_it_was_closed(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            both, late, taken_back, left = (hand.ask(number, "r", quorum=quorum) for quorum in (2, 1, 1, 1))
            for by in ("ann", "ann", "bob", "cy"):
                hand.answer(both, by=by)
            hand.verdict(Expire(late))
            hand.verdict(Expire(late))
            hand.write(number, fact(at=120.0), effects=[WithdrawQuestion(taken_back)])
            hand.finish(number)
            asked = [each for each in told(hand) if each.question is not None]
            assert {(each.run, each.to) for each in asked} == {("r", "boss")}
            assert [(each.question, each.type.value, each.content) for each in asked] == [
                *((each, "question_opened", {}) for each in (both, late, taken_back, left)),
                (both, "question_answered", {"by": "ann"}),
                (both, "question_answered", {"by": "bob"}),
                (both, "question_closed", {"state": "answered"}),
                (late, "question_closed", {"state": "expired"}),
                (taken_back, "question_closed", {"state": "withdrawn"}),
                (left, "question_closed", {"state": "withdrawn"}),
            ]
            assert names(hand)[-2:] == ["question_closed", "run_ended"]

    def test_what_is_said_of_a_question_is_told_and_to_whom_it_is_given(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            asked = hand.ask(number, "r")
            assert [hand.remark(asked, "r_1"), hand.remark(asked, "r_1"), hand.remark("q_none", "r_2")] == [
                CommitVerdict.OK, CommitVerdict.DUPLICATE, CommitVerdict.UNKNOWN,
            ]  # fmt: skip
            assert hand.remark(asked, "r_3", assignee="Bob", at=106.0) is CommitVerdict.OK
            hand.answer(asked)
            assert hand.remark(asked, "r_4", assignee="cy") is CommitVerdict.CLOSED
            assert hand.remark(asked, "r_5", by="eve", at=120.0) is CommitVerdict.OK
            assert [(e.type.value, e.at, e.assignee, e.content) for e in told(hand) if e.question == asked] == [
                ("question_opened", 100.0, None, {}),
                ("question_commented", 105.0, None, {"by": "ann"}),
                ("question_assigned", 106.0, "Bob", {"by": "ann"}),
                ("question_answered", 110.0, "Bob", {"by": "ann"}),
                ("question_closed", 110.0, "Bob", {"state": "answered"}),
                ("question_commented", 120.0, "Bob", {"by": "eve"}),
            ]
            kept = hand.told(hand.store.inbox.remarks(asked))
            assert [(each.id, each.by, each.assignee) for each in kept] == [
                ("r_1", "ann", None), ("r_3", "ann", "Bob"), ("r_5", "eve", None),
            ]  # fmt: skip

    def test_of_questions_about_a_budget_those_are_told_of_that_people_are_shown(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            runs = {name: hand.start(new_run(name)) for name in ("a", "b", "c", "d")}
            for name, number in runs.items():
                hand.write(number, fact(FactKind.QUESTION), effects=[about_budget(name)])
            hand.write(runs["b"], fact(), effects=[WithdrawQuestion("q_b")])
            hand.finish(runs["a"])
            hand.answer("q_c")
            assert [(each.question, each.type.value) for each in told(hand) if each.question is not None] == [
                ("q_a", "question_opened"),
                ("q_a", "question_closed"),
                ("q_c", "question_opened"),
                ("q_c", "question_answered"),
                ("q_c", "question_closed"),
            ]

    def test_what_is_not_done_is_not_told(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", tag="one"))
            hand.start(new_run("r"))
            hand.start(new_run("other", tag="one"))
            hand.write(number, fact(), effects=[Spawn(new_run("r"))])
            assert hand.finish(number, epoch=9) is CommitVerdict.STALE
            hand.signal("r")
            assert hand.park(number) is CommitVerdict.AWAKE
            bad = NewFact(FactKind.LOOKED_UP, "\ud800", 100.0, b"{}")
            try:
                hand.commit(Start(new_run("new"), drive=False), Write(number, 1, [bad]))
            except StoreError:
                pass
            else:
                raise AssertionError("a half surrogate was stored")
            assert names(hand) == ["run_started"]

    def test_a_redaction_and_a_pruning_are_told_and_leave_what_was_told(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.finish(hand.start(new_run("r")))
            redacted = NewFact(FactKind.REDACTED, "", 300.0, b'{"by":"ann","why":"","left":""}')
            hand.verdict(Redact(run="r", epoch=1, left=[(0, b"{}"), (1, b"{}")], reason="", fact=redacted))
            [(_, [run])] = hand.told(hand.store.prunable(PrunableQuery(before=400.0, states=[RunState.DONE])))
            pruning = Pruning(
                run="r", facts=run.facts, head=run.head, state=run.state, at=301.0, by="ann", why="", signature=None
            )
            assert hand.verdict(Prune([(run.epoch, pruning)])) is CommitVerdict.OK
            assert said(hand) == [
                ("run_started", 100.0, {}),
                ("run_ended", 200.0, {"state": "done"}),
                ("run_redacted", 300.0, {}),
                ("run_pruned", 301.0, {}),
            ]

    def test_they_are_read_on_from_any_position(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            assert (hand.told(hand.store.events.last()), told(hand)) == (0, [])
            for n in range(5):
                hand.start(new_run(f"r{n}"))
            assert hand.told(hand.store.events.last()) == 5
            assert [(each.position, each.run) for each in told(hand, after=1, limit=3)] == [
                (2, "r1"), (3, "r2"), (4, "r3"),
            ]  # fmt: skip
            assert told(hand, after=5) == told(hand, after=99) == []

    def test_the_oldest_are_deleted_and_the_last_one_stays(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            expire = hand.store.events.expire
            assert not hand.told(expire(900.0))
            for n, at in enumerate((100.0, 200.0, 150.0, 300.0)):
                hand.commit(Start(replace(new_run(f"r{n}"), at=at), drive=False))
            assert not hand.told(expire(100.0))
            assert [each.position for each in told(hand)] == [1, 2, 3, 4]
            assert not hand.told(expire(160.0))
            assert [each.position for each in told(hand)] == [2, 3, 4]
            assert not hand.told(expire(900.0))
            assert [each.position for each in told(hand)] == [4]
            hand.start(new_run("next"))
            assert [each.position for each in told(hand)] == [4, 5]

    def test_who_hears_is_told_at_once_of_what_this_process_commits(self, tmp_path: Path) -> None:
        rung = threading.Event()
        with self.hand(tmp_path) as hand:
            with hand.store.events.hear(rung.set) as is_told:
                while hand.store.events.tells and not is_told():
                    rung.wait(0.01)
                rung.clear()
                number = hand.start(new_run("r"))
                assert rung.wait(_PATIENCE)
                rung.clear()
                hand.write(number, fact())
                assert not rung.is_set()
            hand.finish(number)
            assert not rung.is_set()

    def test_who_hears_is_told_of_what_other_processes_commit_if_the_store_says_so(self, tmp_path: Path) -> None:
        rung = threading.Event()
        with ExitStack() as stack:
            reads, writes = (stack.enter_context(self.hand(tmp_path, worker)) for worker in ("w_2", "w_1"))
            is_told = stack.enter_context(reads.store.events.hear(rung.set))
            if not reads.store.events.tells:
                assert not is_told()
                return
            while not is_told():
                rung.wait(0.01)
            rung.clear()  # whoever begins to hear is told to look once
            writes.start(new_run("r"))
            assert rung.wait(_PATIENCE)
            assert names(reads) == ["run_started"]

    def test_however_many_write_a_reader_misses_nothing_and_gets_nothing_late(self, tmp_path: Path) -> None:
        if not self.durable:
            return
        with ExitStack() as stack:
            reader = stack.enter_context(self.hand(tmp_path, "w_0"))
            hands = [stack.enter_context(self.hand(tmp_path, f"w_{n}")) for n in range(1, _WRITERS + 1)]
            writing = [threading.Thread(target=_start_and_end, args=(hand,)) for hand in hands]
            for each in writing:
                each.start()
            read: list[SystemEvent] = []
            while any(each.is_alive() for each in writing):
                read += told(reader, after=len(read), limit=5)
            for each in writing:
                each.join()
            read += told(reader, after=len(read), limit=_WRITERS * _RUNS_EACH * 2)
        assert [each.position for each in read] == list(range(1, _WRITERS * _RUNS_EACH * 2 + 1))
        of_run: dict[str, list[str]] = {}
        for each in read:
            of_run.setdefault(each.run, []).append(each.type.value)
        assert set(map(tuple, of_run.values())) == {("run_started", "run_ended")}
        assert len(of_run) == _WRITERS * _RUNS_EACH


def told(hand: Hand, *, after: int = 0, limit: int = 100) -> Sequence[SystemEvent]:
    """Return the events after a position."""
    return hand.told(hand.store.events.after(after, limit))


def names(hand: Hand) -> list[str]:
    """Return the names of all events."""
    return [each.type.value for each in told(hand)]


def said(hand: Hand) -> list[tuple[str, float, object]]:
    """Return of all events what they say, and when."""
    return [(each.type.value, each.at, each.content) for each in told(hand)]


def about_budget(run: str) -> OpenQuestion:
    """Return what asks, in a run, whether the budget that all share may be raised."""
    question = Question(
        id=f"q_{run}", run=run, key="0", ask=Ask(text="More?", to="boss"), asked_at=100.0, deadline=None,
        state=QuestionState.OPEN, tenant="default", principal="local",
    )  # fmt: skip
    return OpenQuestion(question, budget="day")


def _start_and_end(hand: Hand) -> None:
    for n in range(_RUNS_EACH):
        number = hand.start(new_run(f"{hand.worker}.{n}"))
        if n % 2:
            hand.write(number, close=Park(0, None))
            hand.signal(f"{hand.worker}.{n}")
            hand.claim(number)
        hand.finish(number, epoch=1 + n % 2)
