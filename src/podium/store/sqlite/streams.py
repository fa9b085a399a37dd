"""Transient events for readers in other processes, in the store's own file."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from podium.in_threads import in_thread
from podium.model.streams.book import KeptEvent, KeptEvents
from podium.store.codec import encode_as_is
from podium.store.keeping import KeepEvents
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.readers import Readers, of_one_moment
from podium.store.sqlite.sql import statement

T = TypeVar("T")


class SqliteStreams:
    """Read on the event loop, where that takes microseconds; a watch is written in a thread, where that may wait."""

    def __init__(self, readers: Readers, patient: sqlite3.Connection, lock: threading.RLock, path: str) -> None:
        self._readers = readers
        self._patient = patient
        self._lock = lock
        self._path = path

    async def watch(self, run: str, reader: str, until: float) -> None:
        """Enter that somebody watches a run."""
        await self._write(lambda connection: connection.execute(statement("stream_watch"), (run, reader, until)))

    async def expire(self, now: float) -> None:
        """Look first whether anything is too old: most stores have nothing, and need not be written."""

        def work(connection: sqlite3.Connection) -> None:
            for name in ("stream_watches_expire", "stream_events_expire", "stream_heads_expire"):
                connection.execute(statement(name), (now,))

        found = statement("stream_is_old")
        if await self._read(lambda connection: connection.execute(found, {"now": now}).fetchone()[0]):
            await self._write(work)

    async def watched(self, now: float, *, own: str) -> dict[str, float]:
        """Return the runs that others watch, and until when."""
        rows = await self._read(
            lambda connection: connection.execute(statement("stream_watched"), {"now": now, "own": own}).fetchall()
        )
        return dict(rows)

    async def kept(self, run: str, after: int) -> KeptEvents | None:
        """Return what is kept of a run after a number."""
        return await self._read(lambda connection: _kept(connection, run, after))

    async def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        def in_transaction() -> None:
            with self._lock, transaction(self._patient, self._path) as connection:
                work(connection)

        await in_thread(in_transaction)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translated(self._path):
            return await self._readers.read(work)


def _kept(connection: sqlite3.Connection, run: str, after: int) -> KeptEvents | None:
    with of_one_moment(connection):
        head = connection.execute(statement("stream_head_get"), (run,)).fetchone()
        if head is None:
            return None
        rows = connection.execute(statement("stream_events_after"), (run, after)).fetchall()
        before = connection.execute(statement("stream_event_before"), (run, after)).fetchone()
    events = [KeptEvent(*row) for row in rows]
    return KeptEvents(head[0], head[1], events, None if before is None else KeptEvent(*before))


def keep_events(connection: sqlite3.Connection, wanted: KeepEvents) -> None:
    """Keep transient events of a run, in the transaction that there is, and delete its oldest."""
    rows = [(wanted.run, each.number, each.epoch, each.text) for each in wanted.events]
    connection.executemany(statement("stream_event_put"), rows)
    if wanted.trim:
        connection.execute(statement("stream_events_trim"), (wanted.run, wanted.trim))
    connection.execute(statement("stream_head_put"), (wanted.run, wanted.epoch, wanted.last, wanted.until))


def forget_events(connection: sqlite3.Connection, runs: Sequence[str]) -> None:
    """Delete all that is kept of the events of these runs."""
    for name in ("stream_events_forget", "stream_heads_forget"):
        connection.execute(statement(name), (encode_as_is(list(runs)).decode(),))
