"""Which deaths a run is blamed for, and what clears it."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from podium import run_sync
from podium.model.fact import FactKind
from podium.model.run import BlockedReason, RunState
from podium.store.operations import Block, CommitVerdict, Release, Unblock
from podium.store.protocol import DeadQuery
from podium.store.sqlite.statements import listing
from podium.store.sqlite.store import SqliteStore
from podium.store.tables.pages import given
from podium.testing.contracts.hand import WORKFLOW, Hand, fact, new_run


@pytest.fixture
def store(tmp_path: Path) -> Generator[SqliteStore]:
    opened = SqliteStore(str(tmp_path / "podium.db"))
    yield opened
    opened.close()


def crash_count(store: SqliteStore, run: str = "r") -> int:
    found = run_sync(store.run(run))
    assert found is not None
    return found.crash_count


def change(store: SqliteStore, worker: str, column: str, value: str) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(f"UPDATE workers SET {column} = ? WHERE id = ?", (value, worker))


def died(store: SqliteStore, worker: str) -> list[int]:
    """Have another worker find that the process of this one is gone."""
    change(store, worker, "born", "somebody else's number now")
    return [placed.crash_count for placed in store.workers.reap("w_reaper", {})]


def driven(store: SqliteStore, worker: str, number: int) -> Hand:
    hand = Hand(store, worker)
    assert len(hand.claim(number)) == 1
    return hand


def test_each_run_that_a_dead_process_had_in_memory_gets_a_strike(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    first, second = hand.start(new_run("r")), hand.start(new_run("parked"))
    hand.start(new_run("ready"), drive=False)
    hand.park(second)
    assert died(store, "w_1") == [1]
    assert [crash_count(store, run) for run in ("r", "parked", "ready")] == [1, 0, 0]
    driven(store, "w_2", first)
    assert died(store, "w_2") == [2]


def test_a_process_that_was_only_late_gives_none(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    hand.start(new_run("r"))
    assert [placed.crash_count for placed in store.workers.reap("w_reaper", store.workers.beats("w_reaper"))] == [0]


def test_a_process_of_another_machine_that_is_late_gives_one(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    hand.start(new_run("r"))
    change(store, "w_1", "host", "elsewhere")
    assert store.workers.reap("w_reaper", {}) == []
    assert [placed.crash_count for placed in store.workers.reap("w_reaper", store.workers.beats("w_reaper"))] == [1]


def test_a_process_that_left_gives_none(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    hand.start(new_run("r"))
    assert [placed.crash_count for placed in store.workers.leave("w_1")] == [0]


def test_a_worker_that_is_fenced_already_gives_no_second_one(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    hand.start(new_run("r"))
    assert (died(store, "w_1"), died(store, "w_1")) == ([1], [])
    assert crash_count(store) == 1


def test_a_run_that_came_further_begins_to_be_counted_anew(store: SqliteStore) -> None:
    number = Hand(store, "w_1").start(new_run("r"))
    died(store, "w_1")
    driven(store, "w_2", number)
    assert died(store, "w_2") == [2]
    hand = driven(store, "w_3", number)
    assert hand.write(number, fact(FactKind.ANSWERED, "0"), epoch=3) is CommitVerdict.OK
    assert died(store, "w_3") == [1]
    hand = driven(store, "w_4", number)
    assert hand.write(number, fact(FactKind.ASKED, "1"), epoch=4) is CommitVerdict.OK
    assert died(store, "w_4") == [2]


@pytest.mark.parametrize("way", ["park", "finish", "block"])
def test_leaving_memory_clears_a_run(store: SqliteStore, way: str) -> None:
    number = Hand(store, "w_1").start(new_run("r"))
    died(store, "w_1")
    hand = driven(store, "w_2", number)
    match way:
        case "park":
            hand.park(number, epoch=2)
        case "finish":
            hand.finish(number, epoch=2)
        case _:
            hand.write(number, close=Block("the code changed"), epoch=2)
    assert crash_count(store) == 0


def test_a_quarantined_run_is_kept_from_whoever_serves_its_workflow(store: SqliteStore) -> None:
    number = Hand(store, "w_1").start(new_run("r"))
    died(store, "w_1")
    hand = driven(store, "w_2", number)
    assert hand.write(number, close=Block("quarantined", BlockedReason.QUARANTINED), epoch=2) is CommitVerdict.OK
    assert hand.commit(Unblock(WORKFLOW)).placed == []
    assert hand.ready(versions=["1"]) == []
    taken = hand.take_over("r")
    assert taken is not None
    assert hand.write(number, close=Release(RunState.READY, "", "1", None), epoch=3) is CommitVerdict.OK
    assert hand.ready() == [number]
    assert crash_count(store) == 0


def test_suspects_do_not_hide_the_others_that_are_ready(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    numbers = [hand.start(new_run(f"r{n}")) for n in range(3)]
    died(store, "w_1")
    hand = Hand(store, "w_2")
    hand.claim(*numbers)
    died(store, "w_2")
    hand = Hand(store, "w_3")
    hand.start(new_run("new"), drive=False)
    assert sorted(placed.crash_count for placed in hand.wake(limit=2).ready) == [0, 2, 2]


def test_only_failed_and_quarantined_runs_are_dead(store: SqliteStore) -> None:
    hand = Hand(store, "w_1")
    numbers = {
        name: hand.start(new_run(name)) for name in ("failed", "done", "blocked", "quarantined", "parked", "running")
    }
    hand.write(numbers["failed"], fact(FactKind.ENDED))
    hand.finish(numbers["failed"], state=RunState.FAILED)
    hand.write(numbers["done"], fact(FactKind.ENDED))
    hand.finish(numbers["done"])
    hand.write(numbers["blocked"], fact(FactKind.NOTICE), close=Block("the code changed"))
    hand.park(numbers["parked"])
    died(store, "w_1")
    hand = Hand(store, "w_2")
    hand.claim(numbers["quarantined"])
    hand.write(numbers["quarantined"], fact(FactKind.NOTICE), close=Block("q", BlockedReason.QUARANTINED), epoch=2)
    assert [dead.run.id for dead in run_sync(store.dead(DeadQuery())).items] == ["quarantined", "failed"]
    first = run_sync(store.dead(DeadQuery(limit=1)))
    assert [dead.run.id for dead in first.items] == ["quarantined"]
    rest = run_sync(store.dead(DeadQuery(cursor=first.cursor)))
    assert ([dead.run.id for dead in rest.items], rest.cursor) == (["failed"], None)


def test_the_dead_are_found_without_a_look_at_the_living(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        wanted = given(DeadQuery(tenant="acme"))
        plan = connection.execute(f"EXPLAIN QUERY PLAN {listing('runs_dead', wanted)}", wanted).fetchall()
    assert "SCAN r USING INDEX runs_dead" in [row[3] for row in plan]
