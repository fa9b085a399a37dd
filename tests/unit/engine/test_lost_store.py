"""A store whose file is deleted or replaced while it is open: it is told, and nothing is written from then on."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, run_sync, workflow
from podium.errors import StoreLost
from podium.store.sqlite.store import SqliteStore
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


def delete(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    SqliteStore(str(other)).close()
    other.replace(path)


def copy_back(path: Path) -> None:
    """Restore a backup as `cp` does it to a name that is free: what looks the same is another file."""
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)


def delete_all(path: Path) -> None:
    for part in ("", "-wal", "-shm"):
        Path(f"{path}{part}").unlink()


def delete_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


MISHAPS: dict[Callable[[Path], None], str] = {
    delete: "desk.db was deleted or moved", move: "desk.db was deleted or moved", replace: "desk.db was replaced",
    copy_back: "desk.db was replaced", delete_all: "desk.db was deleted or moved",
    delete_log: "desk.db-wal was deleted or moved", delete_folder: "desk.db was deleted or moved",
}  # fmt: skip


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda each: each.__name__)
async def test_who_waits_for_runs_is_told_what_happened_and_nothing_is_driven_any_more(
    tmp_path: Path, mishap: Callable[[Path], None]
) -> None:
    path = tmp_path / "folder" / "desk.db"
    path.parent.mkdir()
    words = MISHAPS[mishap]
    on = asyncio.Event()

    @workflow
    async def waits(ctx: Context) -> Any:
        return await ctx.signal("go")

    @workflow
    async def busy(ctx: Context) -> None:
        while True:
            await ctx.call(echo, 1)
            on.set()

    async def main() -> None:
        async with App.open(path, agents=[waits, busy], lease=0.2, grace=600.0) as app:
            ends = [asyncio.ensure_future(app.run(flow)) for flow in (waits, busy)]
            await on.wait()
            mishap(path)
            for ended in await asyncio.gather(*ends, return_exceptions=True):
                assert isinstance(ended, StoreLost)
                assert words in str(ended)
            with pytest.raises(StoreLost, match=words):
                await app.run(busy)

    async with asyncio.timeout(120):
        with pytest.raises(StoreLost, match=words):
            await main()


def test_what_stands_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = SqliteStore(str(path))
    store.workers.join("w_1", 1.0)
    delete_all(path)
    other = SqliteStore(str(path))
    other.workers.join("w_other", 1.0)
    with pytest.raises(StoreLost):
        store.workers.beat("w_1", 2.0)
    with pytest.raises(StoreLost):
        store.workers.leave("w_1")
    store.close()
    assert Path(f"{path}-wal").stat().st_size > 0, "closing the lost store took the log of the new one"
    assert other.workers.is_fenced("w_1")
    assert not other.workers.is_fenced("w_other")
    other.close()


async def test_a_commit_after_that_is_refused(bench: Bench) -> None:
    store = SqliteStore(str(bench.path))
    delete(bench.path)
    with pytest.raises(StoreLost):
        store.workers.join("w_1", 1.0)
    with pytest.raises(StoreLost):
        await store.commit("w_1", [])
    store.close()


def test_a_program_that_changes_its_folder_has_lost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("desk.db")
    monkeypatch.chdir("/")
    store.workers.join("w_1", 1.0)
    assert store.workers.beat("w_1", 2.0)
    store.close()


def test_a_store_in_memory_has_no_file() -> None:
    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.call(echo, 1)

    async def main() -> Any:
        async with App.open(":memory:", agents=[flow]) as app:
            return await app.run(flow)

    assert run_sync(main()) == 1
