"""Costs in SQLite: what is read for them, however many runs there are, and what is kept."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from podium.model.cost import Dimension
from podium.store.operations import CommitVerdict
from podium.store.protocol import CostQuery
from podium.store.sqlite.statements import SqliteStatements, listing
from podium.store.sqlite.store import SqliteStore
from podium.store.tables import costs as adding
from podium.store.tables.statements import QueryValues, Row, Statements
from podium.testing.contracts.costs import pruning_of, ran
from podium.testing.contracts.hand import Hand, new_run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "podium.db"


@pytest.fixture
def hand(path: Path) -> Generator[Hand]:
    """A store in which a tree has ended and is added up."""
    hand = Hand(SqliteStore(str(path)))
    ran(hand, new_run("a"))
    ran(hand, replace(new_run("a.0"), root="a", parent="a"))
    assert hand.told(hand.store.keep_costs(10)) == 1
    yield hand
    hand.close()


def kept(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM run_costs").fetchone()[0])


@pytest.mark.parametrize("by", ["agent", "model", "workflow", "tenant", "day", "run"])
def test_no_fact_of_what_is_kept_is_read(hand: Hand, path: Path, by: Dimension) -> None:
    before = hand.told(hand.store.costs(CostQuery(by=by))).items
    assert before
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM facts")
        connection.commit()
    assert hand.told(hand.store.costs(CostQuery(by=by))).items == before


def test_costs_since_a_time_are_read_of_what_ended_after_it(
    hand: Hand, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many trees had ended before: they are found by an index, and the rest is looked up by its key."""
    asked: list[tuple[str, QueryValues]] = []
    rows = SqliteStatements.listed

    def watched(self: SqliteStatements, name: str, wanted: QueryValues) -> list[Row]:
        asked.append((listing(name, wanted), wanted))
        return rows(self, name, wanted)

    monkeypatch.setattr(SqliteStatements, "listed", watched)
    hand.told(hand.store.costs(CostQuery(since=110.0)))
    [(text, wanted)] = asked
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", wanted)]
    assert "SEARCH s USING PRIMARY KEY (by=? AND root=?)" in plan, plan
    assert "SEARCH runs USING COVERING INDEX runs_costed (costed_to>?)" in plan, plan


def test_where_very_many_trees_go_on_all_facts_are_read(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(hand, new_run("b"), ends=False)
    before = hand.told(hand.store.costs(CostQuery())).items
    monkeypatch.setattr(adding, "MOST_OPEN", 0)
    asked: list[QueryValues] = []
    rows = SqliteStatements.listed

    def watched(self: SqliteStatements, name: str, wanted: QueryValues) -> list[Row]:
        asked.append(wanted)
        return rows(self, name, wanted)

    monkeypatch.setattr(SqliteStatements, "listed", watched)
    assert hand.told(hand.store.costs(CostQuery())).items == before
    assert [("trees" in wanted, wanted["costed"]) for wanted in asked] == [(False, "")]


def test_what_is_deleted_leaves_nothing_that_was_kept(hand: Hand, path: Path) -> None:
    assert kept(path) > 0
    assert hand.verdict(pruning_of(hand, "a")) is CommitVerdict.OK
    assert kept(path) == 0


def test_what_changes_while_it_is_added_up_is_not_kept_as_it_was(
    hand: Hand, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(hand, new_run("b"))
    read = adding.trees_due

    def changing(statements: Statements, limit: int) -> object:
        found = read(statements, limit)
        assert [each.root for each in found]
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE runs SET epoch = epoch + 1 WHERE id = 'b'")
            connection.commit()
        return found

    monkeypatch.setattr(adding, "trees_due", changing)
    before = kept(path)
    assert hand.told(hand.store.keep_costs(10)) == 0
    assert kept(path) == before
