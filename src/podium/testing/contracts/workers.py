"""What a store must know of workers and queues."""

from pathlib import Path

from podium.store.operations import Park
from podium.store.protocol import Drain, Serves, StoredQueue
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_DRAIN = Drain(by="ann", why="deploy", at=120.0)
_SOON = 60.0
"""Seconds within which a test has come as far; the store has a clock of its own."""


def _queues(hand: Hand) -> list[tuple[str, int, int]]:
    rows: list[StoredQueue] = hand.told(hand.store.queue_rows())
    assert all(0 <= row.oldest_age < _SOON for row in rows)
    assert all(row.ready or not row.oldest_age for row in rows)
    return [(row.queue, row.ready, row.running) for row in rows]


class WorkersContract(OpenedStore):
    """Who drives runs, who has them drained, and how many runs wait in each queue."""

    def test_a_worker_is_listed_with_what_it_said_of_itself_until_it_leaves(self, tmp_path: Path) -> None:
        serves = Serves(version="7", queues=frozenset({"gpu", "cpu"}), slots=3, lease=30.0)
        with self.hand(tmp_path) as hand:
            hand.store.workers.join("w_2", 110.0, serves)
            hand.store.workers.beat("w_2", 115.0, {"gpu": 0.5})
            hand.start(new_run("r"))
            first, second = hand.told(hand.store.worker_rows())
            assert (first.id, first.since, first.running, first.rates) == ("w_1", 100.0, 1, {})
            assert first.serves.queues is None
            assert (second.id, second.since, second.beat, second.running) == ("w_2", 110.0, 115.0, 0)
            assert (second.serves, second.rates) == (serves, {"gpu": 0.5})
            assert not (second.left or second.lost)
            hand.store.workers.leave("w_2")
            assert [row.id for row in hand.told(hand.store.worker_rows())] == ["w_1"]
            left = hand.told(hand.store.worker_row("w_2"))
            assert left is not None
            assert (left.left, left.lost) == (True, False)
            assert hand.told(hand.store.worker_row("w_3")) is None

    def test_how_long_a_worker_was_silent_is_told_by_the_clock_of_the_store(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            workers = hand.store.workers
            workers.join("w_2", 1.0)  # seconds since 1970: its clock is far behind
            assert all(0 <= row.silence < _SOON for row in hand.told(hand.store.worker_rows()))
            workers.beat("w_2", 9e9)  # and now far ahead
            row = hand.told(hand.store.worker_row("w_2"))
            assert row is not None
            assert 0 <= row.silence < _SOON
            assert len(workers.others("w_1")) == 1

    def test_who_is_declared_dead_did_not_leave(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.workers.join("w_2", 110.0)
            hand.store.workers.reap("w_1", {"w_2": 110.0})
            lost = hand.told(hand.store.worker_row("w_2"))
            assert lost is not None
            assert (lost.left, lost.lost) == (False, True)

    def test_a_worker_that_is_to_drain_is_told_at_each_beat_and_nobody_else_is(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            workers = hand.store.workers
            workers.join("w_2", 110.0)
            assert workers.drain("w_2", _DRAIN)
            assert not workers.drain("w_2", Drain(by="bob", why="else", at=121.0))  # whoever is first stays
            for at in (122.0, 123.0):
                told = workers.beat("w_2", at)
                assert told is not None
                assert told.drain == _DRAIN
            other = workers.beat("w_1", 123.0)
            assert other is not None
            assert other.drain is None
            workers.drained("w_2", 124.0)
            row = hand.told(hand.store.worker_row("w_2"))
            assert row is not None
            assert (row.drain, row.drained_at) == (_DRAIN, 124.0)

    def test_nobody_drains_who_is_gone_or_was_never_there(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.workers.leave("w_1")
            assert not hand.store.workers.drain("w_1", _DRAIN)
            assert not hand.store.workers.drain("w_9", _DRAIN)
            assert list(hand.store.ledger.entries()) == []

    def test_who_had_a_worker_drained_is_entered_in_the_ledger(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.workers.drain("w_1", _DRAIN)
            (entry,) = hand.store.ledger.entries()
            assert (entry.run, entry.state, entry.facts) == ("w_1", "drained", 0)
            assert hand.store.ledger.drains() == [("w_1", entry.head)]
            assert hand.store.ledger.orphans() == []
            assert hand.store.ledger.of("w_1") == []

    def test_queues_have_what_waits_and_what_is_driven(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            assert _queues(hand) == []
            hand.start(new_run("a", queue="gpu"), drive=False)
            number = hand.start(new_run("b", queue="gpu"), drive=False)
            parked = hand.start(new_run("c"))
            assert _queues(hand) == [("default", 0, 1), ("gpu", 2, 0)]
            hand.claim(number)
            hand.write(parked, fact(), close=Park(0, None))
            assert _queues(hand) == [("gpu", 1, 1)]
            hand.signal("c")
            assert _queues(hand) == [("default", 1, 0), ("gpu", 1, 1)]
            hand.store.workers.leave("w_1")
            assert _queues(hand) == [("default", 1, 0), ("gpu", 2, 0)]
