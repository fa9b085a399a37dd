"""A file that is touched while a worker is alive, for probes without a port."""

import os
from pathlib import Path

import pytest

from podium.cli.alive import AliveFile
from podium.cli.options import WrongOption
from podium.testing import DrivenClock
from tests.e2e.cli import Desk


def make_old(path: Path) -> None:
    os.utime(path, (1.0, 1.0))


async def test_it_is_touched_while_the_worker_is_alive_and_not_there_otherwise(tmp_path: Path) -> None:
    clock, path, alive = DrivenClock(), tmp_path / "alive", True
    path.write_text("of a process before")
    file = AliveFile(path, clock)
    assert not path.exists()
    file.begin(lambda: alive)
    await clock.settle()
    assert path.exists()
    make_old(path)
    await clock.advance(2)
    assert path.stat().st_mtime > 1
    alive = False
    make_old(path)
    await clock.advance(60)
    assert path.stat().st_mtime == 1
    alive = True
    await clock.advance(2)
    assert path.stat().st_mtime > 1
    await file.end()
    assert not path.exists()


async def test_a_worker_that_never_was_alive_leaves_nothing(tmp_path: Path) -> None:
    clock, path = DrivenClock(), tmp_path / "alive"
    file = AliveFile(path, clock)
    file.begin(lambda: False)
    await clock.advance(60)
    assert not path.exists()
    await file.end()


async def test_a_folder_that_goes_away_ends_no_worker(tmp_path: Path) -> None:
    clock, folder = DrivenClock(), tmp_path / "folder"
    folder.mkdir()
    file = AliveFile(folder / "alive", clock)
    folder.rmdir()
    file.begin(lambda: True)
    await clock.advance(3)
    folder.mkdir()
    await clock.advance(3)
    assert (folder / "alive").exists()
    await file.end()


@pytest.mark.parametrize("place", ["nowhere/alive", "."])
def test_a_place_where_no_file_can_be_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(WrongOption, match=r"--alive .* cannot be written\. Expected a file in a folder"):
        AliveFile(tmp_path / place, DrivenClock())


def test_it_is_for_a_worker_that_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("desk.py", "from podium import agent\n")
    told = desk.podium("work", "desk.py", "--alive", "alive")
    assert (told.status, told.err) == (2, "error: --alive is for a worker that stays. Expected --forever beside it.\n")
