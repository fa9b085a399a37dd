"""The write-ahead log beside somebody who reads for long: writers go on, and afterwards it is short again."""

import asyncio
import logging
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.store.sqlite import connection, store

LONG, LIMIT = 200_000, 100_000
SECONDS = 20.0
"""Far more than all steps take, and less than one of them took that waited for the reader."""

ALL_THAT_IS_WRITTEN = 10_000_000
"""So long the log is of three runs of `writes` where it is never begun anew."""


@workflow
async def writes(ctx: Context) -> None:
    for _ in range(400):
        await ctx.once("step", lambda: "x" * 1_000)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(store, "_LONG_LOG_BYTES", LONG)
    monkeypatch.setattr(store, "_CHECKPOINT_COMMITS", {"process": 50, "power": 50})
    monkeypatch.setattr(connection, "_LOG_BYTES", LIMIT)
    return tmp_path / "a.db"


@pytest.fixture
def reader(path: Path) -> Generator[sqlite3.Connection]:
    store.SqliteStore(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        yield reader


def log_of(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


async def test_a_long_reader_holds_writers_up_for_moments_and_is_told_of(
    path: Path, reader: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "podium"):
        async with App.open(path, agents=[writes]) as app:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM facts").fetchone()
            async with asyncio.timeout(SECONDS):
                await app.run(writes)
            grown = log_of(path)
            reader.execute("COMMIT")
            await app.run(writes)
            assert grown > 2 * LONG
            assert log_of(path) < grown
    told = [record.getMessage() for record in caplog.records if "has been reading for long" in record.getMessage()]
    assert 1 <= len(told) <= 4


async def test_without_one_the_log_stays_short(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with App.open(path, agents=[writes]) as app:
        for _ in range(3):
            await app.run(writes)
        assert log_of(path) < ALL_THAT_IS_WRITTEN / 3
    assert caplog.records == []
