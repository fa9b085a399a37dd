"""Copies of a store while it is written, checks of copies, and a smaller file."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from podium import App, Context, RunState, agent, workflow
from podium.errors import NotAllowed, NotPossible, StoreUnavailable
from podium.model.principal import Principal
from podium.operations.upkeep import check_copy
from podium.store.sqlite import upkeep
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

DAY = 86_400.0


@agent
async def say(text: str) -> str:
    return text * 1_000


@workflow
async def speaks(ctx: Context, text: str) -> int:
    return len(await ctx.call(say, text))


@workflow
async def waits(ctx: Context) -> None:
    await ctx.sleep(5 * DAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
async def app(path: Path, clock: DrivenClock) -> AsyncGenerator[App]:
    async with App.open(path, agents=[speaks, waits], clock=clock) as app:
        for number in range(20):
            await app.run(speaks, "classified ", id=f"r{number}")
        await app.start(waits, id="w")
        await clock.settle()
        yield app


def copies(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if "copy" in each.name}


def bytes_of(path: Path) -> int:
    return path.stat().st_size


async def test_a_copy_has_all_that_was_recorded_and_goes_on_by_itself(
    app: App, path: Path, tmp_path: Path, clock: DrivenClock
) -> None:
    done = await app.operations.backup(tmp_path / "copy.db")
    assert (done.check.problem, done.check.runs) == ("", {RunState.DONE: 20, RunState.PARKED: 1})
    assert copies(tmp_path) == {"copy.db"}
    async with App.open(tmp_path / "copy.db", agents=[speaks, waits], clock=clock) as other:
        await clock.advance(6 * DAY)
        assert (await other.runs.get("w")).state is RunState.DONE


async def test_a_file_that_is_there_is_not_overwritten_unless_one_says_so(app: App, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine", encoding="utf-8")
    with pytest.raises(NotPossible, match="is there already"):
        await app.operations.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text(encoding="utf-8") == "mine"
    done = await app.operations.backup(tmp_path / "copy.db", overwrite=True)
    assert done.bytes == (tmp_path / "copy.db").stat().st_size
    with pytest.raises(NotPossible, match="the folder of"):
        await app.operations.backup(tmp_path / "no" / "copy.db")


@pytest.mark.parametrize("name", ["store", "log", "link"])
async def test_a_copy_does_not_take_the_place_of_the_store_itself(
    app: App, path: Path, tmp_path: Path, name: str
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    target = {"store": path, "log": Path(f"{path}-wal"), "link": link}[name]
    with pytest.raises(NotPossible, match="is the store itself"):
        await app.operations.backup(target, overwrite=True)


async def test_a_copy_of_a_store_that_is_not_whole_gets_no_name(app: App, path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM facts WHERE place = (SELECT MIN(place) FROM facts)")
        connection.commit()
    with pytest.raises(NotPossible, match="the copy of the store is not whole: run r0"):
        await app.operations.backup(tmp_path / "copy.db")
    assert copies(tmp_path) == set()


async def test_others_write_while_a_copy_is_made(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has what was recorded when it was begun, and whoever writes meanwhile does not wait for its end."""
    made = upkeep.new_file

    def write_meanwhile(statement: str) -> None:
        if statement.startswith("PRAGMA journal_mode"):  # the copy is made, and not yet given up
            with closing(sqlite3.connect(tmp_path / "a.db", timeout=0.0)) as other:
                other.execute("UPDATE runs SET priority = 7")
                other.commit()

    def slow(path: Path) -> sqlite3.Connection:
        connection = made(path)
        connection.set_trace_callback(write_meanwhile)
        return connection

    monkeypatch.setattr(upkeep, "new_file", slow)
    await app.operations.backup(tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT DISTINCT priority FROM runs").fetchall() == [(0,)]
    assert (await app.runs.get("r0")).priority == 7


WRITER = """
import sys
from podium import App, Context, run_sync, workflow

@workflow
async def count(ctx: Context) -> None:
    for _ in range(50):
        await ctx.once("step", lambda: 1)

async def main():
    async with App.open(sys.argv[1], agents=[count]) as app:
        print("ready", flush=True)
        while True:
            await app.run(count)

run_sync(main())
"""


async def test_a_copy_is_whole_while_another_process_writes(path: Path, tmp_path: Path) -> None:
    SqliteStore(str(path)).close()
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path), stdout=PIPE)
    try:
        assert writer.stdout is not None
        await writer.stdout.readline()
        async with App.open(path) as app:
            for number in range(5):
                done = await app.operations.backup(tmp_path / f"copy{number}.db")
                assert (done.check.problem, writer.returncode) == ("", None)
    finally:
        writer.kill()
        await writer.wait()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (b"no store at all", "it is no store of Podium"),
        ("PRAGMA application_id = 5", "it is no store of Podium"),
        ("PRAGMA user_version = 999", "it is of a newer Podium (schema 999"),
        ("UPDATE facts SET key = '77' WHERE place = (SELECT MAX(place) FROM facts)", "run w"),
        ("UPDATE ledger SET facts = 7 WHERE n = 3", "ledger entry 3: it was changed"),
    ],
)
async def test_a_copy_with_which_nobody_can_go_on_is_told(
    app: App, tmp_path: Path, clock: DrivenClock, damage: bytes | str, problem: str
) -> None:
    copy = tmp_path / "copy.db"
    await app.operations.backup(copy)
    if isinstance(damage, bytes):
        copy.write_bytes(damage)
    else:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute(damage)
            connection.commit()
    before = copy.read_bytes()
    found = await check_copy(copy, now=clock.now())
    assert found.problem.startswith(problem), found.problem
    assert copy.read_bytes() == before
    assert not (tmp_path / "copy.db-wal").exists()


async def test_a_copy_says_what_comes_of_going_on_with_it(app: App, tmp_path: Path, clock: DrivenClock) -> None:
    copy = tmp_path / "copy.db"
    await app.operations.backup(copy)
    found = await check_copy(copy, now=clock.now() + 6 * DAY)
    assert (found.problem, found.runs[RunState.PARKED], found.overdue) == ("", 1, 1)
    assert found.last is not None
    assert found.audit is not None
    assert found.audit.faults == []
    with pytest.raises(NotPossible, match="there is no file"):
        await check_copy(tmp_path / "nothing.db", now=0.0)


async def test_a_torn_copy_is_found_damaged(app: App, tmp_path: Path, clock: DrivenClock) -> None:
    copy = tmp_path / "copy.db"
    await app.operations.backup(copy)
    copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    assert (await check_copy(copy, now=clock.now())).problem.startswith("SQLite finds it damaged")


async def test_the_file_shrinks_once_what_was_pruned_is_given_back(app: App, path: Path, clock: DrivenClock) -> None:
    await clock.advance(2 * DAY)
    await app.operations.prune(DAY, why="old")
    done = await app.operations.compact()
    assert done.before.free > 50_000
    assert done.after.free == 0
    assert done.after.log < 5_000  # a beat of the worker may come between
    assert done.after.data == bytes_of(path) < done.before.data
    assert await app.run(speaks, "on ") == 3_000


async def test_a_store_that_others_work_on_is_not_compacted(app: App, path: Path, clock: DrivenClock) -> None:
    async with App.open(path, clock=clock) as other:
        with pytest.raises(NotPossible, match=r"others drive runs on it: pid \d+ on"):
            await other.operations.compact()


async def test_compacting_says_how_much_room_it_needs(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=10)

    monkeypatch.setattr("podium.store.sqlite.upkeep.shutil.disk_usage", full)
    with pytest.raises(StoreUnavailable, match=r"needs [\d,]+ bytes of free disk beside it, and there are 10"):
        await app.operations.compact()


async def test_a_tenants_operator_looks_after_runs_and_not_after_the_store(app: App, tmp_path: Path) -> None:
    ops = app.scoped(Principal(who="ann", tenant="acme", roles=frozenset({"operator"}))).operations
    with pytest.raises(NotAllowed, match="a copy of the store"):
        await ops.backup(tmp_path / "copy.db")
    assert (await ops.prune(0.0, why="old")).families == []
