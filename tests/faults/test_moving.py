"""A move of a store that is killed leaves nothing that opens as one, and a second try works."""

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from podium.store.opening import open_store
from podium.store.postgres.address import parsed
from podium.store.sqlite.store import SqliteStore
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

ROWS = 60_000


def filled(path: Path) -> str:
    SqliteStore(str(path)).close()
    with closing(sqlite3.connect(path)) as db, db:
        rows = ((n << 24, 1, "", 1.0, 1, b"h", b"{}", b'"said"') for n in range(ROWS))
        columns = "place, kind, key, at, epoch, hash, body, payload"
        db.executemany(f"INSERT INTO facts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return str(path)


def is_there(target: str) -> bool:
    """Whether there is a store, or anything of one."""
    if not target.startswith("postgresql"):
        return Path(target).exists()
    address = parsed(target)
    with psycopg.connect(address.server) as connection:
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (address.schema,)).fetchone()
    return found is not None


def begun(folder: Path, *arguments: str) -> Process:
    return commands.begin(["podium", "store", "move", *arguments], cwd=folder, env={**os.environ}, merged=True)


def ended(process: Process) -> None:
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told


@pytest.mark.kill
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_killed_at_any_moment_there_is_nothing_and_the_second_try_moves_all(
    tmp_path: Path, postgres: PostgresServer, backend: str
) -> None:
    source = filled(tmp_path / "a.db")
    target = postgres.address() if backend == "postgresql" else str(tmp_path / "b.db")
    began = time.monotonic()
    first = str(tmp_path / "first.db") if backend == "sqlite" else postgres.address()
    ended(begun(tmp_path, source, first))
    took = time.monotonic() - began
    ended(begun(tmp_path, "--undo", source))
    for _ in range(4):
        moving = begun(tmp_path, source, target)
        time.sleep(random.random() * took)
        moving.send_signal(signal.SIGKILL)
        moving.communicate(timeout=300)
        if moving.returncode == 0:
            break
        assert not is_there(target)
    else:
        ended(begun(tmp_path, source, target))
    with closing(open_store(target)) as store:
        assert store.ledger.foreign() == []
        assert store.ledger.stray_runs() == ROWS
    assert [path.name for path in tmp_path.iterdir() if ".moving" in path.name] == []
