"""Answers that are kept, in the store's own file."""

import sqlite3
import threading

from podium.in_threads import in_thread
from podium.model.cache import CacheEntry, CacheKey
from podium.store.codec import decode
from podium.store.keeping import KeepAnswer
from podium.store.sqlite.connection import OF_A_VALUE, transaction, translate
from podium.store.sqlite.sql import statement

_GET = statement("kept_get")
_PUT = statement("kept_put")
_LOOKED_AT = 64
"""How many others are looked at with one answer in sixteen: a store holds at most about a third more than is of use."""


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
        asked = (question.digest, question.agent, question.version, question.tenant, now)
        try:
            row = self._quick.execute(_GET, asked).fetchone()
        except (sqlite3.Error, *OF_A_VALUE) as error:
            raise translate(error, self._path) from error
        return None if row is None else CacheEntry(value=decode(row[0]), run=row[1], key=row[2])

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered."""

        def work() -> None:
            with self._lock, transaction(self._patient, self._path) as connection:
                connection.execute(statement("kept_forget"), (run,))

        await in_thread(work)


def keep(connection: sqlite3.Connection, wanted: KeepAnswer) -> None:
    """Keep an answer, in the transaction that there is, and now and then forget some that are too old.

    Digests are as good as random. So one answer in sixteen is enough to look at those that follow it, each of these is
    looked at as often as any other, and no index has to be kept of when they grow old.
    """
    digest = wanted.digest
    connection.execute(
        _PUT,
        (digest, wanted.agent, wanted.version, wanted.tenant, wanted.until, wanted.run, wanted.key, wanted.value),
    )
    if digest.endswith("0"):
        connection.execute(statement("kept_expire"), {"now": wanted.now, "digest": digest, "most": _LOOKED_AT})
