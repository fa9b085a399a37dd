"""Hearing of what other processes changed, without asking: the server tells whoever listens."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import psycopg

from podium.errors import StoreUnavailable
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.sql import statement
from podium.store.postgres.statements import PostgresStatements


class News(NamedTuple):
    """What others changed."""

    work: bool
    """There may be runs that are ready, or something came for one that is driven."""
    ends: bool
    """Runs may have ended, or be blocked."""

    def __bool__(self) -> bool:
        """Whether it is anything."""
        return self.work or self.ends


_ALL = News(work=True, ends=True)
_NONE = News(work=False, ends=False)


class Listener:
    """A connection that is told of what others commit. Looking whether it was costs no way to the server."""

    def __init__(self, address: Address, own: str) -> None:
        """`own` is what this process says when it tells others (`tell`)."""
        self._address = address
        self._own = own
        self._connection: Connection | None = None
        self._news = _ALL
        self._told: Callable[[News], None] | None = None
        self._watched: tuple[asyncio.AbstractEventLoop, int] | None = None
        """The event loop that looks at the connection, and the connection's file."""

    def listen(self, told: Callable[[News], None]) -> None:
        """Have this called in the event loop as soon as there is news, from the next `watch` on."""
        self._told = told

    def open(self) -> None:
        """Begin to listen, unless it does; where that cannot be, what others change is not heard of."""
        if self._connection is None or self._connection.closed:
            with suppress(psycopg.Error, StoreUnavailable):
                self._connection = _listening(self._address)

    def watch(self) -> None:
        """Have the running event loop look at the connection as it hears something, where such a loop can do that."""
        connection, loop = self._connection, asyncio.get_running_loop()
        if self._told is None or connection is None or connection.closed:
            return
        if self._watched == (loop, connection.fileno()):
            return
        self._unwatch()
        with suppress(NotImplementedError):  # as on Windows: it is looked at with each poll
            loop.add_reader(connection.fileno(), self._readable)
            self._watched = loop, connection.fileno()

    def news(self) -> News:
        """Return what others changed since this was asked last, or may have, unheard."""
        self._hear()
        news, self._news = self._news, _NONE
        return news

    def close(self) -> None:
        """Listen no more."""
        self._unwatch()
        if self._connection is not None:
            self._connection.close()

    def _readable(self) -> None:
        self._hear()
        if self._news and self._told is not None:
            self._told(self._news)

    def _hear(self) -> None:
        """Take in what the server told; where it told nothing because the connection is lost, that may be anything."""
        connection = self._connection
        if connection is None or connection.closed:
            self._unwatch()
            self._news = _ALL
            return
        try:
            connection.pgconn.consume_input()
            while (told := connection.pgconn.notifies()) is not None:
                kind, _, name = told.extra.decode().partition(" ")
                if name != self._own:
                    self._news = News(self._news.work or kind != _ENDS, ends=True)
        except psycopg.Error:
            self._unwatch()
            connection.close()
            self._news = _ALL

    def _unwatch(self) -> None:
        watched, self._watched = self._watched, None
        if watched is not None and not watched[0].is_closed():
            watched[0].remove_reader(watched[1])


def _listening(address: Address) -> Connection:
    connection = connect(address)
    try:
        connection.execute(b"LISTEN " + channel(connection).encode())
    except BaseException:
        connection.close()
        raise
    return connection


_WORK, _ENDS = "work", "ends"


def channel(connection: Connection) -> str:
    """Return the name under which the processes of a store tell each other."""
    row = connection.execute(statement("channel")).fetchone()
    assert row is not None  # it is one value
    return row[0]


def tell(connection: Connection, worker: str, own: str, news: News) -> None:
    """Tell other processes, if there are any, of what was just committed."""
    if news:
        PostgresStatements(connection).send("notify", f"{_WORK if news.work else _ENDS} {own}", worker)
