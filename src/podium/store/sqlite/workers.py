"""Who is alive: beats, fencing, and handing back the runs of those who are not."""

import os
import socket
import sqlite3
import threading
from pathlib import Path

from podium.store.operations import Placed
from podium.store.protocol import LostWorker
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.file import StoreFile
from podium.store.sqlite.rows import placed_of
from podium.store.sqlite.sql import statement

_LEFT, _LOST = 1, 2
"""How a worker is marked that must not write any more: it left by itself, or was declared dead."""


class Workers:
    """The workers of a store, on a connection of their own."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, path: str, file: StoreFile) -> None:
        self._connection = connection
        self._lock = lock
        self._path = path
        self._file = file
        self._host = socket.gethostname()

    def join(self, worker: str, now: float) -> None:
        """Enter a worker."""
        self._file.check()
        pid = os.getpid()
        with self._lock, transaction(self._connection, self._path) as connection:
            connection.execute(statement("worker_insert"), (worker, self._host, pid, process_birth(pid), now))

    def beat(self, worker: str, now: float) -> bool:
        """Say that a worker lives; False where it was fenced. Raises StoreLost where the file is not what it was."""
        self._file.check()
        with self._lock, transaction(self._connection, self._path) as connection:
            return connection.execute(statement("worker_beat"), (now, worker)).rowcount == 1

    def reap(self, worker: str, before: float) -> list[Placed]:
        """Fence the dead first, then hand their runs back."""
        with self._lock, translated(self._path):
            rows = self._connection.execute(statement("workers_alive"), (worker,)).fetchall()
        found: list[Placed] = []
        for name, host, pid, born, beat in rows:
            gone = self._is_gone(host, pid, born)
            if gone or beat < before:
                found.extend(self._fence(name, lost=True, died=gone or host != self._host))
        return found

    def leave(self, worker: str) -> list[Placed]:
        """Fence a worker and hand its runs back, in one transaction."""
        return self._fence(worker, lost=False, died=False)

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        with self._lock, translated(self._path):
            row = self._connection.execute(statement("worker_fenced"), (worker,)).fetchone()
        return row is None or bool(row[0])

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later."""
        with self._lock, translated(self._path):
            rows = self._connection.execute(statement("workers_lost"), (since,)).fetchall()
        return [LostWorker(id=name, host=host, pid=pid, beat=beat) for name, host, pid, beat in rows]

    def _fence(self, worker: str, *, lost: bool, died: bool) -> list[Placed]:
        """Fence a worker and hand its runs back; where its process died, each with one strike more.

        A process of this machine that is there still was only late. Of another machine, being late is all one sees.
        """
        self._file.check()
        with self._lock, transaction(self._connection, self._path) as connection:
            fenced = _LOST if lost else _LEFT
            if connection.execute(statement("worker_fence"), (fenced, worker)).rowcount and died:
                connection.execute(statement("runs_strike"), (worker,))
            rows = connection.execute(statement("runs_owned"), (worker,)).fetchall()
            connection.execute(statement("runs_hand_back"), (worker,))
        return [placed_of(row) for row in rows]

    def _is_gone(self, host: str, pid: int, born: str) -> bool:
        return host == self._host and process_birth(pid) != born


def process_birth(pid: int) -> str:
    """Return when a process of this machine was started, as the system counts it; empty where it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _alive(pid) if not Path("/proc/self").exists() else ""
    except OSError:
        return "?"
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _alive(pid: int) -> str:
    """Where there is no /proc: `alive` if some process has the number, else empty."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
