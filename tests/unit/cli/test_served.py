"""What the command line tells of processes that serve, and of runs that nobody serves."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from podium.model.clock import SystemClock
from podium.model.shared_states import SharedStates
from podium.store.sqlite.store import SqliteStore
from tests.unit.cli.in_process import podium
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_serving import desk

SERVED = b'[["mail","gpu"],{"desk":["2","1"]},{"clerk":["3"]}]'


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """Return a store of which one worker says what it serves, and another one has nothing to say."""
    return SqliteStore(str(tmp_path / "podium.db"))


async def said(states: SharedStates) -> bool:
    return await states.swap("serving:w_other", b"", SERVED, now=0.0, until=1e12)


def test_it_tells_who_is_registered_where(tmp_path: Path, store: SqliteStore) -> None:
    path = str(tmp_path / "podium.db")
    assert podium("agents", "--served", "--store", path).out == "no process serves any workflow or agent now\n"
    assert store.states is not None
    store.workers.join("w_other", 0.0)
    assert asyncio.run(said(store.states))
    told = podium("agents", "--served", "--store", path).out.splitlines()
    assert [line.split() for line in told] == [
        ["NAME", "VERSION", "KIND", "QUEUES", "WORKER"],
        ["desk", "1", "workflow", "mail,", "gpu", "w_other"],
        ["desk", "2", "workflow", "mail,", "gpu", "w_other"],
        ["clerk", "3", "agent", "mail,", "gpu", "w_other"],
    ]
    only = json.loads(podium("agents", "CLE", "--served", "--json", "--store", path).out)
    assert only == [{"name": "clerk", "version": "3", "kind": "agent", "queues": ["mail", "gpu"], "worker": "w_other"}]
    none = podium("agents", "nobody", "--served", "--store", path)
    assert none.out == "no such agent or workflow is served now\n"
    wrong = podium("agents", "--served", "--tenant", "acme", "--store", path)
    assert wrong.status == 2
    assert "--tenant does not go with --served" in wrong.err
    store.close()


def test_a_run_that_nobody_serves_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    async def start() -> str:
        async with bench.app(queues=["none"]) as app:
            return (await app.start(desk(), queue="gpu")).id

    run = asyncio.run(start())
    told = podium("runs", "show", run, "--store", str(bench.path)).out.splitlines()
    assert told[-1].startswith("! nobody drives it: no process serves any workflow on this store.")
    store = SqliteStore(str(bench.path))
    assert store.states is not None
    store.workers.join("w_other", 0.0)
    assert asyncio.run(said(store.states))
    told = podium("runs", "show", run, "--store", str(bench.path)).out.splitlines()
    assert not told[-1].startswith("!")
    assert json.loads(podium("runs", "show", run, "--json", "--store", str(bench.path)).out)["unserved"] == ""
    store.close()


def test_who_has_a_worker_drained_that_is_gone_is_told_so(tmp_path: Path, store: SqliteStore) -> None:
    path = str(tmp_path / "podium.db")
    store.workers.join("w_old", 0.0)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE workers SET heard_at = 0")  # as if nothing was heard of it since
    assert "gone" in podium("workers", "list", "--store", path).out
    told = podium("workers", "drain", "w_old", "--store", path)
    assert (told.status, told.out) == (1, "")
    assert "worker w_old is gone before it had drained" in told.err
    store.workers.join("w_new", SystemClock().now())
    told = podium("workers", "drain", "w_new", "--store", path)
    assert not told.status
    assert "w_new (pid" in told.out
    store.close()
