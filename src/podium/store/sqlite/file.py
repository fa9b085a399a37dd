"""Whether the files that a store has open are still those that stand under its name."""

import os
from pathlib import Path

from podium.errors import StoreLost

PARTS = ("", "-wal", "-shm")
"""The file itself, its log, and the log's index: SQLite keeps all three open, and finds the others by their names."""


class StoreFile:
    """The files of a store, by what the system knows them by.

    SQLite goes on writing to a file that was deleted or replaced, and says nothing: who opens the path finds another.
    """

    def __init__(self, path: str) -> None:
        self._path = None if path == ":memory:" else Path(path).absolute()  # the program may change its folder
        self._known: dict[Path, tuple[int, int]] = {}
        self.lost: StoreLost | None = None
        """What is wrong, once it was noticed."""
        self.check()

    def check(self) -> None:
        """Raise StoreLost where one of the files is not what it was, from the first time that it was looked at."""
        if self.lost is None and self._path is not None:
            self.lost = self._look(self._path)
        if self.lost is not None:
            raise self.lost

    def _look(self, path: Path) -> StoreLost | None:
        for each in (Path(f"{path}{part}") for part in PARTS):
            now = _identity(each)
            known = now if now is None else self._known.setdefault(each, now)
            if now is None and each in self._known:
                return _lost(f"the store's file {each} was deleted or moved")
            if now != known:
                return _lost(f"the store's file {each} was replaced by another one")
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast, several times a second
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _lost(what: str) -> StoreLost:
    return StoreLost(
        f"{what} while it was open. Nothing more is recorded in it, and what was recorded last may be lost. "
        "Put the file back, or restore a backup, then open the app anew."
    )
