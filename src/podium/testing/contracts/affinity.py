"""What a store must do so that runs with something in common go to the same worker."""

from pathlib import Path

from podium.model.run import Signal
from podium.store.operations import HandBack, Send, Start
from podium.store.protocol import Drain, Serves
from podium.testing.contracts.hand import Hand, new_run
from podium.testing.contracts.opened import OpenedStore

LONG = 1_000_000.0
"""Seconds for which a run is left to another worker, where the test is not about time."""
_MANY = 100_000
"""Looks that take far longer than what is waited for."""
SLOTS = 2
SERVES = Serves(slots=SLOTS)


def _second(hand: Hand, *, serves: Serves = SERVES) -> Hand:
    """Enter another worker, which has driven a run of the affinity `k`."""
    other = Hand(hand.store, "w_2", serves=serves)
    other.claim(other.start(new_run("first", affinity="k"), drive=False))
    other.finish(1)
    return other


class AffinityContract(OpenedStore):
    """A run is left for a while to the worker that drove the last one of its affinity, where that could take it."""

    def test_a_run_is_left_for_a_while_to_the_worker_that_drove_the_last_one_of_its_affinity(
        self, tmp_path: Path
    ) -> None:
        with self.hand(tmp_path) as hand:
            assert hand.ready(affinity_wait=LONG, worker="w_1") == []
            _second(hand)
            number = hand.start(new_run("next", affinity="k"), drive=False)
            assert hand.ready(affinity_wait=LONG, worker="w_1") == []
            assert hand.ready(affinity_wait=LONG, worker="w_2") == [number]
            assert hand.ready(affinity_wait=0.0, worker="w_1") == [number]

    def test_nobody_has_to_be_told_when_the_while_is_over(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            number = hand.start(new_run("next", affinity="k"), drive=False)
            looks = (hand.ready(affinity_wait=0.2, worker="w_1") for _ in range(_MANY))  # the same, and nothing changes
            assert next(filter(None, looks)) == [number]

    def test_whoever_has_nothing_to_do_with_it_is_left_nothing(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            none, another, elsewhere = (
                hand.start(run, drive=False)
                for run in (new_run("a"), new_run("b", affinity="l"), new_run("c", affinity="k", tenant="t"))
            )
            assert hand.ready(affinity_wait=LONG, worker="w_1") == [none, another, elsewhere]

    def test_a_run_goes_to_any_worker_where_that_one_is_gone(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            number = hand.start(new_run("next", affinity="k"), drive=False)
            hand.store.workers.leave("w_2")
            assert hand.ready(affinity_wait=LONG, worker="w_1") == [number]

    def test_a_run_goes_to_any_worker_where_that_one_is_drained(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            number = hand.start(new_run("next", affinity="k"), drive=False)
            assert hand.store.workers.drain("w_2", Drain(by="ann", why="", at=100.0))
            assert hand.ready(affinity_wait=LONG, worker="w_1") == [number]

    def test_a_run_goes_to_any_worker_where_that_one_has_no_slot(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            other = _second(hand)
            number = hand.start(new_run("next", affinity="k"), drive=False)
            driven = [other.start(new_run(f"else{i}")) for i in range(SLOTS)]
            assert hand.ready(affinity_wait=LONG, worker="w_1") == [number]
            other.finish(driven[0])
            assert hand.ready(affinity_wait=LONG, worker="w_1", limit=11) == []

    def test_slots_are_those_of_the_queue_where_queues_are_named(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            other = _second(hand, serves=Serves(slots=1, queues=frozenset(("default", "q"))))
            here, there, nowhere = (
                hand.start(new_run(queue, affinity="k", queue=queue), drive=False) for queue in ("default", "q", "x")
            )
            assert hand.ready(affinity_wait=LONG, worker="w_1") == [nowhere]
            other.start(new_run("else", queue="q"))
            assert hand.ready(affinity_wait=LONG, worker="w_1", limit=11) == [there, nowhere]
            assert other.ready(affinity_wait=LONG, worker="w_2", queues=["default"]) == [here]

    def test_who_drove_the_last_one_counts_and_not_who_drove_the_first(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            hand.store.workers.beat("w_1", 100.0)
            hand.claim(hand.start(new_run("second", affinity="k"), drive=False))
            number = hand.start(new_run("third", affinity="k"), drive=False)
            assert hand.ready(affinity_wait=LONG, worker="w_2") == [number]  # w_1 has no slot
            hand.finish(2)
            third = Hand(hand.store, "w_3", serves=SERVES)
            third.claim(number)
            last = hand.start(new_run("fourth", affinity="k"), drive=False)
            assert hand.ready(affinity_wait=LONG, worker="w_1") == []
            assert hand.ready(affinity_wait=LONG, worker="w_3") == [last]

    def test_runs_that_are_left_to_another_do_not_hide_those_behind_them(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _second(hand)
            for i in range(3):
                hand.start(new_run(f"k{i}", affinity="k", priority=9), drive=False)
            number = hand.start(new_run("r"), drive=False)
            assert hand.ready(affinity_wait=LONG, worker="w_1", limit=2) == [number]

    def test_whatever_makes_such_a_run_ready_says_that_a_look_tells_whose_turn_it_is(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            (told,) = hand.commit(Start(new_run("r", affinity="k"), drive=False)).placed
            assert told.sticky
            (found,) = hand.wake(affinity_wait=LONG, worker="w_1").ready
            assert not found.sticky
            hand.claim(told.n)
            hand.park(told.n)
            (told,) = hand.commit(Send("r", Signal("s", "signal", "go", None, 100.0))).placed
            assert told.sticky
            hand.claim(told.n)
            hand.park(told.n, wake=1, wake_at=300.0, epoch=2)
            (told,) = hand.wake(300.0).placed
            assert told.sticky
            hand.claim(told.n)
            (told,) = hand.commit(HandBack(told.n)).placed
            assert told.sticky
            hand.claim(told.n)
            (told,) = hand.store.workers.leave("w_1")
            assert not told.sticky  # its worker is gone: it is anybody's

    def test_a_run_says_its_affinity(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r", affinity="k"))
            hand.start(new_run("s"))
            runs = [hand.told(hand.store.run(each)) for each in ("r", "s")]
            assert [run and run.affinity for run in runs] == ["k", None]
