"""Small states that the processes of a store share, in the store's own file."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

from podium.store.sqlite.connection import translated
from podium.store.sqlite.sql import statement

T = TypeVar("T")

_LOOKED_AT = 16
"""How many others are looked at with each state that is new: so those that mean nothing any more do not pile up."""


class SqliteSharedStates:
    """Read and replaced on the event loop, where that takes microseconds; replaced elsewhere where that has to wait."""

    def __init__(
        self, quick: sqlite3.Connection, write: Callable[[Callable[[sqlite3.Connection], bool]], Awaitable[bool]],
        path: str,
    ) -> None:  # fmt: skip
        self._quick = quick
        self._write = write
        self._path = path

    async def get(self, name: str) -> bytes:
        """Return a state."""
        with translated(self._path):
            row = self._quick.execute(statement("shared_state_get"), (name,)).fetchone()
        return b"" if row is None else row[0]

    async def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> bool:
        """Replace a state that still is as it was seen."""

        def work(connection: sqlite3.Connection) -> bool:
            if not state:
                if not seen:
                    return connection.execute(statement("shared_state_get"), (name,)).fetchone() is None
                return connection.execute(statement("shared_state_delete"), (name, seen)).rowcount == 1
            if seen:
                return connection.execute(statement("shared_state_update"), (until, state, name, seen)).rowcount == 1
            connection.execute(statement("shared_states_expire"), (name, _LOOKED_AT, now))
            return connection.execute(statement("shared_state_insert"), (name, until, state)).rowcount == 1

        return await self._write(work)
