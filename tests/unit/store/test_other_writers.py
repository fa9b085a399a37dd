"""Where another process writes, commits wait in a thread: the event loop goes on."""

import asyncio
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from podium.model.fact import FactKind
from podium.store.operations import CommitVerdict, Operation, Start, Write
from podium.store.sqlite.connection import Durability
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import fact, new_run

PATIENCE = 20.0
"""Seconds for which another one keeps the lock where the loop does not go on: less than a commit waits for it."""


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("durability", ["process", "power"])
@pytest.mark.parametrize("many", [False, True])
async def test_a_commit_that_waits_for_another_writer_does_not_hold_up_the_loop(
    tmp_path: Path, durability: Durability, *, alone: bool, many: bool
) -> None:
    path = str(tmp_path / "x.db")
    with closing(SqliteStore(path, durability=durability)) as store:
        store.workers.join("w", 0.0)
        run = (await store.commit("w", [Start(new_run("r"), drive=True)])).started["r"]
        write: list[Operation] = [Write(run, 1, [fact(FactKind.LOOKED_UP, "a")])]
        written = [*write, Start(new_run("r2"), drive=False)] if many else write
        with holding_the_lock(path) as (goes_on, held_up):
            committing = asyncio.ensure_future(store.commit("w", written, alone=alone))
            await asyncio.sleep(0)
            assert not committing.done()
            goes_on.set()
            assert (await committing).verdicts[0] == CommitVerdict.OK
        assert not held_up.is_set()


@contextmanager
def holding_the_lock(path: str) -> Generator[tuple[threading.Event, threading.Event]]:
    """Have a thread write, until it is told that the loop goes on; it tells where it was not."""
    locked, goes_on, held_up = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            locked.set()
            if not goes_on.wait(PATIENCE):
                held_up.set()
            other.execute("ROLLBACK")

    thread = threading.Thread(target=write)
    thread.start()
    locked.wait()
    yield goes_on, held_up
    thread.join()
