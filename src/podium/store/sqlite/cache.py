"""Answers that are kept, in the store's own file."""

import sqlite3
import threading

from podium.in_threads import in_thread
from podium.model.cache import CacheEntry, CacheKey, Meaning
from podium.store.codec import decode
from podium.store.keeping import KeepAnswer
from podium.store.sqlite.connection import OF_A_VALUE, transaction, translate, translated
from podium.store.sqlite.readers import of_one_moment
from podium.store.sqlite.sql import statement
from podium.store.sqlite.vectors import VectorIndex, signs_of

_GET = statement("kept_get")
_PUT = statement("kept_put")
_LOOKED_AT = 64
"""How many others are looked at with one answer in sixteen: a store holds at most about a third more than is of use."""


class SqliteAnswerCache:
    """Looked up on the event loop, where that takes microseconds; by meaning, and forgotten, in a thread."""

    def __init__(
        self, quick: sqlite3.Connection, patient: sqlite3.Connection, lock: threading.RLock, path: str
    ) -> None:
        self._quick = quick
        self._patient = patient
        self._lock = lock
        self._path = path
        self._index = VectorIndex("kept")

    async def get(self, question: CacheKey, now: float) -> CacheEntry | None:
        """Return the answer to a question, unless it is too old."""
        asked = (question.digest, question.agent, question.version, question.tenant, now)
        try:
            row = self._quick.execute(_GET, asked).fetchone()
        except (sqlite3.Error, *OF_A_VALUE) as error:
            raise translate(error, self._path) from error
        return None if row is None else CacheEntry(decode(row[0]), *row[1:])

    async def nearest(self, meaning: Meaning, above: float, now: float) -> CacheEntry | None:
        """Return the answer to the question that is nearest, of those that are at least so near and not too old."""

        def work() -> CacheEntry | None:
            connection = self._patient
            with self._lock, translated(self._path), of_one_moment(connection):
                found = self._index.nearest(
                    connection, (meaning.among,), meaning.vector, limit=1,
                    row=lambda v: connection.execute(statement("kept_by_v"), (v, now)).fetchone(),
                )  # fmt: skip
            if not found or found[0][1] < above:
                return None
            row, similarity = found[0]
            return CacheEntry(decode(row[0]), *row[1:], similarity=min(similarity, 1.0))

        return await in_thread(work)

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered, with the vectors of what it asked."""

        def work() -> None:
            with self._lock, transaction(self._patient, self._path) as connection:
                connection.execute(statement("kept_forget"), (run,))

        await in_thread(work)


def keep(connection: sqlite3.Connection, wanted: KeepAnswer) -> None:
    """Keep an answer, in the transaction that there is, and now and then forget some that are too old.

    Digests are as good as random. So one answer in sixteen is enough to look at those that follow it, each of these is
    looked at as often as any other, and no index has to be kept of when they grow old.
    """
    digest, whose, meaning = wanted.digest, (wanted.agent, wanted.version, wanted.tenant), wanted.meaning
    connection.execute(
        _PUT, (digest, *whose, wanted.until, wanted.run, wanted.key, wanted.value, wanted.usd)
    )  # fmt: skip
    if meaning is not None:
        numbers = meaning.vector.numbers
        row = (digest, *whose, meaning.among, signs_of(meaning.vector), numbers)
        connection.execute(statement("kept_vector_put"), row)
        bound = {"agent": wanted.agent, "version": wanted.version, "tenant": wanted.tenant, "most": wanted.most}
        connection.execute(statement("kept_bound"), bound)
    if digest.endswith("0"):
        connection.execute(statement("kept_expire"), {"now": wanted.now, "digest": digest, "most": _LOOKED_AT})
