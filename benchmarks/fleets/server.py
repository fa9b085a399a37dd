"""A server of PostgreSQL for one measurement after the other, and what its tables say."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.fleets.processes import children
from tests.postgres import PostgresServer, postgres_server

_NUMBERS = count(1)
"""Of databases: a server may be measured more than once."""


class Server:
    """Each measurement has a database of its own in it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def database(self) -> str:
        """Make an empty database; returns its address."""
        name = f"bench{next(_NUMBERS)}"
        self.ask(self.address("postgres"), f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._server.folder}"

    def ask(self, address: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query gives, over a connection of its own."""
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description is not None else []

    def number(self, address: str, query: str) -> float:
        """Return the one number that a query gives."""
        return float(self.ask(address, query)[0][0] or 0)

    def processes(self) -> list[int]:
        """The processes that work for it now, one for each connection and those of its own."""
        first = int((self._server.folder / "data" / "postmaster.pid").read_text().split()[0])
        return [first, *children(first)]

    def settings(self) -> str:
        """What decides how fast it is, in words."""
        wanted = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "full_page_writes")
        address = self.address("postgres")
        return ", ".join(f"{name} {self.ask(address, f'SHOW {name}')[0][0]}" for name in wanted)


@contextmanager
def begun() -> Generator[Server]:
    """Have a server that loses nothing while the block lasts."""
    with postgres_server(durable=True) as server:
        yield Server(server)


def folder_of(path: Path) -> Path:
    """Make a folder in which the server can have its own."""
    path.mkdir(parents=True, exist_ok=True)
    return path
