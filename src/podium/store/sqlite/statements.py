"""Statements on a connection to SQLite."""

import re
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import cache

from podium.store.sqlite.sql import statement
from podium.store.tables.pages import only
from podium.store.tables.statements import QueryValues, Row

_PARAMETER = re.compile(r":([a-z]\w*)")


class SqliteStatements:
    """Carries out statements on one connection, of which SQLite has one writer."""

    __slots__ = ("connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def rows(self, text: str, values: Sequence[object] | QueryValues) -> sqlite3.Cursor:
        """Carry out a statement that gives rows."""
        return self.connection.execute(text, values)

    def one(self, name: str, *values: object) -> Row | None:
        """Return the first row that a statement gives; None where it gives none."""
        return self.rows(statement(name), values).fetchone()

    def all(self, name: str, *values: object) -> list[Row]:
        """Return all rows that a statement gives."""
        return self.rows(statement(name), values).fetchall()

    def listed(self, name: str, wanted: QueryValues) -> list[Row]:
        """Return all rows of a list; lines of the statement for which nothing was given are left out."""
        return self.rows(listing(name, wanted), wanted).fetchall()

    def do(self, name: str, *values: object) -> None:
        """Change rows."""
        self.connection.execute(statement(name), values)

    def changed(self, name: str, *values: object) -> int:
        """Change rows; returns how many."""
        return self.connection.execute(statement(name), values).rowcount

    def do_all(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Change rows, once for each of these."""
        self.connection.executemany(statement(name), rows)

    @contextmanager
    def of_one_moment(self) -> Generator[None]:
        """Have all that is read while the block lasts be of one moment."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("COMMIT")

    def alone(self, what: str) -> None:
        """Do nothing: whoever writes is alone."""

    def stored_text(self, text: str) -> str:
        """Return the text: SQLite stores any."""
        return text


def listing(name: str, wanted: Iterable[str]) -> str:
    """Return the statement of a list without the lines for which nothing was given."""
    return _only(name, frozenset(wanted))


@cache
def _only(name: str, given: frozenset[str]) -> str:
    return only(statement(name), given, _PARAMETER)
