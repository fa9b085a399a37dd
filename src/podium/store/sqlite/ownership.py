"""Who drives which run: what is claimed, woken and found, on a connection of the caller."""

import sqlite3
from collections.abc import Sequence

from podium.store.codec import encode_as_is
from podium.store.operations import Delivery, Placed
from podium.store.protocol import Claimed, Serving
from podium.store.sqlite.sql import statement
from podium.store.sqlite.statements import SqliteStatements
from podium.store.tables.rows import facts_to_drive, placed_of, run_of, signal_of
from podium.store.tables.statements import Row

_TENANT, _AFFINITY = 13, 24
"""Columns of a run."""


def claim(connection: sqlite3.Connection, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[int]:
    """Make a worker that is not fenced the owner of runs that are ready; returns which it has now."""
    fenced = connection.execute(statement("worker_fenced"), (worker,)).fetchone()
    if fenced is None or fenced[0]:
        return []
    known, mine = set(workflows), list[int]()
    sticky: set[tuple[str, str]] = set()
    for number in numbers:
        row = connection.execute(statement("run_row_by_n"), (number,)).fetchone()
        if row is None or row[2] not in known:
            continue
        if connection.execute(statement("run_claim"), (worker, number)).rowcount:
            mine.append(number)
            if row[_AFFINITY] is not None:
                sticky.add((row[_TENANT], row[_AFFINITY]))
    if sticky:
        connection.executemany(statement("affinity_note"), [(*key, worker) for key in sticky])
        connection.execute(statement("affinities_expire"))
    return mine


def take_over(connection: sqlite3.Connection, run_id: str, worker: str) -> int | None:
    """Make a worker the owner of a run that nobody drives, whatever its state; returns its number."""
    row = connection.execute(statement("run_number"), (run_id,)).fetchone()
    if row is None or not connection.execute(statement("run_take_over"), (worker, row[0])).rowcount:
        return None
    return row[0]


def load(connection: sqlite3.Connection, number: int) -> Claimed:
    """Return a run that was claimed: first the facts of its present generation, then what came for it."""
    run = run_of(_run_row(connection, number))
    facts = facts_to_drive(SqliteStatements(connection), number, run.since)
    delivery = delivery_of(connection, number)
    return Claimed(number, run, delivery.wake, facts, delivery.signals)


def delivery_of(connection: sqlite3.Connection, number: int) -> Delivery:
    """Return what came for a run: first its wake counter, then the signals, so that a late one moves the counter."""
    wake = _run_row(connection, number)[19]
    signals = [signal_of(row) for row in connection.execute(statement("signals_waiting"), (number,))]
    return Delivery(number, wake, signals)


def deliveries(connection: sqlite3.Connection, worker: str) -> list[Delivery]:
    """Return what came for the runs that a worker drives, for those for which there is something."""
    numbers = connection.execute(statement("runs_woken"), (worker,)).fetchall()
    return [delivery_of(connection, number) for (number,) in numbers]


def due(connection: sqlite3.Connection, now: float) -> list[Placed]:
    """Return the parked runs whose time has come."""
    return [placed_of(row) for row in connection.execute(statement("runs_due"), (now,))]


def next_due(connection: sqlite3.Connection) -> float | None:
    """Return the earliest time at which a parked run wants to be woken."""
    return connection.execute(statement("next_due")).fetchone()[0]


def served_again(connection: sqlite3.Connection, serving: Serving) -> list[Placed]:
    """Return the runs that are blocked for want of a version which is served now."""
    found: list[Placed] = []
    for workflow, versions in serving.versions.items():
        wanted = (workflow, encode_as_is(sorted(versions)).decode())
        found += [placed_of(row) for row in connection.execute(statement("runs_blocked"), wanted)]
    return found


def wake(connection: sqlite3.Connection, now: float, serving: Serving | None) -> list[Placed]:
    """Make runs ready whose time has come, and those that are blocked for want of what is served now."""
    woken = due(connection, now)
    connection.executemany(statement("run_wake"), [(run.n,) for run in woken])
    again = [] if serving is None else served_again(connection, serving)
    connection.executemany(statement("run_make_ready"), [(run.n,) for run in again])
    return woken + again


def ready(connection: sqlite3.Connection, worker: str, serving: Serving) -> list[Placed]:
    """Return runs that wait for a worker and may go to this one: suspects first, then the most urgent."""
    queues = None if serving.queues is None else encode_as_is(sorted(serving.queues)).decode()
    wanted = (encode_as_is(sorted(serving.versions)).decode(), serving.limit, queues)
    rows: list[Row] = connection.execute(statement("runs_suspect"), wanted).fetchall()
    rows += connection.execute(statement("runs_ready"), (*wanted, worker, serving.affinity_wait)).fetchall()
    return [placed_of(row) for row in rows]


def waits_for_another(connection: sqlite3.Connection, serving: Serving) -> bool:
    """Whether a run may be left to another worker for now: then it is anybody's a little later, and nobody tells."""
    if not serving.affinity_wait:
        return False
    return bool(connection.execute(statement("runs_sticky"), (serving.affinity_wait,)).fetchone()[0])


def _run_row(connection: sqlite3.Connection, number: int) -> Row:
    return connection.execute(statement("run_row_by_n"), (number,)).fetchone()
