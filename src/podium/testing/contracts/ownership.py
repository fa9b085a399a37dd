"""What a store must do so that a run has one driver at a time."""

from pathlib import Path

from podium.model.fact import FactKind
from podium.model.run import BlockedReason, RunState, Signal
from podium.store.operations import Block, CommitVerdict, HandBack, Placed, Release, Send, Start, Unblock, Write
from podium.store.protocol import QuestionQuery
from podium.testing.contracts.hand import WORKFLOW, Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore


class OwnershipContract(OpenedStore):
    """Claim, append, park, wake, finish, reap: each conditional, so that two drivers never both succeed."""

    def test_a_claim_raises_the_epoch_and_brings_journal_and_signals(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"), drive=False)
            hand.signal("r")
            (claimed,) = hand.claim(number)
            assert (claimed.n, claimed.run.epoch, claimed.run.owner, claimed.wake) == (number, 1, "w_1", 1)
            assert claimed.run.state is RunState.RUNNING
            assert [each.kind for each in claimed.facts] == [FactKind.STARTED]
            assert [each.id for each in claimed.signals] == ["s_1"]

    def test_whatever_makes_a_run_ready_says_in_which_epoch_it_waits(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            (told,) = hand.commit(Start(new_run("r", tenant="t", queue="q", priority=3), drive=False)).placed
            hand.signal("r")

            def take(placed: Placed) -> None:
                assert (placed.id, placed.tenant, placed.queue, placed.priority) == ("r", "t", "q", 3)
                assert hand.wake().ready == [placed]
                (claimed,) = hand.claim(placed.n)
                assert claimed.run.epoch == placed.epoch + 1

            take(told)
            hand.park(told.n, wake=1)
            (told,) = hand.commit(Send("r", Signal("s_2", "signal", "go", None, 100.0))).placed
            take(told)
            hand.park(told.n, wake=2, wake_at=300.0, epoch=2)
            (told,) = hand.wake(300.0).placed
            take(told)
            (told,) = hand.commit(HandBack(told.n)).placed
            take(told)
            hand.write(told.n, epoch=4, close=Block("no code"))
            (told,) = hand.commit(Unblock(WORKFLOW)).placed
            take(told)
            hand.write(told.n, epoch=5, close=Block("no code", BlockedReason.MISSING_VERSION))
            (told,) = hand.wake(versions=["1"]).placed
            take(told)
            hand.write(told.n, epoch=6, close=Block("no code"))
            assert hand.take_over("r") is not None
            (told,) = hand.commit(Write(told.n, 7, close=Release(RunState.READY, "", "1", None))).placed
            take(told)
            (told,) = hand.store.workers.leave("w_1")
            hand.store.workers.join("w_2", 100.0)
            hand.worker = "w_2"
            take(told)

    def test_a_run_is_claimed_by_one(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            other = Hand(hand.store, "w_2")
            number = hand.start(new_run("r"), drive=False)
            assert (len(other.claim(number)), len(hand.claim(number))) == (1, 0)

    def test_those_that_nobody_drives_any_more_are_told_from_the_others(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for run in ("driven", "done", "parked", "blocked"):
                hand.start(new_run(run))
            hand.start(new_run("ready"), drive=False)
            hand.finish(2)
            hand.park(3)
            hand.write(4, close=Block("why"))
            asked = ["driven", "done", "parked", "blocked", "ready", "nobody", 'a "b" ü']
            assert sorted(hand.told(hand.store.left(asked))) == ["blocked", "done"]
            assert hand.told(hand.store.left([])) == []

    def test_a_run_of_an_unknown_workflow_is_left_alone(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", workflow="else"), drive=False)
            assert hand.claim(number) == []
            assert hand.ready() == []

    def test_runs_of_unknown_workflows_do_not_hide_the_known_ones(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for i in range(3):
                hand.start(new_run(f"else{i}", workflow="else", priority=9), drive=False)
            number = hand.start(new_run("r"), drive=False)
            assert hand.ready(limit=2) == [number]

    def test_what_is_ready_comes_most_urgent_first_and_then_oldest(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            low, high, low_too = (hand.start(new_run(f"r{i}", priority=i % 2), drive=False) for i in range(3))
            assert hand.ready() == [high, low, low_too]

    def test_an_append_under_an_old_epoch_is_refused_and_leaves_nothing(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(key="before"))
            other = Hand(hand.store, "w_2")
            hand.store.workers.leave("w_1")
            other.claim(number)
            third = Hand(hand.store, "w_3")
            for stale in (hand.write(number, fact()), other.write(number, fact(), epoch=1)):
                assert stale is CommitVerdict.STALE
            assert third.write(number, fact(), epoch=2) is CommitVerdict.STALE
            assert other.write(number, fact(key="mine"), epoch=2) is CommitVerdict.OK
            assert [each.key for each in hand.told(hand.store.facts("r"))] == ["", "before", "mine"]
            assert hand.told(hand.store.verify("r")) == []

    def test_the_effects_of_a_refused_append_are_refused_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.store.workers.leave("w_1")
            hand.ask(number, "r")
            assert hand.told(hand.store.questions(QuestionQuery())).items == ()

    def test_a_fenced_worker_gets_nothing_any_more(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            placed = hand.store.workers.leave("w_1")
            assert [each.n for each in placed] == [number]
            assert hand.write(number, fact()) is CommitVerdict.STALE
            assert hand.claim(number) == []
            assert hand.store.workers.beat("w_1", 120.0) is None

    def test_a_fenced_worker_starts_runs_for_others(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.workers.leave("w_1")
            hand.start(new_run("r"))
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.state, run.owner) == (RunState.READY, None)

    def test_who_is_silent_is_fenced_and_loses_its_runs(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            other = Hand(hand.store, "w_2")
            number = other.start(new_run("r"))
            hand.store.workers.beat("w_1", 130.0)
            assert hand.store.workers.beats("w_1") == {"w_2": 100.0}
            assert hand.store.workers.reap("w_1", {}) == []
            assert hand.store.workers.reap("w_1", {"w_2": 99.0}) == []
            assert [each.n for each in hand.store.workers.reap("w_1", {"w_2": 100.0})] == [number]
            assert other.write(number, fact()) is CommitVerdict.STALE
            assert hand.store.workers.beat("w_2", 131.0) is None
            assert hand.store.workers.beats("w_1") == {}
            assert hand.store.workers.reap("w_1", {"w_2": 100.0}) == []

    def test_a_parked_run_belongs_to_nobody(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert hand.park(number, wake_at=500.0) is CommitVerdict.OK
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.state, run.owner, run.wake_at) == (RunState.PARKED, None, 500.0)
            assert hand.write(number, fact()) is CommitVerdict.STALE
            assert hand.claim(number) == []

    def test_a_run_that_was_woken_meanwhile_is_not_parked(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.signal("r")
            assert hand.park(number, wake=0) is CommitVerdict.AWAKE
            assert hand.write(number, fact()) is CommitVerdict.OK
            assert hand.park(number, wake=1) is CommitVerdict.OK

    def test_parked_runs_are_woken_when_they_are_due(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            soon, late, never = (hand.start(new_run(f"r{i}")) for i in range(3))
            hand.park(soon, wake_at=300.0)
            hand.park(late, wake_at=400.0)
            hand.park(never)
            early = hand.wake(299.0)
            assert (early.placed, early.next_due) == ([], 300.0)
            woken = hand.wake(300.0)
            assert ({each.n for each in woken.placed}, woken.next_due) == ({soon}, 400.0)
            assert len(hand.claim(soon, late, never)) == 1

    def test_the_end_of_a_run_is_told_to_its_parent_in_the_same_transaction(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            parent, child = hand.start(new_run("r")), hand.start(new_run("r.0", parent="r"))
            hand.park(parent)
            hand.finish(child)
            (claimed,) = hand.claim(parent)
            ended = {"state": "done", "value": 7, "reason": ""}
            assert [(each.kind, each.name, each.body) for each in claimed.signals] == [("child", "r.0", ended)]

    def test_an_ended_run_takes_nothing_any_more(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert hand.finish(number, state=RunState.FAILED) is CommitVerdict.OK
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.state, run.owner, run.ended_at) == (RunState.FAILED, None, 200.0)
            assert hand.write(number, fact()) is CommitVerdict.STALE
            assert hand.signal("r") is CommitVerdict.ENDED

    def test_a_blocked_run_waits_until_it_is_unblocked(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, close=Block("the code changed"))
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.state, run.reason) == (RunState.BLOCKED, "the code changed")
            assert hand.claim(number) == []
            assert hand.ready(versions=["1"]) == []
            assert [each.n for each in hand.commit(Unblock(WORKFLOW)).placed] == [number]
            assert [each.run.epoch for each in hand.claim(number)] == [2]

    def test_a_run_that_its_owner_does_not_drive_is_handed_back_by_it_alone(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", priority=3))
            assert Hand(hand.store, "w_2").verdict(HandBack(number)) is CommitVerdict.STALE
            back = hand.commit(HandBack(number))
            assert [(each.n, each.priority) for each in back.placed] == [(number, 3)]
            assert hand.write(number, fact()) is CommitVerdict.STALE
            assert [each.run.epoch for each in hand.claim(number)] == [2]
            assert hand.write(number, fact(), epoch=2) is CommitVerdict.OK

    def test_a_worker_is_told_of_the_runs_of_its_queues(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            numbers = {
                queue: hand.start(new_run(queue, queue=queue), drive=False) for queue in ("gpu", "mail", "other")
            }
            assert hand.ready() == list(numbers.values())
            assert hand.ready(queues=["mail", "gpu"]) == [numbers["gpu"], numbers["mail"]]
            assert [each.queue for each in hand.wake(queues=["mail"]).ready] == ["mail"]

    def test_runs_that_wait_for_a_version_are_unblocked_by_it_and_no_others(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            numbers = {cause: hand.start(new_run(f"r_{cause}")) for cause in BlockedReason}
            for cause, number in numbers.items():
                hand.write(number, close=Block(f"in words: {cause}", cause))
                run = hand.told(hand.store.run(f"r_{cause}"))
                assert run is not None
                assert (run.blocked, run.reason) == (cause, f"in words: {cause}")
            waiting = numbers[BlockedReason.MISSING_VERSION]
            assert hand.ready(versions=["2"]) == []
            assert set(hand.ready(versions=["1", "2"])) == {waiting}
            run = hand.told(hand.store.run(f"r_{BlockedReason.MISSING_VERSION}"))
            assert run is not None
            assert (run.state, run.blocked) == (RunState.READY, None)

    def test_an_operator_takes_over_what_nobody_drives(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert hand.take_over("r") is None
            hand.finish(number)
            taken = hand.take_over("r")
            assert taken is not None
            assert taken.run.epoch == 2
            assert hand.write(number, fact(FactKind.REWOUND), epoch=2) is CommitVerdict.OK
