"""Who drives which run: what is claimed, woken and found, on a connection of the caller."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg import Cursor

from podium.model.fact import NOTHING, Fact, FactKind
from podium.model.run import Run, Signal
from podium.store.journaling.appending import Head
from podium.store.journaling.quoted import Payloads, quotes
from podium.store.operations import Placed
from podium.store.postgres.columns import Ints, Texts
from podium.store.postgres.inboxes import deliveries_of, signals_of
from podium.store.postgres.statements import PostgresStatements
from podium.store.protocol import Claimed, Serving, Woken
from podium.store.tables.rows import run_of
from podium.store.tables.statements import Row

_WAKE = 19
"""The column of a run that says how often it was woken."""


class Taken(NamedTuple):
    """A run that a worker owns now."""

    claimed: Claimed
    head: Head | None
    """Where its journal ends, if that was read."""


def claim(
    statements: PostgresStatements, worker: str, numbers: Sequence[int], workflows: Sequence[str]
) -> list[Taken]:  # fmt: skip
    """Make a worker that is not fenced the owner of runs that are ready; returns those that it has now, to be driven.

    All is sent together. A run that another transaction is changing just now is left out. Nobody waits for the disk:
    where a server that dies loses the claim, it has nothing that was written under it, and takes no more of it.
    """
    statements.send("commit_unwaited")
    statements.send("worker_lock", worker)
    wanted = {"worker": worker, "numbers": Ints(numbers), "workflows": Texts(workflows)}
    claimed = statements.named("runs_claim", wanted)
    loaded = {each.claimed.n: each for each in load(statements, worker, numbers)}
    mine = {row[0] for row in claimed.fetchall()}
    _note_affinities(statements, worker, [loaded[number].claimed.run for number in mine])
    return [loaded[number] for number in dict.fromkeys(numbers) if number in mine]


def _note_affinities(statements: PostgresStatements, worker: str, runs: Iterable[Run]) -> None:
    """Write down who drives runs, so that the next ones of their affinities come here."""
    if sticky := [(run.tenant, run.affinity) for run in runs if run.affinity is not None]:
        tenants, affinities = Texts(tenant for tenant, _ in sticky), Texts(affinity for _, affinity in sticky)
        statements.send("affinities_note", worker, tenants, affinities)
        statements.send("affinities_expire")


def take_over(statements: PostgresStatements, run_id: str, worker: str) -> Taken | None:
    """Make a worker the owner of a run that nobody drives, whatever its state."""
    statements.send("worker_lock", worker)
    row = statements.one("run_take_over", worker, run_id)
    return None if row is None else load(statements, worker, [row[0]])[0]


def load(statements: PostgresStatements, worker: str, numbers: Sequence[int]) -> list[Taken]:
    """Return those of these runs that a worker owns.

    First how often they were woken, and the facts of their present generations, then what came for them.
    """
    runs = statements.send("runs_driven", Ints(numbers), worker)
    facts = statements.send("facts_to_drive", Ints(numbers), worker)
    signals = signals_of(statements, numbers)
    journals: dict[int, list[Row]] = {number: [] for number in numbers}
    for row in facts.fetchall():
        journals[row[0]].append(row)
    return [_taken(statements, row, journals[row[0]], signals[row[0]]) for row in runs.fetchall()]


def _taken(statements: PostgresStatements, row: Row, journal: Sequence[Row], signals: Sequence[Signal]) -> Taken:
    n, run = row[0], run_of(row)
    _, seq, *_, last = journal[-1]
    head = Head(run.id.encode(), seq + 1, last) if seq >= run.since else None  # else its end was not read
    return Taken(Claimed(n, run, row[_WAKE], _facts(statements, n, journal), signals), head)


def _placed(found: Iterable[Cursor[Row]]) -> list[Placed]:
    return [Placed(*row) for rows in found for row in rows.fetchall()]


def _facts(statements: PostgresStatements, run: int, rows: Sequence[Row]) -> list[Fact]:
    stored: dict[int, bytes | None] = {row[1]: row[7] for row in rows}

    def payload(seq: int) -> bytes | None:
        if seq not in stored:
            row = statements.one("payload_get", run, seq)
            stored[seq] = None if row is None else row[0]
        return stored[seq]

    payloads = Payloads(payload)
    return [
        Fact(
            seq, FactKind(kind), key, at, epoch, body or NOTHING,
            payloads.whole(seq, said) if not is_large and quotes(said) else said,
        )
        for _, seq, kind, key, at, epoch, body, said, is_large, _ in rows
    ]  # fmt: skip


def wake(statements: PostgresStatements, worker: str, now: float, serving: Serving) -> Woken:
    """Return what there is to do: all questions are sent together.

    Runs whose time has come are made ready, and those that are blocked for want of what is served.
    """
    versions = [(workflow, version) for workflow, served in serving.versions.items() for version in served]
    workflows, numbers = Texts(pair[0] for pair in versions), Texts(pair[1] for pair in versions)
    wanted = {
        "workflows": Texts(serving.versions), "queues": None if serving.queues is None else Texts(serving.queues),
        "limit": serving.limit, "worker": worker, "wait": serving.affinity_wait,
    }  # fmt: skip
    placed = statements.send("runs_wake_due", now), statements.send("runs_serve_again", workflows, numbers)
    ready = statements.named("runs_suspect", wanted), statements.named("runs_ready", wanted)
    woken = statements.send("runs_woken", worker)
    next_due = statements.send("next_due")
    sticky = statements.send("runs_sticky", serving.affinity_wait) if serving.affinity_wait else None
    found = Woken(placed=_placed(placed), ready=_placed(ready))
    found.more_soon = sticky is not None and bool(sticky.fetchall()[0][0])
    driven = [row[0] for row in woken.fetchall()]
    found.next_due = (next_due.fetchone() or (None,))[0]
    if driven:
        found.deliveries = deliveries_of(statements, driven)
    return found
