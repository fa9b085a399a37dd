"""What a store must do for runs that begin again: drive them by what was recorded since."""

from dataclasses import replace
from pathlib import Path

from podium.model.fact import FactKind
from podium.model.facts.runs import Restarted
from podium.store.inserting import NewFact
from podium.store.operations import BeginGeneration, CommitVerdict, Write
from podium.testing.contracts.hand import fact, new_run
from podium.testing.contracts.opened import OpenedStore

_SECOND = BeginGeneration(2, "2")


class GenerationsContract(OpenedStore):
    """A run that begins again stays with its worker, and is read from there on."""

    def test_a_run_that_begins_again_stays_with_its_worker(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert hand.write(number, fact(key="0"), restarted(2), close=_SECOND) is CommitVerdict.OK
            assert hand.write(number, fact(key="g2.0")) is CommitVerdict.OK
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.generation, run.since, run.version, run.owner) == (2, 2, "2", "w_1")
            assert hand.told(hand.store.verify("r")) == []

    def test_only_its_first_fact_and_its_present_generation_are_read_to_drive_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert [each.seq for each in hand.told(hand.store.generation("r"))] == [0]
            hand.write(number, fact(key="0"), fact(key="1"), restarted(2), close=_SECOND)
            hand.write(number, fact(key="g2.0"), restarted(3), close=BeginGeneration(3, "2"))
            hand.write(number, fact(key="g3.0"))
            hand.park(number, wake=2)
            taken = hand.take_over("r")
            assert taken is not None
            assert taken.facts == hand.told(hand.store.generation("r"))
            assert [(each.seq, each.key) for each in taken.facts] == [(0, ""), (5, ""), (6, "g3.0")]
            assert taken.facts[1].payload == b"3"
            assert len(hand.told(hand.store.facts("r"))) == 7
            assert hand.told(hand.store.generation("nobody")) == []

    def test_it_is_handed_what_came_and_what_was_read_before_is_older(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.signal("r", "s_1")
            before = hand.delivery(number)
            committed = hand.commit(Write(number, 1, [restarted(2)], [], _SECOND))
            came = committed.deliveries[number]
            assert [each.id for each in came.signals] == ["s_1"]
            assert came.wake > before.wake
            assert hand.park(number, wake=before.wake) is CommitVerdict.AWAKE
            assert hand.park(number, wake=came.wake) is CommitVerdict.OK

    def test_it_may_begin_with_more_than_one_fact(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            facts = [fact(key="0"), restarted(2), fact(key="g3.0"), fact(key="g4.0")]
            assert hand.write(number, *facts, close=BeginGeneration(2, "2", 3)) is CommitVerdict.OK
            assert [each.key for each in hand.told(hand.store.generation("r"))] == ["", "", "g3.0", "g4.0"]

    def test_whoever_lost_a_run_does_not_have_it_begin_again(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(key="0"))
            assert hand.write(number, restarted(2), epoch=9, close=_SECOND) is CommitVerdict.STALE
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.generation, run.since, run.version) == (1, 0, "1")

    def test_a_copy_may_begin_in_any_generation(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(replace(new_run("r"), facts=[restarted(7), fact(key="g7.0")], generation=7))
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.generation, run.since) == (7, 1)
            assert [each.seq for each in hand.told(hand.store.generation("r"))] == [0, 1, 2]


def restarted(generation: int) -> NewFact:
    """Return a fact with which a generation begins."""
    said = Restarted(generation=generation, version="2")
    return NewFact(FactKind.RESTARTED, "", 100.0, said.encoded, str(generation).encode())
