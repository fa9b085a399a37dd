"""Answers that are kept, in the store's own file."""

import sqlite3
import threading

from podium.in_threads import in_thread
from podium.model.cache import CacheEntry, CacheKey
from podium.store.codec import decode
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.sql import statement


class SqliteAnswerCache:
    """Looked up on the event loop, where that takes microseconds; forgotten in a thread, where that may wait."""

    def __init__(
        self, quick: sqlite3.Connection, patient: sqlite3.Connection, lock: threading.RLock, path: str
    ) -> None:
        self._quick = quick
        self._patient = patient
        self._lock = lock
        self._path = path

    async def get(self, question: CacheKey, now: float) -> CacheEntry | None:
        """Return the answer to a question, unless it is too old."""
        with translated(self._path):
            asked = (question.agent, question.version, question.tenant, question.digest, now)
            row = self._quick.execute(statement("kept_get"), asked).fetchone()
        return None if row is None else CacheEntry(value=decode(row[0]), run=row[1], key=row[2])

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered."""

        def work() -> None:
            with self._lock, transaction(self._patient, self._path) as connection:
                connection.execute(statement("kept_forget"), (run,))

        await in_thread(work)
