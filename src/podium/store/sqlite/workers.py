"""Who is alive: beats, fencing, and handing back the runs of those who are not."""

import os
import sqlite3
import threading
from collections.abc import Mapping

from podium.store.operations import Placed
from podium.store.place import host_of, is_gone, place, process_birth
from podium.store.protocol import BeatReply, Drain, LostWorker, Serves
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.file import StoreFile
from podium.store.sqlite.sql import statement
from podium.store.sqlite.statements import SqliteStatements
from podium.store.tables.draining import ask_to_drain
from podium.store.tables.rows import placed_of
from podium.store.tables.workers import LEFT, LOST, joining, rates_text, refuse_moved, reply_of

_NOTHING_SAID = Serves()


class Workers:
    """The workers of a store, on a connection of their own."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, path: str, file: StoreFile) -> None:
        self._connection = connection
        self._lock = lock
        self._path = path
        self._file = file

    def join(self, worker: str, now: float, serves: Serves = _NOTHING_SAID) -> None:
        """Enter a worker; raises StoreMoved where the store has been moved."""
        self._file.check()
        pid = os.getpid()
        row = joining(worker, place(), pid, process_birth(pid), now, serves)
        with self._lock, transaction(self._connection, self._path) as connection:
            if not connection.execute(statement("worker_insert"), row).rowcount:
                refuse_moved(SqliteStatements(connection), self._path)

    def beat(self, worker: str, now: float, rates: Mapping[str, float] | None = None) -> BeatReply | None:
        """Say that a worker lives; None where it was fenced. Raises StoreLost where the file is not what it was."""
        self._file.check()
        with self._lock, transaction(self._connection, self._path) as connection:
            told = connection.execute(statement("worker_beat"), (now, rates_text(rates), worker)).fetchall()
        return reply_of(told[0]) if told else None

    def drain(self, worker: str, drain: Drain) -> bool:
        """Have a worker told at its next beat that it is to drain, and enter that in the ledger."""
        self._file.check()
        with self._lock, transaction(self._connection, self._path) as connection:
            return ask_to_drain(SqliteStatements(connection), worker, drain)

    def drained(self, worker: str, now: float) -> None:
        """Say that a worker has drained."""
        with self._lock, transaction(self._connection, self._path) as connection:
            connection.execute(statement("worker_drained"), (now, worker))

    def beats(self, worker: str) -> dict[str, float]:
        """Return when each of the others that are alive was heard of last."""
        return {name: beat for name, _, _, _, beat in self._others(worker)}

    def reap(self, worker: str, silent: Mapping[str, float]) -> list[Placed]:
        """Fence the dead first, then hand their runs back."""
        found: list[Placed] = []
        for name, where, pid, born, beat in self._others(worker):
            gone = is_gone(where, pid, born)
            if gone or silent.get(name) == beat:
                found.extend(self._fence(name, lost=True, died=gone or where != place(), beat=beat))
        return found

    def leave(self, worker: str) -> list[Placed]:
        """Fence a worker and hand its runs back, in one transaction."""
        return self._fence(worker, lost=False, died=False, beat=None)

    def others(self, worker: str) -> list[str]:
        """Return where other workers drive runs that were heard of within their lease, and are not known to be gone."""
        with self._lock, translated(self._path):
            rows = self._connection.execute(statement("workers_heard"), (worker,)).fetchall()
        return [f"pid {pid} on {host_of(where)}" for where, pid, born in rows if not is_gone(where, pid, born)]

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        with self._lock, translated(self._path):
            row = self._connection.execute(statement("worker_fenced"), (worker,)).fetchone()
        return row is None or bool(row[0])

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later."""
        with self._lock, translated(self._path):
            rows = self._connection.execute(statement("workers_lost"), (since,)).fetchall()
        return [LostWorker(id=name, host=host_of(where), pid=pid, beat=beat) for name, where, pid, beat in rows]

    def _others(self, worker: str) -> list[tuple[str, str, int, str, float]]:
        with self._lock, translated(self._path):
            return self._connection.execute(statement("workers_alive"), (worker,)).fetchall()

    def _fence(self, worker: str, *, lost: bool, died: bool, beat: float | None) -> list[Placed]:
        """Fence a worker, unless it has beaten since, and hand its runs back; where it died, each with a strike more.

        A process of this place that is there still was only late. Of another place, being late is all one sees.
        """
        self._file.check()
        with self._lock, transaction(self._connection, self._path) as connection:
            fenced = LOST if lost else LEFT
            changed = connection.execute(statement("worker_fence"), (fenced, worker, beat, beat)).rowcount
            if lost and not changed:
                return []
            if died:
                connection.execute(statement("runs_strike"), (worker,))
            rows = connection.execute(statement("runs_owned"), (worker,)).fetchall()
            connection.execute(statement("runs_hand_back"), (worker,))
        return [placed_of(row) for row in rows]
