"""Statements of a transaction on PostgreSQL, which are sent together up to the next question."""

from collections.abc import Mapping

from psycopg import Cursor

from podium.store.postgres.sql import statement
from podium.store.postgres.table_statements import TableStatements
from podium.store.tables.statements import Row


class PostgresStatements(TableStatements):
    """Carries out statements on one connection. What they give may be fetched later, when others were sent too."""

    __slots__ = ()

    def named(self, name: str, values: Mapping[str, object]) -> Cursor[Row]:
        """Send a statement whose values have names."""
        return self.connection.execute(statement(name), values, binary=True)

    def happened(self, name: str, *values: object) -> bool:
        """Change a row; whether there was one. The statement has to give it back."""
        return self.one(name, *values) is not None
