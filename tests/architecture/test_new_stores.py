"""The stores that the tests copy are as those that are made."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from podium.errors import NotAStore
from podium.store.sqlite.connection import prepare
from podium.store.sqlite.schema import own_schema, schema_of
from podium.store.sqlite.store import SqliteStore

SETTINGS = ("application_id", "user_version", "page_size", "journal_mode", "auto_vacuum", "encoding")


def settings(connection: sqlite3.Connection) -> list[object]:
    return [connection.execute(f"PRAGMA {each}").fetchone() for each in SETTINGS]


def test_a_copied_file_is_as_one_that_is_made(tmp_path: Path) -> None:
    SqliteStore(str(tmp_path / "copied.db")).close()
    with (
        closing(prepare(str(tmp_path / "made.db"), "process", wait=0.0)) as made,
        closing(sqlite3.connect(tmp_path / "copied.db")) as copied,
    ):
        assert settings(copied) == settings(made)
        assert schema_of(copied) == schema_of(made) == own_schema()
    modes = {(tmp_path / f"{name}.db").stat().st_mode for name in ("copied", "made")}
    assert len(modes) == 1
    assert {each.name for each in tmp_path.iterdir()} == {"copied.db", "made.db"}


def test_a_copied_store_in_memory_has_the_same_tables() -> None:
    store: Any = SqliteStore(":memory:")
    assert schema_of(store._loop) == own_schema()
    store.close()


def test_what_is_there_already_is_not_copied_over(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (a)")
    with pytest.raises(NotAStore, match="is not a Podium store"):
        SqliteStore(str(path))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("mine",)]


def test_threads_that_make_it_at_once_all_have_the_same(tmp_path: Path) -> None:
    stores, ready = list[SqliteStore](), Barrier(4)

    def make() -> None:
        ready.wait()
        stores.append(SqliteStore(str(tmp_path / "a.db")))

    threads = [Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(stores) == 4
    for each in stores:
        each.close()
    assert {each.name for each in tmp_path.iterdir()} == {"a.db"}
