"""Connections to read with: at once on the event loop, or in threads where that takes longer."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from podium.store.sqlite.connection import connect, translated

T = TypeVar("T")

_THREADS = 2
_WAIT_SECONDS = 30.0


class Readers:
    """Reads in threads with connections of their own hold up neither the event loop nor who writes.

    A store in memory has one connection for all: there everything is read at once.
    """

    def __init__(self, path: str, quick: sqlite3.Connection, lock: threading.RLock) -> None:
        self._path = path
        self._quick = quick
        self._at_once = path == ":memory:"
        self._lock = lock if self._at_once else nullcontext()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="podium-read")
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read what takes some microseconds, on the event loop."""
        with self._lock, translated(self._path):
            return work(self._quick)

    async def later(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read in a thread."""
        if self._at_once:
            return self.now(work)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Have all that is read while the block lasts be of one moment: on one connection, in one transaction."""
        before, self._at_once = self._at_once, True
        with translated(self._path):
            self._quick.execute("BEGIN")
            try:
                yield
            finally:
                self._quick.execute("COMMIT")
                self._at_once = before

    def close(self) -> None:
        """End the threads and close their connections."""
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = connect(self._path, "process", wait=_WAIT_SECONDS)
            self._opened.append(connection)
        with translated(self._path):
            connection.execute("BEGIN")  # all of it is of one moment
            try:
                return work(connection)
            finally:
                connection.execute("COMMIT")
