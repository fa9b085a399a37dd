"""Has new stores in a process of the tests copied from one: to make the tables takes longer than many tests take."""

import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from podium.store.sqlite import store
from podium.store.sqlite.connection import Durability, connect, migrate, prepare

MEMORY = ":memory:"


class NewStores:
    """What is copied: a store in a file and one in memory, with nothing in them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "new.db"
        prepare(str(self._file), "process", wait=0.0).close()
        self._memory = connect(MEMORY, "process", wait=0.0)
        migrate(self._memory, MEMORY)

    def prepare(self, path: str, durability: Durability, *, wait: float) -> sqlite3.Connection:
        """Prepare a store that another process or thread may make at the same time: the first copy counts."""
        if not Path(path).exists() and Path(path).parent.is_dir():
            own = Path(f"{path}.{os.urandom(8).hex()}")
            shutil.copyfile(self._file, own)
            try:
                with suppress(FileExistsError):
                    os.link(own, path)
            finally:
                own.unlink()
        return prepare(path, durability, wait=wait)

    def migrate(self, connection: sqlite3.Connection, path: str) -> None:
        if path == MEMORY:
            self._memory.backup(connection)
        migrate(connection, path)


def copy_new_stores(folder: Path) -> None:
    """Begin that, in this process."""
    new = NewStores(folder)
    patch = pytest.MonkeyPatch()
    patch.setattr(store, "prepare", new.prepare)
    patch.setattr(store, "migrate", new.migrate)
