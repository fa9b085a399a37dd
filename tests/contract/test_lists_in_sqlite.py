"""Lists in SQLite are found by an index in their order, however many runs there are; older stores get the indexes."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.app import run_sync
from podium.errors import StoreUnavailable
from podium.model.question import QuestionState
from podium.model.run import RunState
from podium.store.protocol import BudgetQuery, CostQuery, DeadQuery, FactQuery, Query, QuestionQuery, RunQuery
from podium.store.sqlite import readers
from podium.store.sqlite import store as opened
from podium.store.sqlite.connection import APPLICATION_ID, connect, migrate
from podium.store.sqlite.sql import migrations
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.lists import ListsContract

LISTS: dict[str, Sequence[Query]] = {
    "runs": [
        RunQuery(), RunQuery(tenant="a"), RunQuery(principal="a"), RunQuery(workflow="a"), RunQuery(tag="a"),
        RunQuery(parent="a"), RunQuery(state=RunState.DONE), RunQuery(since=1.0, until=2.0), RunQuery(text="a"),
        RunQuery(tenant="a", principal="b", state=RunState.PARKED, since=1.0, text="x"),
        RunQuery(tenant="a", workflow="b", tag="c"),
    ],
    "dead": [DeadQuery(), DeadQuery(asked="a"), DeadQuery(tenant="a", workflow="b", principal="c", since=1.0)],
    "questions": [QuestionQuery(), QuestionQuery(state=QuestionState.OPEN, tenant="a"), QuestionQuery(to="a")],
    "budgets": [BudgetQuery(), BudgetQuery(prefix="run:", tenant="a")],
    "journal": [FactQuery(), FactQuery(run="a"), FactQuery(tenant="a", since=1.0)],
}  # fmt: skip


@agent(cache=60.0)
async def echo(text: str) -> str:
    return text


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


CASES = [(name, query) for name, queries in LISTS.items() for query in queries]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of SQLite by those who look."""
    found: list[str] = []

    def watched(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(found.append)
        return connection

    monkeypatch.setattr(opened, "connect", watched)
    return found


@pytest.mark.parametrize(("name", "query"), CASES)
def test_no_list_is_sorted_and_none_looks_at_all_runs(
    tmp_path: Path, asked: list[str], name: str, query: Query
) -> None:
    plan = plan_of(tmp_path, asked, name, query)
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    in_order = {"journal": "SCAN f", "budgets": "SCAN budgets"}  # by their keys, which are their order
    assert not [
        step for step in plan if step.startswith("SCAN") and " INDEX " not in step and step != in_order.get(name)
    ]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (RunQuery(tenant="a", workflow="w"), "runs_of_workflow"), (RunQuery(tenant="a", tag="t"), "runs_of_tag"),
        (RunQuery(tenant="a", principal="p"), "runs_of_principal"), (RunQuery(tenant="a", parent="p"), "runs_children"),
        (RunQuery(tenant="a", state=RunState.FAILED), "runs_of_state"), (RunQuery(tenant="a"), "runs_of_tenant"),
    ],
)  # fmt: skip
def test_runs_are_looked_up_by_what_finds_the_fewest(
    tmp_path: Path, asked: list[str], query: RunQuery, index: str
) -> None:
    assert plan_of(tmp_path, asked, "runs", query)[0].startswith(f"SEARCH runs USING INDEX {index} (")


def test_what_a_conversation_cost_is_read_from_the_runs_that_had_turns_in_it(tmp_path: Path, asked: list[str]) -> None:
    plan = plan_of(tmp_path, asked, "costs", CostQuery(by="conversation", conversation="u"))
    assert plan.count("SEARCH t USING INDEX facts_turns (<expr>=?)") == 2
    looked_through = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert not looked_through & {"facts", "f", "o", "r", "s"}, plan


async def test_what_is_done_to_one_run_looks_through_no_table(asked: list[str]) -> None:
    """All that a redaction and a pruning ask and delete.

    Turns are few, of the ledger only the end is read, and what the index of words is told of itself is one row. A
    service may look meanwhile who reads streams.
    """
    async with App.open(":memory:", agents=[echo, chat]) as app:
        await app.run(chat, "hello", id="r", conversation="c")
        asked.clear()
        await app.operations.redact("r", by="ann", why="asked for")
        await app.operations.prune(0, by="ann", why="old")
    few = (
        "SCAN f", "SCAN family", "SCAN t", "SCAN ledger", "SCAN main.memory_text_config", "SCAN CONSTANT ROW",
        "SCAN stream_watches",
    )  # fmt: skip
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, ":memory:")
        plans = {
            text: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
            for text in asked if not text.startswith(("-- PRAGMA", "PRAGMA", "BEGIN", "COMMIT"))
        }  # fmt: skip
    assert any(text.startswith("DELETE FROM answers_kept WHERE run IN") for text in plans)
    through = {
        (text, step) for text, plan in plans.items() for step in plan
        if step.startswith("SCAN") and step not in few and "VIRTUAL TABLE" not in step
    }  # fmt: skip
    assert not through


def plan_of(folder: Path, asked: list[str], name: str, query: Query) -> list[str]:
    store = SqliteStore(str(folder / "podium.db"))
    asked.clear()
    run_sync(getattr(store, name)(query))
    store.close()
    [text] = [each for each in asked if "SELECT" in each]
    with closing(sqlite3.connect(store.path)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]


def test_a_store_of_an_older_version_is_migrated_and_lists_what_it_has(tmp_path: Path) -> None:
    path = str(tmp_path / "podium.db")
    with closing(connect(path, "process", wait=1.0)) as old:
        for number, text in migrations()[:7]:
            for statement in text.split(";\n"):
                old.execute(statement)
            old.execute(f"PRAGMA user_version = {number}")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA journal_mode = WAL")
        old.execute(
            "INSERT INTO runs (id, workflow, version, state, epoch, wake, queue, priority, facts, head, tenant, "
            "principal, root, created_at, reason) "
            "VALUES ('old', 'work', '1', 'ready', 0, 0, 'default', 0, 0, x'', 'acme', 'ann', 'old', 50.0, '')"
        )
    store = SqliteStore(path)
    hand = Hand(store)
    hand.start(new_run("new"))
    assert [run.id for run in hand.told(store.runs(RunQuery())).items] == ["new", "old"]
    assert [run.id for run in hand.told(store.runs(RunQuery(tenant="acme", until=60.0))).items] == ["old"]
    hand.close()


def test_what_took_long_is_left_to_a_thread_at_once_and_tried_again_in_a_while(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is work done twice, nor is what is quick by now read in a thread for ever."""
    with closing(Hand(SqliteStore(str(tmp_path / "podium.db")))) as hand:
        for n in range(20):
            hand.start(new_run(f"r{n}"))

        def begun_here(query: RunQuery) -> int:
            asked.clear()
            assert len(hand.told(hand.store.runs(query)).items) == 20
            return len(asked)

        monkeypatch.setattr(readers, "_STEPS", 1)
        assert begun_here(RunQuery()) == 1
        monkeypatch.setattr(readers, "_STEPS", 1_000_000)
        assert [begun_here(RunQuery()) for _ in range(readers.LONG_READS + 2)] == [0] * readers.LONG_READS + [1, 1]
        assert begun_here(RunQuery(since=1.0)) == 1, "another statement"


class TestListsInThreads(ListsContract):
    """A look that takes longer than is good for the event loop is made in a thread, and tells the same."""

    @pytest.fixture(autouse=True)
    def all_take_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(readers, "_STEPS", 1)

    def open_store(self, folder: Path) -> SqliteStore:
        return SqliteStore(str(folder / "podium.db"))

    def test_it_is_a_thread_indeed(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, *(fact(key=str(n)) for n in range(50)))
            assert len(hand.told(hand.store.facts("r"))) == 51
            assert [each.name for each in threading.enumerate() if each.name.startswith("podium-read")]

    def test_what_is_wrong_with_the_store_is_told_from_there_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r"))
            with closing(sqlite3.connect(tmp_path / "podium.db")) as connection:
                connection.execute("ALTER TABLE blobs RENAME TO gone")
            with pytest.raises(StoreUnavailable, match="no such table"):
                hand.told(hand.store.journal(FactQuery()))
