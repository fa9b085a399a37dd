"""A store that an earlier version wrote says the same once it is migrated."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from podium import run_sync
from podium.model.audit import GENESIS, entry_hash
from podium.model.run import BlockedReason
from podium.reports.audit import audit
from podium.store.sqlite.connection import APPLICATION_ID, add_functions, migrate, prepare
from podium.store.sqlite.sql import migrations, schema
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.store import SqliteStore
from podium.store.sqlite.words import FullTextWords
from podium.store.tables.memory_writes import MemoryWrite
from tests.unit.store.schema import migrated

BEFORE_BLOCKED = 9
BEFORE_LIFETIMES = 17
BEFORE_VERSIONS = 22
BEFORE_ENTERED = 27
DIVERGED = (
    "call 0: the journal has a sleep, the code now asks for a call of echo. "
    "Nothing is lost: bring the old code back, or move the run with `podium runs repin`."
)
FULL = (
    "it has 10 facts, as many as most_facts allows. Raise the setting and retry the run, "
    "or divide the work among child runs."
)
MISSING = "no worker has work version 1: register it, or `podium runs repin` the run to one that is there"
QUARANTINED = "quarantined: 3 processes in a row died while they drove it. Find out why"


def store_of(version: int) -> sqlite3.Connection:
    """Return a store as the version of Podium with this schema made it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    add_functions(connection)
    for number, text in migrations():
        if number <= version:
            for statement in text.split(";\n"):
                connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


def seen(connection: sqlite3.Connection) -> list[Any]:
    """Return all that a store says of itself, and what is in each of its tables."""
    about = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version"
    made = connection.execute(
        "SELECT type, name, tbl_name, rtrim(sql, char(10)) FROM sqlite_schema ORDER BY name"
    ).fetchall()
    rows = [
        (name, connection.execute(f"SELECT * FROM {name}").fetchall()) for kind, name, *_ in made if kind == "table"
    ]
    return [connection.execute(about).fetchone(), made, rows]


@pytest.mark.parametrize(
    ("reason", "strikes", "cause"),
    [
        (MISSING, 0, BlockedReason.MISSING_VERSION),
        (MISSING.replace("version 1", "version 2"), 0, BlockedReason.CODE),
        (DIVERGED, 0, BlockedReason.DIVERGED),
        (FULL, 0, BlockedReason.MAX_FACTS),
        (FULL.replace("most_facts", "max_facts"), 0, BlockedReason.MAX_FACTS),
        (QUARANTINED, 3, BlockedReason.QUARANTINED),
        ("call 0: no agent is called 'echo'. Registered: none.", 0, BlockedReason.MISSING_AGENT),
        ("compensation 0: no agent is called 'undo'. Registered: none.", 0, BlockedReason.MISSING_AGENT),
        ("call 0: 'echo' has no version '2'. Registered: 1.", 0, BlockedReason.MISSING_AGENT),
        ("what let the run in objects to it now: guard:pii: a name", 0, BlockedReason.CODE),
    ],
)
def test_why_an_old_run_is_blocked_is_told_from_its_reason(reason: str, strikes: int, cause: BlockedReason) -> None:
    connection = store_of(BEFORE_BLOCKED)
    row = (1, "run_1", "work", "1", "blocked", 1, 0, "default", 0, 1, b"", "default", "local", "run_1", 0.0, reason)
    connection.execute(
        "INSERT INTO runs (n, id, workflow, version, state, epoch, wake, queue, priority, facts, head, tenant,"
        f" principal, root, created_at, reason, strikes) VALUES ({', '.join('?' * 17)})",
        (*row, strikes),
    )
    migrate(connection, ":memory:")
    assert connection.execute("SELECT blocked FROM runs").fetchone() == (cause,)


def test_a_new_store_is_made_as_all_migrations_would_make_it() -> None:
    assert schema() == migrated(), "a migration is new: run `python -m tests.unit.store.schema`"
    new, old = sqlite3.connect(":memory:", isolation_level=None), store_of(migrations()[-1][0])
    migrate(new, ":memory:")
    assert seen(new) == seen(old)
    assert "CREATE TABLE runs" in str(seen(new))


@pytest.mark.parametrize("version", [number for number, _ in migrations()[:-1]])
def test_an_empty_store_of_any_version_becomes_what_a_new_one_is(version: int) -> None:
    old = store_of(version)
    migrate(old, ":memory:")
    assert seen(old) == seen(store_of(migrations()[-1][0]))


class Interrupted(sqlite3.Connection):
    """Has something done just before it begins its nth statement, unless it holds the file by then."""

    before = -1
    meanwhile: Callable[[], None]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.before == 0 and not self.in_transaction:
            self.meanwhile()
        self.before -= 1
        return super().execute(sql, parameters)


@pytest.mark.parametrize("statement", range(4))
def test_a_store_that_another_process_makes_meanwhile_is_ours_at_every_moment(tmp_path: Path, statement: int) -> None:
    path = str(tmp_path / "store.db")
    connection = sqlite3.connect(path, isolation_level=None, factory=Interrupted)
    connection.before, connection.meanwhile = statement, lambda: prepare(path, "process", wait=1.0).close()
    migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone() == (migrations()[-1][0],)
    connection.close()


def test_what_an_old_store_remembered_lasts_for_ever_and_is_deleted_with_its_words() -> None:
    connection = store_of(BEFORE_LIFETIMES)
    connection.execute(
        "INSERT INTO memory (n, scope, key, value, version, writer, at) VALUES (1, 's', 'k', '1', 1, 'w', 0)"
    )
    connection.execute("INSERT INTO memory_text (rowid, words) VALUES (1, 'word')")
    connection.execute(
        "INSERT INTO memory_writes (writer, scope, key, what, version, at) VALUES ('w', 's', 'k', 'put', 1, 0)"
    )
    migrate(connection, ":memory:")
    assert connection.execute("SELECT until FROM memory").fetchone() == (None,)
    assert connection.execute("SELECT version, until FROM memory_writes").fetchone() == (1, None)
    connection.execute("DELETE FROM memory")
    assert connection.execute("SELECT count(*) FROM memory_text").fetchone() == (0,)


def test_no_version_that_an_old_store_gave_comes_again() -> None:
    connection = store_of(BEFORE_VERSIONS)
    for number, (key, version) in enumerate({"there": 3, "gone": 5}.items()):
        connection.execute(
            "INSERT INTO memory_writes (writer, scope, key, what, version, at) VALUES (?, 's', ?, 'put', ?, 0)",
            (str(number), key, version),
        )
    connection.execute(
        "INSERT INTO memory (n, scope, key, value, version, writer, at) VALUES (1, 's', 'there', '1', 3, '0', 0)"
    )
    migrate(connection, ":memory:")
    write = MemoryWrite(writer="w", scope="s", key="gone", now=1.0)
    put = write.put(SqliteStatements(connection), FullTextWords(), 1, expect=0, until=None)
    assert put is not None
    assert put.version == 6


def test_delegations_that_are_there_already_are_entered_in_the_ledger(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as file:
        connection = store_of(BEFORE_ENTERED)
        first = entry_hash(GENESIS, 1, "run_1", 2, b"h" * 32, "done")
        connection.execute("INSERT INTO ledger VALUES (1, 'run_1', 2, ?, 'done', ?)", (b"h" * 32, first))
        for name, expires, quota, revoked_at in (("b", None, None, 7.0), ("a", 9.5, 3, None)):
            connection.execute(
                "INSERT INTO delegations VALUES (?, 'ada', 'bot', 'default', ?, ?, ?, 0, 5.0, ?)",
                (name, b'{"agents":["*"],"tools":["*"],"arguments":{}}', expires, quota, revoked_at),
            )
        migrate(connection, ":memory:")
        connection.backup(file)
    store = SqliteStore(str(tmp_path / "a.db"))
    entries = list(store.ledger.entries())
    assert [(each.n, each.run, each.state) for each in entries] == [
        (1, "run_1", "done"), (2, "a", "granted"), (3, "b", "granted"), (4, "b", "revoked"),
    ]  # fmt: skip
    assert all(entry.follows(before.hash) for before, entry in pairwise(entries))
    found = run_sync(audit(store))
    assert [fault.where for fault in found.faults] == ["run run_1"]
    store.delegations.revoke("a", 8.0)
    assert run_sync(audit(store)).faults == found.faults
    store.close()
