"""How the books of a store come to its tables in PostgreSQL."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from queue import LifoQueue
from typing import TypeVar

from psycopg import IsolationLevel

from podium.in_threads import in_thread
from podium.store.postgres.address import Address
from podium.store.postgres.connection import connect, translated
from podium.store.postgres.session import Session
from podium.store.postgres.table_statements import TableStatements
from podium.store.tables.statements import Row, Statements

T = TypeVar("T")

_READERS = 3
"""So many questions are asked at once; others wait for one of these."""


class PostgresTables:
    """Some connections that read, one for what is looked through in memory, and one that writes; opened when needed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._readers = [Session(address) for _ in range(_READERS)]
        self._free: LifoQueue[Session] = LifoQueue()
        for each in self._readers:
            self._free.put(each)
        self._books = Session(address)
        self._writer = Session(address)
        self._held: TableStatements | None = None
        """What reads while a snapshot lasts."""

    def now(self, work: Callable[[Statements], T]) -> T:
        """Return what is read at once, in this thread, which waits for the server."""
        if self._held is not None:
            with translated(self._address.name):
                return work(self._held)
        session = self._free.get()
        try:
            return session.read(lambda connection: work(TableStatements(connection)))
        finally:
            self._free.put(session)

    async def quickly(self, work: Callable[[Statements], T]) -> T:
        """Return what is found by a key."""
        return await self.read(work)

    async def read(self, work: Callable[[Statements], T]) -> T:
        """Return what is read in a thread; while a snapshot lasts, in this one."""
        return self.now(work) if self._held is not None else await in_thread(self.now, work)

    async def read_in_thread(self, work: Callable[[Statements], T]) -> T:
        """Return what is read in a thread: one after the other, on one connection."""
        return await in_thread(self._books.read, lambda connection: work(TableStatements(connection)))

    def write(self, work: Callable[[Statements], T]) -> T:
        """Return what a transaction gives, made in this thread."""
        return self._writer.write(lambda connection: work(TableStatements(connection)))

    async def write_in_thread(self, work: Callable[[Statements], T]) -> T:
        """Return what a transaction gives, made in another thread."""
        return await in_thread(self.write, work)

    def each(self, name: str, *values: object) -> Iterator[Row]:
        """Give the rows of a statement that may have very many."""
        if self._held is not None:
            with translated(self._address.name):
                yield from self._held.each(name, *values)
            return
        with translated(self._address.name), connect(self._address) as connection:
            yield from TableStatements(connection).each(name, *values)

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Have all that is read while the block lasts be of one moment: on one connection, in one transaction."""
        with translated(self._address.name), connect(self._address) as connection:
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            with connection.transaction():
                before, self._held = self._held, TableStatements(connection)
                try:
                    yield
                finally:
                    self._held = before

    def close(self) -> None:
        """Close all connections."""
        for each in (*self._readers, self._books, self._writer):
            each.close()
