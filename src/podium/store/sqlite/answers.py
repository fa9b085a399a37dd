"""Answers that are kept, in the store's own file."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

from podium.errors import StoreBusy
from podium.model.answers import KeptAnswer, Question
from podium.store.codec import decode, encode
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.sql import statement

T = TypeVar("T")


class SqliteAnswers:
    """Looked up and kept on the event loop, where that takes microseconds; in a thread where it would wait.

    `quick` is the connection of the loop, which never waits; `patient` that of the thread.
    """

    def __init__(
        self, quick: sqlite3.Connection, patient: sqlite3.Connection, lock: threading.RLock, path: str, *,
        threaded: bool,
    ) -> None:  # fmt: skip
        self._quick = quick
        self._patient = patient
        self._lock = lock
        self._path = path
        self._threaded = threaded
        """Whether a commit waits for the disk."""

    async def get(self, question: Question, now: float) -> KeptAnswer | None:
        """Return the answer to a question, unless it is too old."""
        with translated(self._path):
            row = self._quick.execute(statement("kept_get"), (*_of(question), now)).fetchone()
        return None if row is None else KeptAnswer(value=decode(row[0]), run=row[1], key=row[2])

    async def put(self, question: Question, answer: KeptAnswer, *, now: float, until: float) -> None:
        """Keep an answer until a time, and forget those that are too old."""
        given = (*_of(question), encode(answer.value), answer.run, answer.key, until)

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute(statement("kept_expire"), (now,))
            connection.execute(statement("kept_put"), given)

        if not self._threaded:
            try:
                with transaction(self._quick, self._path) as connection:
                    return keep(connection)
            except StoreBusy:
                pass  # another process writes
        return await self._in_thread(keep)

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered."""
        await self._in_thread(lambda connection: connection.execute(statement("kept_forget"), (run,)))

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._lock, transaction(self._patient, self._path) as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def _of(question: Question) -> tuple[str, str, str, str]:
    return question.agent, question.version, question.tenant, question.digest
