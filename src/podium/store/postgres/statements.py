"""Statements on a connection to PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Cursor

from podium.store.postgres.connection import Connection
from podium.store.postgres.sql import statement

Row = tuple[Any, ...]
"""What the server gives: its columns have no types."""


class PostgresStatements:
    """Carries out statements on one connection. In a pipeline they are sent together, up to the next question."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, name: str, *values: object) -> Cursor[Row]:
        """Send a statement; what it gives is fetched when it is asked for."""
        return self.connection.execute(statement(name), values or None, binary=True)

    def named(self, name: str, values: Mapping[str, object]) -> Cursor[Row]:
        """Send a statement whose values have names."""
        return self.connection.execute(statement(name), values, binary=True)

    def one(self, name: str, *values: object) -> Row | None:
        """Return the first row that a statement gives; None where it gives none."""
        return self.send(name, *values).fetchone()

    def all(self, name: str, *values: object) -> list[Row]:
        """Return all rows that a statement gives."""
        return self.send(name, *values).fetchall()

    def do(self, name: str, *values: object) -> int:
        """Change rows; returns how many. The statement has to give them."""
        return len(self.send(name, *values).fetchall())

    def do_all(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Change rows, once for each of these."""
        for row in rows:
            self.send(name, *row)
