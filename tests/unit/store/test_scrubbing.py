"""Nothing of what was redacted or pruned is left in a store's file and its log, once nobody reads it any more."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from podium import App, Context, agent, human, workflow
from podium.store.sqlite.scrubbing import scrub, unused_in
from podium.testing import DrivenClock

MARKED = b"zq9Hidden"


@agent
async def keeps(text: str) -> str:
    return text[: len(text) // 2]


boss = human("boss", text="Well?", answer=str)


@workflow
async def marked(ctx: Context, text: str) -> str:
    await ctx.call(boss, text)
    return await ctx.call(keeps, text)


@workflow
async def plain(ctx: Context, text: str) -> str:
    return await ctx.call(keeps, text)


def left_in(path: Path) -> dict[str, int]:
    """Return how often the mark stands in which file of a store: as it is, also in the middle of a longer text."""
    found = {each.name: each.read_bytes().count(MARKED) for each in path.parent.iterdir()}
    return {name: count for name, count in found.items() if count}


async def fill(app: App, clock: DrivenClock, count: int, chance: Random) -> list[str]:
    """Drive runs that carry the mark among others, and give the ids of those that do."""
    runs: list[str] = []
    for _ in range(count):
        size = chance.choice([1, 3, 10, 40, 90, 300, 5_000])
        text = f"{MARKED.decode()} {chance.random()} " * size
        handle = await app.start(marked, text, id=f"run_{chance.random()}")
        await app.run(plain, "harmless " * chance.randrange(200), id=f"run_{chance.random()}")
        await clock.settle()
        await app.inbox.answer((await app.inbox.list(run=handle.id))[0].id, f"{MARKED.decode()}!", by="ann")
        runs.append(handle.id)
    for run in runs:
        await (await app.handle(run)).result()
    return runs


async def test_nothing_is_left_of_redacted_runs(tmp_path: Path) -> None:
    path, clock, chance = tmp_path / "a.db", DrivenClock(), Random(7)
    async with App.open(path, agents=[plain], clock=clock) as app:
        runs = await fill(app, clock, 60, chance)
        for run in runs[:30]:
            await app.operations.redact(run, by="ann", why="asked for")
        await clock.advance(100)
        assert await app.operations.retain(50.0, by="ann", why="old") == 90
        assert left_in(path) == {}
        assert (await app.reports.verify(runs[0])) == []
        await app.run(plain, "and on")
    assert left_in(path) == {}


async def test_nothing_is_left_of_pruned_runs(tmp_path: Path) -> None:
    path, clock, chance = tmp_path / "a.db", DrivenClock(), Random(8)
    async with App.open(path, agents=[plain], clock=clock) as app:
        await fill(app, clock, 40, chance)
        await clock.advance(100)
        await app.operations.prune(50.0, by="ann", why="old")
        assert left_in(path) == {}


@pytest.mark.kill
async def test_nothing_is_left_of_a_thousand_redacted_runs(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.db", DrivenClock()
    async with App.open(path, agents=[plain], clock=clock) as app:
        runs = await fill(app, clock, 1_000, Random())
        await clock.advance(100)
        assert left_in(path)
        assert await app.operations.retain(50.0, by="ann", why="old") == 2 * len(runs)
        assert left_in(path) == {}


async def test_what_somebody_reads_is_wiped_once_they_are_done(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.db", DrivenClock()
    async with App.open(path, agents=[plain], clock=clock) as app:
        [run] = await fill(app, clock, 1, Random(9))
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("BEGIN")
            before = reader.execute("SELECT COUNT(*) FROM facts WHERE salt IS NULL").fetchone()
            await app.operations.redact(run, by="ann", why="asked for")
            assert left_in(path)
            assert reader.execute("SELECT COUNT(*) FROM facts WHERE salt IS NULL").fetchone() == before
    assert left_in(path) == {}


def whole(path: Path) -> list[list[object]]:
    """Return all rows of a file, which SQLite finds whole."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("t", "u")]


@pytest.mark.parametrize("page", [512, 1_024, 4_096, 65_536])
def test_nothing_that_is_used_is_changed(tmp_path: Path, page: int) -> None:
    path, chance = tmp_path / "a.db", Random(page)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {page}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB, word TEXT)")
        db.execute("CREATE TABLE u (word TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
        db.execute("CREATE INDEX t_word ON t (word, body)")
        for _ in range(3_000):
            word, body = f"w{chance.randrange(10_000)}", chance.randbytes(chance.choice([0, 5, 50, 700, 9_000]) // 7)
            match chance.randrange(4):
                case 0:
                    db.execute("DELETE FROM t WHERE word < ? AND word > ?", (word, word[:-1]))
                case 1:
                    db.execute("UPDATE t SET body = ? WHERE word > ? AND word < ?", (body, word, f"{word}9"))
                case _:
                    db.execute("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", (chance.randrange(1 << 20), body, word))
                    db.execute("INSERT OR REPLACE INTO u VALUES (?, ?)", (word, body))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before, bytes_before = whole(path), path.read_bytes()
    assert scrub(str(path), slice_pages=100)
    assert whole(path) == before
    assert path.read_bytes() != bytes_before
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO t SELECT n + (1 << 30), body, word FROM t")
        db.commit()
    assert len(whole(path)[0]) == 2 * len(before[0])


def test_what_is_unused_in_a_page_is_found() -> None:
    page = bytearray(512)
    page[0:8] = bytes([13, 1, 0x2C, 0, 1, 1, 0x20, 0])  # a leaf: a freeblock at 300, one cell, content from 288
    page[300:304] = bytes([0, 0, 0, 20])
    assert unused_in(bytes(page), 512, first=False) == [(10, 288), (304, 320)]


WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
db.execute("PRAGMA secure_delete = ON")
print("ready", flush=True)
for n in range(int(sys.argv[2]), 1_000_000, 2):
    db.execute("INSERT INTO t VALUES (?, randomblob(?), ?)", (n, n * 7919 % 900, n * 31 % 1_000))
    if n % 7 == 0:
        db.execute("DELETE FROM t WHERE n = ? - 70", (n,))
    if n % 50 < 2:
        print(n, flush=True)
"""


@pytest.mark.kill
def test_a_file_stays_whole_while_other_processes_write_and_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB, word TEXT)")
        db.execute("CREATE INDEX t_word ON t (word, body)")
        db.execute("CREATE TABLE u (word TEXT PRIMARY KEY)")
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    done = [scrub(str(path), slice_pages=50) for _ in range(40)]
    told = [0, 0]
    for n, writer in enumerate(writers):
        writer.kill()
        rest, _ = writer.communicate()
        told[n] = max([int(line) for line in rest.split()[:-1]], default=0)
    assert any(done)
    rows = {row[0] for row in whole_rows(path)}
    assert all(n in rows for last in told for n in range(max(0, last - 60), last + 1, 2) if n % 7)


def whole_rows(path: Path) -> list[list[object]]:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return db.execute("SELECT n FROM t").fetchall()
