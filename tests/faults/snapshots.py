"""What a crash after each commit would leave."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.store.operations import Committed, Operation
from podium.store.sqlite.store import SqliteStore


@dataclass
class Snapshots:
    """A store that is copied after every commit, as a crash at that moment would leave it."""

    store: SqliteStore
    folder: Path
    copies: list[Path] = field(default_factory=list[Path])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        committed = asyncio.ensure_future(self.store.commit(worker, operations, alone=alone))
        assert committed.done(), "it is copied before anybody hears of the commit"
        target = self.folder / f"after-{len(self.copies)}.db"
        for suffix in ("", "-wal"):
            shutil.copyfile(self.store.path + suffix, str(target) + suffix)
        self.copies.append(target)
        return committed


def left_by_a_crash(path: Path) -> SqliteStore:
    """Open a copy, whose worker is not there any more."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET state = 'ready', owner = NULL WHERE state = 'running'")
    return SqliteStore(str(path))
