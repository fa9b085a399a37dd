"""Puts the folders that tests write to into memory, where the system has a disk there."""

import os
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # the only such disk that every Linux has
ENOUGH = 2 << 30
ON_DISK = "TESTS_ON_DISK"
"""The variable that tells processes of the tests where the real disk is."""


def use_memory() -> None:
    """Make and look for temporary folders in memory from now on, as do processes that are started.

    Nothing happens where `TMPDIR` says already where they are to be, or where there is too little room, or programs may
    not be run from there.
    """
    if ON_DISK not in os.environ and "TMPDIR" not in os.environ and is_usable(IN_MEMORY):
        os.environ[ON_DISK] = tempfile.gettempdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def is_usable(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= ENOUGH and not disk.f_flag & os.ST_NOEXEC


def real_disk() -> str:
    """Return a folder for temporary files that is on a disk."""
    return os.environ.get(ON_DISK) or tempfile.gettempdir()
