"""Reading at once, on the event loop, what takes less than a millisecond, and in a thread what takes longer."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from podium.in_threads import begin, end
from podium.store.sqlite.connection import connect, translated
from podium.store.sqlite.statements import SqliteStatements
from podium.store.tables.statements import QueryValues, Statements

T = TypeVar("T")

_THREADS = 2
_WAIT_SECONDS = 30.0
_STEPS = 25_000
"""SQLite makes this many steps on the event loop, or up to twice as many: in half a millisecond.

Handing a question to a thread and its answer back takes 60 µs of processor, and far longer where the machine is busy.
"""

_NOT_NOW = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)
"""Why something is read in a thread after all: it takes long, or has to wait for who opens or closes the store."""
LONG_READS = 64
"""So many times a statement that took long is left to a thread at once; then the event loop tries it again."""


class _TakesLong(Exception):
    """What is asked for took long before."""


class BriefStatements(SqliteStatements):
    """Statements on the connection of the event loop, which remembers those that took long there."""

    __slots__ = ("_last", "_long", "bounded")

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.bounded = False
        """Whether only what is brief is carried out now."""
        self._long: dict[str, int] = {}
        """How often each statement is still to be left to a thread."""
        self._last = ""

    def rows(self, text: str, values: Sequence[object] | QueryValues) -> sqlite3.Cursor:
        """Carry out a statement; raises _TakesLong where it is left to a thread."""
        if self.bounded:
            self._last = text
            if left := self._long.get(text):
                self._long[text] = left - 1
                raise _TakesLong
        return super().rows(text, values)

    def took_long(self) -> None:
        """Leave the statement that was carried out last to a thread from now on."""
        self._long[self._last] = LONG_READS


class Readers:
    """Begins to read on the event loop; what takes longer is begun again in a thread, with a connection of its own.

    The next looks with that statement are made in a thread from their beginning. So a long look holds up neither the
    event loop nor who writes. A store in memory has one connection for all.
    """

    def __init__(self, path: str, quick: sqlite3.Connection, lock: threading.RLock) -> None:
        self._path = path
        self._quick = BriefStatements(quick)
        self._bounded = path != ":memory:"
        self._lock = nullcontext() if self._bounded else lock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="podium-read")
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._spans = 0

    async def read(self, work: Callable[[Statements], T]) -> T:
        """Return what is read; `work` may be called twice."""
        if not self._bounded:
            with self._lock, translated(self._path):
                return work(self._quick)
        with translated(self._path):
            try:
                return self._read_briefly(work)
            except _TakesLong:
                pass
            except sqlite3.OperationalError as error:
                why = error.sqlite_errorcode & 0xFF
                if why not in _NOT_NOW:
                    raise
                if why == sqlite3.SQLITE_INTERRUPT:
                    self._quick.took_long()
        loop = asyncio.get_running_loop()
        begin(loop)
        try:
            return await loop.run_in_executor(self._threads, self._read_long, work)
        finally:
            end(loop)

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Have all that is read while the block lasts be of one moment: on one connection, in one transaction."""
        before, self._bounded = self._bounded, False
        try:
            with translated(self._path), self._quick.of_one_moment():
                yield
        finally:
            self._bounded = before

    def close(self) -> None:
        """End the threads and close their connections."""
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()

    def _read_briefly(self, work: Callable[[Statements], T]) -> T:
        self._spans = 0
        self._quick.bounded = True
        self._quick.connection.set_progress_handler(self._takes_long, _STEPS)
        try:
            return work(self._quick)
        finally:
            self._quick.connection.set_progress_handler(None, 0)
            self._quick.bounded = False

    def _takes_long(self) -> bool:
        """Told after so many steps: the first time some may have been those of an earlier look."""
        self._spans += 1
        return self._spans > 1

    def _read_long(self, work: Callable[[Statements], T]) -> T:
        statements: SqliteStatements | None = getattr(self._own, "statements", None)
        if statements is None:
            connection = connect(self._path, "process", wait=_WAIT_SECONDS)
            statements = self._own.statements = SqliteStatements(connection)
            self._opened.append(connection)
        with translated(self._path):
            return work(statements)
