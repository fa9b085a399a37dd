"""How long runs have waited for a worker: from when they became ready, however that was, by the clock of the store."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from podium.model.run import BlockedReason, RunState
from podium.store.operations import Block, HandBack, Park, Release, Unblock, Write
from podium.store.postgres.address import parsed
from podium.store.protocol import Serving
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import WORKFLOW, Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore
from tests.contract.test_stores import InFile, InPostgres

LONG_AGO = 1_000.0
"""Seconds since 1970: whatever still has this was not said anew."""
RECENT = 3_600.0


def parked(hand: Hand, wake_at: float | None = None) -> int:
    number = hand.start(new_run("r"))
    hand.write(number, fact(), close=Park(0, wake_at))
    return number


def blocked(hand: Hand, reason: BlockedReason = BlockedReason.CODE) -> int:
    number = hand.start(new_run("r"))
    hand.write(number, fact(), close=Block("why", reason))
    return number


def inserted(hand: Hand) -> None:
    hand.start(new_run("r"), drive=False)


def signalled(hand: Hand) -> None:
    parked(hand)
    hand.signal("r")


def due(hand: Hand) -> None:
    parked(hand, wake_at=200.0)
    hand.told(hand.store.wake("w_1", Serving(versions={}, queues=None, limit=9), 300.0))


def handed_back(hand: Hand) -> None:
    hand.commit(HandBack(hand.start(new_run("r"))))


def left(hand: Hand) -> None:
    hand.start(new_run("r"))
    hand.store.workers.leave("w_1")


def unblocked(hand: Hand) -> None:
    blocked(hand)
    hand.commit(Unblock(WORKFLOW))


def served_again(hand: Hand) -> None:
    blocked(hand, BlockedReason.MISSING_VERSION)
    serving = Serving(versions={WORKFLOW: frozenset({"1"})}, queues=None, limit=9)
    hand.told(hand.store.wake("w_1", serving, 300.0))


def released(hand: Hand) -> None:
    number = parked(hand)
    claimed = hand.take_over("r")
    assert claimed is not None
    hand.commit(Write(number, claimed.run.epoch, [fact()], [], Release(RunState.READY, "", "1", None)))


WAYS: Mapping[str, Callable[[Hand], None]] = {
    way.__name__: way for way in (inserted, signalled, due, handed_back, left, unblocked, served_again, released)
}


class OfReadyRuns(OpenedStore):
    """What each way to become ready says of the time."""

    def age(self, hand: Hand, folder: Path) -> None:
        """Have all that is known of ready runs be from long ago."""
        del hand
        with closing(sqlite3.connect(folder / "podium.db")) as connection, connection:
            connection.execute("UPDATE runs SET ready_at = ?", (LONG_AGO,))

    @pytest.mark.parametrize("way", WAYS)
    def test_a_run_that_becomes_ready_has_not_waited(self, tmp_path: Path, way: str) -> None:
        with self.hand(tmp_path) as hand:
            WAYS[way](hand)
            [queue] = hand.told(hand.store.queue_rows())
            assert (queue.ready, queue.running) == (1, 0)
            assert 0.0 <= queue.oldest_age < RECENT
            self.age(hand, tmp_path)
            [queue] = hand.told(hand.store.queue_rows())
            assert queue.oldest_age > 1e9

    def test_a_run_that_was_ready_before_waits_anew(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"), drive=False)
            self.age(hand, tmp_path)
            hand.claim(number)
            hand.commit(HandBack(number))
            [queue] = hand.told(hand.store.queue_rows())
            assert queue.oldest_age < RECENT


class TestReadyRunsInFile(InFile, OfReadyRuns): ...


class TestReadyRunsInPostgres(InPostgres, OfReadyRuns):
    def age(self, hand: Hand, folder: Path) -> None:
        address = parsed(self.addresses[folder])
        with psycopg.connect(address.server) as connection:
            runs = sql.Identifier(address.schema, "runs")
            connection.execute(sql.SQL("UPDATE {} SET ready_at = %s").format(runs), (LONG_AGO,))


def test_queues_are_read_from_indexes_however_many_runs_there_are(tmp_path: Path) -> None:
    SqliteStore(str(tmp_path / "podium.db")).close()
    with closing(sqlite3.connect(tmp_path / "podium.db")) as connection:
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN SELECT * FROM queues")]
    assert [step for step in plan if "runs" in step] == [
        "SCAN runs USING COVERING INDEX runs_ready_in",
        "SEARCH runs USING INDEX runs_of_state (state=?)",
    ]
