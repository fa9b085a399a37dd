"""Who is alive: beats, fencing, and handing back the runs of those who are not."""

import os
from collections.abc import Mapping, Sequence

from podium.store.operations import Placed
from podium.store.place import host_of, is_gone, place, process_birth
from podium.store.postgres.connection import Connection
from podium.store.postgres.session import Session
from podium.store.postgres.statements import PostgresStatements
from podium.store.postgres.watched import process_name
from podium.store.protocol import BeatReply, Drain, LostWorker, Serves
from podium.store.tables.draining import ask_to_drain
from podium.store.tables.statements import Row
from podium.store.tables.workers import LEFT, LOST, WORKERS, joining, rates_text, refuse_moved, reply_of

_NOTHING_SAID = Serves()


class PostgresWorkers:
    """The workers of a store, over a session of their own."""

    def __init__(self, session: Session, name: str) -> None:
        """The session is to give up soon: a beat that comes late must not be taken for one that was in time."""
        self._session = session
        self._name = name

    def join(self, worker: str, now: float, serves: Serves = _NOTHING_SAID) -> None:
        """Enter a worker; raises StoreMoved where the store has been moved."""
        pid = os.getpid()
        row = joining(worker, place(), pid, process_birth(pid), now, serves)

        def work(connection: Connection) -> None:
            statements = PostgresStatements(connection)
            statements.alone(WORKERS)
            if statements.one("worker_insert", *row) is None:
                refuse_moved(statements, self._name)

        self._session.write(work)

    def beat(self, worker: str, now: float, rates: Mapping[str, float] | None = None) -> BeatReply | None:
        """Say that a worker lives; None where it was fenced."""
        row = self._session.read(lambda c: PostgresStatements(c).one("worker_beat", now, rates_text(rates), worker))
        return None if row is None else reply_of(row)

    def drain(self, worker: str, drain: Drain) -> bool:
        """Have a worker told at its next beat that it is to drain, and enter that in the ledger."""

        def work(connection: Connection) -> bool:
            statements = PostgresStatements(connection)
            statements.send("commit_waited")
            return ask_to_drain(statements, worker, drain)

        return self._session.write(work)

    def drained(self, worker: str, now: float) -> None:
        """Say that a worker has drained."""
        self._session.write(lambda connection: PostgresStatements(connection).do("worker_drained", now, worker))

    def beats(self, worker: str) -> dict[str, float]:
        """Return when each of the others that are alive was heard of last."""
        return {name: beat for name, _, _, _, beat in self._others(worker)}

    def reap(self, worker: str, silent: Mapping[str, float]) -> list[Placed]:
        """Fence the dead first, then hand their runs back; nothing while another process does."""
        dead: list[tuple[str, str, float, bool]] = []
        for name, where, pid, born, beat in self._others(worker):
            gone = is_gone(where, pid, born)
            if gone or silent.get(name) == beat:
                dead.append((name, process_name(where, pid, born), beat, gone or where != place()))
        return self._session.write(lambda connection: _reap(connection, dead)) if dead else []

    def leave(self, worker: str) -> list[Placed]:
        """Fence a worker and hand its runs back, in one transaction."""
        return self._session.write(lambda connection: fence(connection, worker, lost=False))

    def others(self, worker: str) -> list[str]:
        """Return where other workers drive runs that were heard of within their lease, and are not known to be gone."""
        rows = self._session.read(lambda connection: PostgresStatements(connection).all("workers_heard", worker))
        return [f"pid {pid} on {host_of(where)}" for where, pid, born in rows if not is_gone(where, pid, born)]

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        row = self._session.read(lambda connection: PostgresStatements(connection).one("worker_fenced", worker))
        return row is None or bool(row[0])

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later."""
        rows = self._session.read(lambda connection: PostgresStatements(connection).all("workers_lost", since))
        return [LostWorker(id=name, host=host_of(where), pid=pid, beat=beat) for name, where, pid, beat in rows]

    def _others(self, worker: str) -> list[Row]:
        return self._session.read(lambda connection: PostgresStatements(connection).all("workers_alive", worker))


def _reap(connection: Connection, dead: Sequence[tuple[str, str, float, bool]]) -> list[Placed]:
    statements = PostgresStatements(connection)
    alone = statements.one("workers_reaping")
    if alone is None or not alone[0]:
        return []
    for _, process, _, _ in dead:  # what it has locked would hold up all others, until it goes on or for ever
        statements.send("transactions_end", process)
    return [
        placed
        for name, _, beat, died in dead
        if statements.one("worker_seize_free", name) is not None  # else the next beat tries again
        for placed in fence(connection, name, lost=True, died=died, beat=beat)
    ]


def fence(
    connection: Connection, worker: str, *, lost: bool, died: bool = False, beat: float | None = None
) -> list[Placed]:
    """Fence a worker, unless it has beaten since, and hand its runs back; where it died, each with a strike more.

    A process of this place that is there still was only late. Of another place, being late is all one sees.
    """
    statements = PostgresStatements(connection)
    statements.send("worker_seize", worker)
    changed = statements.happened("worker_fence", LOST if lost else LEFT, worker, beat, beat)
    if lost and not changed:
        return []
    if died:
        statements.send("runs_strike", worker)
    return [Placed(*row) for row in sorted(statements.all("runs_hand_back", worker))]
