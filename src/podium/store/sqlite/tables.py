"""How the books of a store come to its tables in SQLite."""

import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from podium.in_threads import in_thread
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.readers import Readers
from podium.store.sqlite.sql import statement
from podium.store.sqlite.statements import SqliteStatements
from podium.store.tables.statements import Row, Statements

T = TypeVar("T")


class SqliteTables:
    """Two connections: a quick one, that never waits, and a patient one, which is used under a lock."""

    def __init__(
        self, readers: Readers, quick: sqlite3.Connection, patient: sqlite3.Connection, lock: threading.RLock, path: str
    ) -> None:
        self._readers = readers
        self._quick = SqliteStatements(quick)
        self._patient = SqliteStatements(patient)
        self._lock = lock
        self._path = path

    def now(self, work: Callable[[Statements], T]) -> T:
        """Return what is read at once, in this thread."""
        with translated(self._path):
            return work(self._quick)

    def quickly(self, name: str, *values: object) -> Awaitable[list[Row]]:
        """Return what is found by a key: on the event loop, in microseconds."""
        return self.read(lambda s: s.all(name, *values))

    def read(self, work: Callable[[Statements], T]) -> Awaitable[T]:
        """Return what is read, in a thread where it takes long."""
        return self._readers.read(work)

    async def read_in_thread(self, work: Callable[[Statements], T]) -> T:
        """Return what is read, of one moment; nobody who writes waits for it."""

        def run() -> T:
            with self._lock, translated(self._path), self._patient.of_one_moment():
                return work(self._patient)

        return await in_thread(run)

    def write(self, work: Callable[[Statements], T]) -> T:
        """Return what a transaction gives, made in this thread."""
        with self._lock, transaction(self._patient.connection, self._path):
            return work(self._patient)

    async def write_in_thread(self, work: Callable[[Statements], T]) -> T:
        """Return what a transaction gives, made in another thread."""
        return await in_thread(self.write, work)

    def each(self, name: str, *values: object) -> Iterator[Row]:
        """Give the rows of a statement that may have very many."""
        return self._quick.connection.execute(statement(name), values)

    def snapshot(self) -> AbstractContextManager[None]:
        """Have all that is read while the block lasts be of one moment."""
        return self._readers.snapshot()
