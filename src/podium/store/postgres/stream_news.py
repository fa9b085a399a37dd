"""Hearing at once that there is more of a stream, or of events: the server tells a thread, while any are read here."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from podium.errors import PodiumError
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.sql import statement
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.events import TableEvents
from podium.store.tables.statements import Tables

_LOOK_SECONDS = 0.5
"""So often the thread looks whether anybody reads still, and so long it waits to try a server again that is gone."""
_END_SECONDS = 2.0
_MARKS = 200
"""So many runs are told of at once: a notice has less than 8,000 bytes."""
_EVENTS = "events"
"""What stands for the events of the store, where a digest stands for a run."""


class PostgresEventBook(TableEvents):
    """Events in the store's own table; the server says when another process has added some."""

    tells = True

    def __init__(self, tables: Tables, news: "StreamNews") -> None:
        super().__init__(tables)
        self._news = news

    @contextmanager
    def hear(self, ring: Callable[[], None]) -> Generator[Callable[[], bool]]:
        """Have `ring` called for what any process commits, maybe in another thread."""
        with super().hear(ring), self._news.heard(_EVENTS, ring):
            yield self._news.is_listening


class StreamNews:
    """A connection that is told of runs, in a thread of its own, while there is somebody who wants to know."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._rings: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._thread: threading.Thread | None = None
        self._listening = False
        self._closed = threading.Event()

    def is_listening(self) -> bool:
        """Whether whatever is new would be heard of."""
        return self._listening

    @contextmanager
    def heard(self, mark: str, ring: Callable[[], None]) -> Generator[None]:
        """Have `ring` called whenever the server tells of a mark, while the block lasts."""
        with self._lock:
            self._rings[mark].append(ring)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="podium-streams", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._rings[mark].remove(ring)
                if not self._rings[mark]:
                    del self._rings[mark]

    def close(self) -> None:
        """End the thread; one that waits for a server that is gone ends by itself."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(_END_SECONDS)

    def _run(self) -> None:
        while not self._is_over():
            with suppress(psycopg.Error, PodiumError), connect(self._address) as connection:
                self._listen(connection)
            self._listening = False
            self._closed.wait(_LOOK_SECONDS)

    def _listen(self, connection: Connection) -> None:
        row = connection.execute(statement("stream_channel")).fetchone()
        assert row is not None  # it is one value
        connection.execute(b"LISTEN " + row[0].encode())
        self._ring()  # what came before was not heard of
        self._listening = True
        while self._is_wanted():
            for told in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                self._ring(told.payload.split())

    def _ring(self, marks: Sequence[str] | None = None) -> None:
        with self._lock:
            told = self._rings if marks is None else marks
            rings = [ring for mark in told for ring in self._rings.get(mark, ())]
        for ring in rings:
            ring()

    def _is_wanted(self) -> bool:
        return bool(self._rings) and not self._closed.is_set()

    def _is_over(self) -> bool:
        """Whether nobody wants to know any more: the next who does begins a new thread."""
        with self._lock:
            if self._is_wanted():
                return False
            self._thread = None
            return True


def tell_events(statements: PostgresStatements, worker: str) -> None:
    """Tell those who read events in other processes, if there are any, that some were just committed."""
    statements.send("events_tell", _EVENTS, worker)


def tell_streams(statements: PostgresStatements, runs: set[str]) -> None:
    """Tell those who read these runs, in whatever process, of what was just committed: many with one notice."""
    marks = [mark_of(run) for run in sorted(runs)]
    for some in range(0, len(marks), _MARKS):
        statements.send("stream_tell", " ".join(marks[some : some + _MARKS]))


def mark_of(run: str) -> str:
    """Return what stands for a run: its own name may be longer than what can be told."""
    return hashlib.sha256(run.encode()).hexdigest()[:32]
