"""Hearing of what other processes changed, without asking: the server tells whoever listens."""

from contextlib import suppress

import psycopg

from podium.errors import StoreUnavailable
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.sql import statement
from podium.store.postgres.statements import PostgresStatements


class Listener:
    """A connection that is told of what others commit. Looking whether it was costs no way to the server."""

    def __init__(self, address: Address, own: str) -> None:
        """`own` is what this process says when it tells others (`tell`)."""
        self._address = address
        self._own = own
        self._connection: Connection | None = None

    def open(self) -> None:
        """Begin to listen, unless it does; where that cannot be, what others change is not heard of."""
        if self._connection is None or self._connection.closed:
            with suppress(psycopg.Error, StoreUnavailable):
                connection = connect(self._address)
                connection.execute(b"LISTEN " + channel(connection).encode())
                self._connection = connection

    def hears(self) -> bool:
        """Whether others changed something since this was asked last, or may have, unheard."""
        connection = self._connection
        if connection is None or connection.closed:
            return True
        heard = False
        try:
            connection.pgconn.consume_input()
            while (told := connection.pgconn.notifies()) is not None:
                heard |= told.extra.decode() != self._own
        except psycopg.Error:
            connection.close()
            return True
        return heard

    def close(self) -> None:
        """Listen no more."""
        if self._connection is not None:
            self._connection.close()


def channel(connection: Connection) -> str:
    """Return the name under which the processes of a store tell each other."""
    row = connection.execute(statement("channel")).fetchone()
    assert row is not None  # it is one value
    return row[0]


def tell(statements: PostgresStatements, worker: str, own: str) -> None:
    """Tell other processes, if there are any, once the transaction is committed."""
    statements.send("notify", own, worker)
