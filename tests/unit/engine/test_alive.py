"""A file says that a worker lives: touched at each beat, old where it cannot beat or its loop hangs, then gone."""

import asyncio
import os
from pathlib import Path

import pytest

from podium import App
from podium.engine.worker.alive import AliveFile
from podium.errors import ConfigError, StoreUnavailable
from podium.store.sqlite.workers import Workers
from tests.unit.engine.bench import Bench


def age(path: Path) -> None:
    """Have a file be from long ago."""
    os.utime(path, (1.0, 1.0))


def is_old(path: Path) -> bool:
    return path.stat().st_mtime == 1.0


async def beat(app: App) -> None:
    """Have the worker of an app beat, and its event loop hear of it."""
    await asyncio.to_thread(app.worker.heartbeat.beat)
    await asyncio.sleep(0)


async def test_it_is_touched_at_each_beat_and_gone_when_the_app_is_closed(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "alive"
    async with bench.app(alive_file=str(path)) as app:
        assert path.exists()  # from the start
        age(path)
        await beat(app)
        assert not is_old(path)
    assert not path.exists()


async def test_it_grows_old_where_the_store_cannot_be_reached(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alive"

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    async with bench.app(alive_file=str(path)) as app:
        monkeypatch.setattr(Workers, "beat", away)
        age(path)
        with pytest.raises(StoreUnavailable):
            await beat(app)
        assert is_old(path)
        monkeypatch.undo()


async def test_it_grows_old_while_the_loop_is_held_up(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "alive"
    async with bench.app(alive_file=str(path)) as app:
        age(path)
        app.worker.heartbeat.beat()  # here nothing else happens until it returns
        assert is_old(path)
        await asyncio.sleep(0)
        assert not is_old(path)


async def test_it_is_gone_once_the_worker_has_drained(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "alive"
    async with bench.app(alive_file=str(path), lease=0.2) as app:
        await app.operations.drain_worker(app.worker.id, why="deploy")
        await asyncio.wait_for(app.drained(), 60)
        assert not path.exists()
        await beat(app)
        assert not path.exists()


async def test_it_is_gone_where_the_worker_gives_up(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "alive"

    async def main() -> None:
        async with bench.app(alive_file=str(path)) as app:
            app.worker.give_up(RuntimeError("a service has failed"))
            assert not path.exists()

    await main()


async def test_a_worker_ends_as_always_where_the_file_cannot_be_deleted(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "alive"
    unlink = Path.unlink

    def refused(file: Path, *, missing_ok: bool = False) -> None:
        if file == path:
            raise PermissionError(13, "Permission denied")
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    async with bench.app(alive_file=str(path), lease=0.2) as app:
        await app.operations.drain_worker(app.worker.id, why="deploy")
        await asyncio.wait_for(app.drained(), 60)
        worker = app.worker
    assert worker.heartbeat.stop() == ()  # it has left
    assert f"the alive_file {path} cannot be deleted, so it grows old: Permission denied" in caplog.text


def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"alive_file .* cannot be written: No such file"):
        AliveFile(str(tmp_path / "missing" / "alive"))
    AliveFile("").touch()


def test_a_file_of_somebody_else_and_a_folder_are_refused_and_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text("print()", encoding="utf-8")
    for path in (tmp_path, tmp_path / "desk.py", Path(os.devnull)):
        with pytest.raises(ConfigError, match=r"would be deleted at the end\. Name a file that is not there"):
            AliveFile(str(path))
    (tmp_path / "left").touch()
    AliveFile(str(tmp_path / "left")).remove()  # a process that was killed left it
    assert sorted(each.name for each in tmp_path.iterdir()) == ["desk.py"]


def test_a_file_that_cannot_be_deleted_is_told_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "alive"
    alive = AliveFile(str(path))
    path.unlink()
    path.mkdir()
    alive.remove()
    assert "cannot be deleted, so it grows old" in caplog.text
