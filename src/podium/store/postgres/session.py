"""A connection that is opened again where it was lost, and transactions that are made once however often they are sent.

A process that loses its connection while it commits cannot know whether the server did. So each transaction begins
with writing down its number, in a row of its session: sent again, it waits there for the one before it to end, and
finds its number if that was committed. One that comes late, when it was sent again, fails there.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

import psycopg
from psycopg import Cursor, errors

from podium.errors import StoreUnavailable
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect, translated
from podium.store.postgres.sql import statement
from podium.store.postgres.watched import SILENCE_SECONDS
from podium.store.tables.statements import Row

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
_TRIES = 5
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)
"""What two transactions at once may come to: the second time, one sees what the other did."""
_ENDED = (
    errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, errors.IdleInTransactionSessionTimeout,
    errors.ConnectionException, errors.ReadOnlySqlTransaction,
)  # fmt: skip
"""What the server says last, or one that is not the one to write to any more."""


class Session:
    """One connection to a store, for one thread at a time; opened when it is needed."""

    def __init__(
        self, address: Address, *, patience: float = PATIENCE_SECONDS, silence: float = SILENCE_SECONDS,
        waits_for_disk: bool = True,
    ) -> None:  # fmt: skip
        """A server that is gone is tried again for `patience` seconds, one that says nothing is asked after `silence`.

        A session that `waits_for_disk` waits for standbys too, where the server does.
        """
        self._address = address
        self._patience = patience
        self._silence = silence
        self._waits_for_disk = waits_for_disk
        self.name = secrets.token_hex(16)
        """What tells it from all others, in every process."""
        self._number = 0
        self._acknowledged = 0
        """The last of its transactions that the server said it had committed."""
        self.set_back = False
        """Whether the server lacks some of these: it is a copy that had not got them, or a backup."""
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._closed = False

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what is read; `work` is called again where the connection was lost. Raises StoreError."""
        with self._lock, translated(self._address.name):
            return self._patiently(lambda: work(self._opened()))

    def together(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of statements that are sent together, and may be sent again where the connection was lost.

        They are one transaction up to the first question; where they change nothing, the disk is not waited for.
        """

        def piped(connection: Connection) -> T:
            with connection.pipeline():
                return work(connection)

        return self.read(piped)

    def write(
        self, work: Callable[[Connection], T], *, after: Callable[[Connection, T], object] | None = None,
        lasting: bool = True,
    ) -> T:  # fmt: skip
        """Return what a transaction gives that is committed once; `work` may be called several times.

        What it writes may be sent together, up to its next question: it is in a pipeline. So is what `after` sends,
        which is given what came of `work`: it happens once this is committed, and may fail or be lost. What is not
        `lasting` may be lost where the server dies, and its loss is not taken for one. Raises StoreError.
        """
        with self._lock, translated(self._address.name):
            self._number += 1
            transaction = Numbered(self.name, self._number, work, after)
            result = self._patiently(lambda: transaction.make(self._opened()))
            self.set_back = False
            if lasting:
                self._acknowledged = self._number
            return result

    def close(self) -> None:
        """Close the connection; a thread that comes to it only now is told that the store was closed."""
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                if self._number and not connection.closed:
                    _forget(connection, self.name)
                connection.close()

    def _opened(self) -> Connection:
        if self._closed:
            raise StoreUnavailable(f"{self._address.name} was closed here. Open it anew.")
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._address, silence=self._silence, waits_for_disk=self._waits_for_disk)
            self.set_back = self._acknowledged > 0 and self._last(self._connection) < self._acknowledged
        return self._connection

    def _last(self, connection: Connection) -> int:
        row = connection.execute(statement("batch_last"), (self.name,)).fetchone()
        return 0 if row is None else row[0]

    def _patiently(self, work: Callable[[], T]) -> T:
        """Try again what met another transaction, or lost its connection."""
        end, conflicts = time.monotonic() + self._patience, 0  # noqa: TID251 - a server lives in real time
        while True:
            try:
                return work()
            except _CONFLICTS:
                conflicts += 1
                if conflicts == _TRIES:
                    raise
            except (psycopg.OperationalError, errors.ReadOnlySqlTransaction) as error:
                if not self._lost(error) or time.monotonic() > end:  # noqa: TID251 - the same
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _lost(self, error: psycopg.Error) -> bool:
        """Whether there is no connection any more; one that the server is ending is closed."""
        if self._connection is not None and (error.sqlstate is None or isinstance(error, _ENDED)):
            self._connection.close()
        return self._connection is None or self._connection.closed


class Numbered(Generic[T]):
    """A transaction of a session, by its number: it is made once."""

    def __init__(
        self, session: str, number: int, work: Callable[[Connection], T],
        after: Callable[[Connection, T], object] | None = None,
    ) -> None:  # fmt: skip
        self._batch = (session, number)
        self._work = work
        self._after = after
        self._commit: Cursor[Row] | None = None
        self._results: list[T] = []
        """What came of it each time that it may have been committed."""

    def make(self, connection: Connection) -> T:
        """Make it, unless it was committed before; returns what came of it."""
        raised: list[BaseException] = []
        self._commit = None
        try:
            with connection.pipeline():
                try:
                    self._make(connection)
                except BaseException as error:  # raised when the pipeline is over: it logs what it meets on the way out
                    raised.append(error)
        except psycopg.Error as error:
            raised.append(error)
        if raised:
            if not connection.closed:
                connection.rollback()
            if self._commit is None or self._commit.statusmessage != "COMMIT":
                raise raised[0]
        return self._results[-1]

    def _make(self, connection: Connection) -> None:
        connection.execute("BEGIN")
        if not self._results:
            connection.execute(statement("batch_begin"), self._batch)
        elif connection.execute(statement("batch_again"), self._batch).fetchone() is None:
            connection.execute("COMMIT")  # which waits for a standby to have the one before: a crash may have cut that
            return
        self._results.append(self._work(connection))
        self._commit = connection.execute("COMMIT")
        if self._after is not None:
            self._after(connection, self._results[-1])


def _forget(connection: Connection, session: str) -> None:
    with suppress(psycopg.Error):  # the row is small, and goes with those of processes that died
        connection.execute(statement("batches_forget"), (session,))
