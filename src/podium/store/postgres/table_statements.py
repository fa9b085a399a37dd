"""Statements on a connection to PostgreSQL."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from psycopg import Cursor, pq

from podium.store.postgres.connection import Connection
from podium.store.postgres.sql import statement
from podium.store.tables.pages import only
from podium.store.tables.statements import QueryValues, Row

_PARAMETER = re.compile(r"%\(([a-z]\w*)\)s")
_NUMBERED = b"%(1)s"
_AT_ONCE = 1_000
"""So many rows of very many are read at once."""


class TableStatements:
    """Carries out statements on one connection.

    Values stand as `%s` in a statement, or as `%(1)s` and so on where one of them is needed twice, or as `%(name)s` in
    a list. In a pipeline, what gives nothing back waits for the next question.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, name: str, *values: object) -> Cursor[Row]:
        """Send a statement; in a pipeline, what it gives is waited for when it is fetched."""
        text, bound = _bound(name, values)
        return self.connection.execute(text, bound, binary=True)

    def one(self, name: str, *values: object) -> Row | None:
        """Return the first row that a statement gives; None where it gives none."""
        return self.send(name, *values).fetchone()

    def all(self, name: str, *values: object) -> list[Row]:
        """Return all rows that a statement gives."""
        return self.send(name, *values).fetchall()

    def listed(self, name: str, wanted: QueryValues) -> list[Row]:
        """Return all rows of a list; lines of the statement for which nothing was given are left out."""
        return self.connection.execute(listing(name, wanted), wanted, binary=True).fetchall()

    def each(self, name: str, *values: object) -> Iterator[Row]:
        """Give all rows that a statement gives, some at a time."""
        text, bound = _bound(name, values)
        held = not self.in_transaction
        with self.connection.cursor(f"each_{name}", binary=True, withhold=held) as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(text, bound)

    def do(self, name: str, *values: object) -> None:
        """Change rows."""
        self.connection.execute(*_bound(name, values))

    def changed(self, name: str, *values: object) -> int:
        """Change rows; returns how many."""
        text, bound = _bound(name, values)
        with self.connection.pipeline():  # which is waited for at its end, also where it is inside of another one
            cursor = self.connection.execute(text, bound)
        return cursor.rowcount

    def do_all(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Change rows, once for each of these."""
        for row in rows:
            self.do(name, *row)

    @contextmanager
    def of_one_moment(self) -> Generator[None]:
        """Have all that is read while the block lasts be of one moment: it begins and ends on the way of a question."""
        if self.in_transaction:
            yield
            return
        raised: list[BaseException] = []
        with self.connection.pipeline():
            self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try:
                yield
            except BaseException as error:  # raised when the pipeline is over: it logs what it meets on the way out
                raised.append(error)
            else:
                self.connection.execute("ROLLBACK")
        if raised:
            if not self.connection.closed:
                self.connection.rollback()
            raise raised[0]

    def alone(self, what: str) -> None:
        """Have nobody else change what goes by this name until the transaction ends."""
        self.do("lock", what.replace("\0", "\ufffd"))

    def stored_text(self, text: str) -> bytes:
        """Return the bytes of a text: PostgreSQL stores no NUL in a text."""
        return text.encode()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun on the connection."""
        return self.connection.info.transaction_status is not pq.TransactionStatus.IDLE


def listing(name: str, wanted: Iterable[str]) -> bytes:
    """Return the statement of a list without the lines for which nothing was given."""
    return _only(name, frozenset(wanted))


@cache
def _only(name: str, given: frozenset[str]) -> bytes:
    return only(statement(name).decode(), given, _PARAMETER).encode()


def _bound(name: str, values: Sequence[object]) -> tuple[bytes, Sequence[object] | dict[str, object] | None]:
    text = statement(name)
    if _NUMBERED in text:
        return text, {str(place): value for place, value in enumerate(values, start=1)}
    return text, values or None
