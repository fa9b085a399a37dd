"""Looking after a store's file: a copy while it is written, and giving deleted pages back to the disk."""

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from podium.errors import NotPossible, StoreUnavailable
from podium.store.protocol import GivenOver, StoreSize
from podium.store.sqlite.connection import APPLICATION_ID, connect, log_bytes, transaction, translated
from podium.store.sqlite.file import PARTS
from podium.store.sqlite.scrubbing import scrub
from podium.store.sqlite.sql import migrations
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.words import FullTextWords
from podium.store.tables.workers import give_over, given_over, take_back

_WAIT_SECONDS = 30.0
_ROOM = 2
"""Compacting takes as many times the room of the file: once beside it, and once in the log."""
_SHOWN = 20


class SqliteUpkeep:
    """Uses connections of its own: what takes long holds up nobody who reads or writes, as far as that can be."""

    def __init__(self, patient: sqlite3.Connection, lock: threading.RLock, path: str) -> None:
        self._patient = patient
        self._lock = lock
        self._path = path
        self.unscrubbed = False
        """Whether something that was deleted may still stand in the file or its log."""

    def size(self) -> StoreSize:
        """Return how much room the store takes."""
        with self._lock, translated(self._path):
            pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return StoreSize(data=pages * size, free=free * size, log=log_bytes(self._path))

    def is_file(self, path: Path) -> bool:
        """Whether a file that is there is one of the store's own, by whatever name."""
        own = (Path(f"{self._path}{part}") for part in PARTS)
        return any(each.exists() and each.samefile(path) for each in own)

    def copy_to(self, path: Path) -> None:
        """Write the store as it is at one moment to a new file; in one step, for others write meanwhile.

        The write-ahead log cannot be begun anew until it is done.
        """
        with translated(self._path), self._source() as source, closing(new_file(path)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in the file and its log; False where somebody still reads what was."""
        if self._path != ":memory:":
            self.unscrubbed = True
            with translated(self._path):
                self.unscrubbed = not scrub(self._path)
        return not self.unscrubbed

    def compact(self) -> None:
        """Give the room of what was deleted back to the disk."""
        before = self.size()
        if self._path != ":memory:":
            _require_room(Path(self._path), before.data)
        with self._lock, translated(self._path):
            words, statements, begin = FullTextWords(), SqliteStatements(self._patient), True
            while words.merge(statements, begin=begin):
                begin = False
            self._patient.execute("VACUUM")
            self._patient.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def give_over(self, to: GivenOver) -> GivenOver | None:
        """Say that the store goes on at another place; returns what was said before."""
        with self._lock, transaction(self._patient, self._path):
            return give_over(SqliteStatements(self._patient), to)

    def given_over(self) -> GivenOver | None:
        """Return where the store goes on; None where it is here."""
        with self._lock, translated(self._path):
            return given_over(SqliteStatements(self._patient))

    def take_back(self) -> GivenOver | None:
        """Have workers enter again; returns to where the store had been given over."""
        with self._lock, transaction(self._patient, self._path):
            return take_back(SqliteStatements(self._patient))

    def _source(self) -> "closing[sqlite3.Connection]":
        if self._path == ":memory:":
            raise StoreUnavailable("a store in memory cannot be copied: there is no file.")
        return closing(connect(self._path, "process", wait=_WAIT_SECONDS))

    def _pragma(self, name: str) -> int:
        return int(self._patient.execute(f"PRAGMA {name}").fetchone()[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """What a file is, as far as it can be told without changing it."""

    ours: bool
    """Whether it is a store of Podium."""
    schema: int
    newest: int
    """The schema of this Podium."""
    damage: tuple[str, ...]
    """What SQLite finds wrong with it."""


def examined(path: Path) -> FoundFile:
    """Return what a file is; it is only read."""
    newest = migrations()[-1][0]
    with closing(_read_only(path)) as connection:
        try:
            application = int(connection.execute("PRAGMA application_id").fetchone()[0])
            schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
            found = connection.execute(f"PRAGMA integrity_check({_SHOWN})").fetchall()
        except sqlite3.DatabaseError as error:
            no_file = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB
            return FoundFile(ours=not no_file, schema=0, newest=newest, damage=(str(error),))
    damage = tuple(str(row[0]) for row in found if row[0] != "ok")
    return FoundFile(ours=application == APPLICATION_ID, schema=schema, newest=newest, damage=damage)


def copied(path: Path, to: Path) -> None:
    """Copy a store's file, with what its log has, to a new file; it is only read."""
    with translated(str(path)), closing(_read_only(path)) as source, closing(new_file(to)) as target:
        source.backup(target)


def _read_only(path: Path) -> sqlite3.Connection:
    """Open a file and leave nothing beside it: where there is no log beside it, nobody writes to it either."""
    how = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)


def new_file(path: Path) -> sqlite3.Connection:
    """Open a file that is to become a copy."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # whoever asked for the copy syncs it once, when it is whole
    return connection


def put_in_place(half: Path, path: Path, *, overwrite: bool) -> None:
    """Give a file its name once it is on the disk."""
    with half.open("rb+") as file:
        os.fsync(file.fileno())
    if overwrite:
        half.replace(path)
    else:
        try:
            path.hardlink_to(half)  # fails where somebody made one meanwhile
        except FileExistsError as error:
            raise NotPossible(f"{path} is there already. Name another file.") from error
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _require_room(path: Path, size: int) -> None:
    free, needed = shutil.disk_usage(path.resolve().parent).free, _ROOM * size
    if free < needed:
        raise StoreUnavailable(
            f"compacting {path} needs {needed:,} bytes of free disk beside it, and there are {free:,}. Make room first."
        )
