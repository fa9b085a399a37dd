"""Folders of tests are in memory where that is possible, and on a disk where that matters."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.scratch import ENOUGH, IN_MEMORY, ON_DISK, is_usable, use_memory


def disk(*, free: int, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, free, free, free // 4096, 0, 0, 0, flags, 255))


@pytest.mark.parametrize(
    ("found", "usable"),
    [
        (disk(free=ENOUGH), True),
        (disk(free=ENOUGH - 4096), False),
        (disk(free=ENOUGH, flags=os.ST_NOEXEC), False),
        (disk(free=ENOUGH, flags=os.ST_NOSUID), True),
    ],
)
def test_memory_is_used_where_there_is_room_and_programs_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: os.statvfs_result, *, usable: bool
) -> None:
    def asked(_: Path) -> os.statvfs_result:
        return found

    monkeypatch.setattr(os, "statvfs", asked)
    assert is_usable(tmp_path) is usable


def test_a_folder_that_is_not_there_is_not_used(tmp_path: Path) -> None:
    assert not is_usable(tmp_path / "gone")


def test_whoever_says_where_temporary_folders_are_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ON_DISK, raising=False)
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    use_memory()
    assert os.environ["TMPDIR"] == "/elsewhere"


def test_folders_are_in_memory_where_it_is_used_but_for_those_that_ask_for_a_disk(
    tmp_path: Path, disk_path: Path
) -> None:
    in_memory = ON_DISK in os.environ
    assert tmp_path.is_relative_to(IN_MEMORY) == in_memory
    assert Path(tempfile.gettempdir()).is_relative_to(IN_MEMORY) == in_memory
    assert not in_memory or not disk_path.is_relative_to(IN_MEMORY)
