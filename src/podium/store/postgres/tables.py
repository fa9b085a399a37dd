"""How the books of a store come to its tables in PostgreSQL."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from queue import LifoQueue
from typing import TypeVar

from psycopg import IsolationLevel

from podium.in_threads import in_thread
from podium.store.joint_questions import JointQuestions
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect, translated
from podium.store.postgres.session import Session
from podium.store.postgres.table_statements import TableStatements
from podium.store.store_thread import StoreThread
from podium.store.tables.statements import Row, Statements

T = TypeVar("T")

_Keyed = tuple[str, Sequence[object]]
"""A statement by its name, and its values."""
_READERS = 3
"""So many questions are asked at once; others wait for one of these."""


class PostgresTables:
    """Some connections that read, one for what is looked through in memory, and one that writes; opened when needed.

    What is found by a key has a thread and a connection of its own, and is asked together: each question by itself
    would cost a thread that begins, waits and tells the event loop, and would wait behind what takes long.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._readers = [Session(address) for _ in range(_READERS)]
        self._free: LifoQueue[Session] = LifoQueue()
        for each in self._readers:
            self._free.put(each)
        self._keyed = Session(address)
        self._thread = StoreThread("podium-keyed")
        self._questions = JointQuestions[_Keyed, list[Row]](self._thread.do, self._find)
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

    async def quickly(self, name: str, *values: object) -> list[Row]:
        """Return what is found by a key; while a snapshot lasts, as it was then."""
        if self._held is not None:
            return self.now(lambda s: s.all(name, *values))
        return await self._questions.ask((name, values))

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

    def _find(self, questions: Sequence[_Keyed]) -> Sequence[list[Row]]:
        def work(connection: Connection) -> Sequence[list[Row]]:
            statements = TableStatements(connection)
            sent = [statements.send(name, *values) for name, values in questions]
            return [each.fetchall() for each in sent]

        return self._keyed.together(work)

    def close(self) -> None:
        """Close all connections."""
        self._thread.stop()
        for each in (*self._readers, self._keyed, self._books, self._writer):
            each.close()
