"""A connection that finds out where nothing comes from the server any more, though nobody has closed it."""

import os
from collections.abc import Generator
from functools import cache
from hashlib import sha256
from time import monotonic  # noqa: TID251 - a server lives in real time
from typing import Any, TypeVar, cast

import psycopg

from podium.store.place import place, process_birth

T = TypeVar("T")

SILENCE_SECONDS = 5.0
_PROBE_SECONDS = 2
_WORKS = b"SELECT state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' FROM pg_stat_activity WHERE pid = %s"
"""Whether a connection is answering a question: not, where it waits for the next one, or for its answer to be taken."""


class WatchedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose server is asked over another one, where it has been silent for a while, what it is doing.

    What takes long is waited for. A connection whose question or answer was lost on the way, or whose server cannot be
    reached, is closed: keepalives do not notice it where something between us answers them.
    """

    server = ""
    """Where the other connection goes to; empty where nobody is asked."""
    backend = 0
    """Its process, on the server."""
    silence = SILENCE_SECONDS

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **named: Any) -> T:
        """Wait for the server; raises OperationalError where nothing will come."""
        return super().wait(cast("Any", self._watched(gen)), *args, **named)

    def _watched(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        try:
            wanted, heard, doubted = next(gen), monotonic(), False
            while True:
                ready = yield wanted
                if ready:
                    heard, doubted = monotonic(), False
                elif monotonic() - heard > self.silence:
                    doubted = self._ask_elsewhere(doubted=doubted)
                    heard = monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _ask_elsewhere(self, *, doubted: bool) -> bool:
        """Return whether the server does not work for this connection; the second time it is closed.

        A server that is busy may not have begun yet.
        """
        if self.server and _works(self.server, self.backend):
            return False
        if not doubted:
            return True
        self.close()
        raise psycopg.OperationalError("the connection hangs: the server has not answered, and works at nothing for it")


def _works(server: str, backend: int) -> bool:
    try:
        with WatchedConnection.connect(server, autocommit=True, connect_timeout=_PROBE_SECONDS) as other:
            other.silence = _PROBE_SECONDS
            row = other.execute(_WORKS, (backend,)).fetchone()
    except psycopg.Error:
        return False
    return row is not None and bool(row[0])


def process_name(where: str, pid: int, born: str) -> str:
    """Return what the server calls the connections of a process."""
    return f"podium {pid} {sha256(f'{where} {born}'.encode()).hexdigest()[:16]}"


@cache
def _name_of(pid: int) -> str:
    return process_name(place(), pid, process_birth(pid))


def own_name() -> str:
    """Return what the server calls the connections of this process."""
    return _name_of(os.getpid())
