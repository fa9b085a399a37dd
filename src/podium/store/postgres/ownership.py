"""Who drives which run: what is claimed, woken and found, on a connection of the caller."""

from collections.abc import Iterable, Sequence

from psycopg import Cursor

from podium.model.fact import NOTHING, Fact, FactKind
from podium.store.journaling.quoted import Payloads, quotes
from podium.store.operations import Placed
from podium.store.postgres.columns import Ints, Texts
from podium.store.postgres.inboxes import deliveries_of
from podium.store.postgres.statements import PostgresStatements
from podium.store.protocol import Claimed, Serving, Woken
from podium.store.tables.rows import run_of
from podium.store.tables.statements import Row


def claim(
    statements: PostgresStatements, worker: str, numbers: Sequence[int], workflows: Sequence[str]
) -> list[int]:  # fmt: skip
    """Make a worker that is not fenced the owner of runs that are ready; returns which it has now."""
    alive = statements.one("worker_lock", worker)
    if alive is None or alive[0]:
        return []
    wanted = {"worker": worker, "numbers": Ints(numbers), "workflows": Texts(workflows)}
    mine = {row[0] for row in statements.named("runs_claim", wanted).fetchall()}
    return [number for number in dict.fromkeys(numbers) if number in mine]


def take_over(statements: PostgresStatements, run_id: str, worker: str) -> int | None:
    """Make a worker the owner of a run that nobody drives, whatever its state; returns its number."""
    statements.send("worker_lock", worker)
    row = statements.one("run_take_over", worker, run_id)
    return None if row is None else row[0]


def load(statements: PostgresStatements, numbers: Sequence[int]) -> list[Claimed]:
    """Return runs that were claimed: first the facts of their present generations, then what came for them."""
    runs = statements.send("runs_by_n", Ints(numbers))
    facts = statements.send("facts_to_drive", Ints(numbers))
    found = {each.run: each for each in deliveries_of(statements, numbers)}
    journals: dict[int, list[Row]] = {number: [] for number in numbers}
    for row in facts.fetchall():
        journals[row[0]].append(row)
    claimed = {row[0]: run_of(row) for row in runs.fetchall()}
    return [
        Claimed(n, claimed[n], found[n].wake, _facts(statements, n, journals[n]), found[n].signals) for n in numbers
    ]


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
        for _, seq, kind, key, at, epoch, body, said, is_large in rows
    ]  # fmt: skip


def wake(statements: PostgresStatements, worker: str, now: float, serving: Serving) -> Woken:
    """Return what there is to do: all questions are sent together.

    Runs whose time has come are made ready, and those that are blocked for want of what is served.
    """
    versions = [(workflow, version) for workflow, served in serving.versions.items() for version in served]
    workflows, numbers = Texts(pair[0] for pair in versions), Texts(pair[1] for pair in versions)
    wanted = {
        "workflows": Texts(serving.versions), "queues": None if serving.queues is None else Texts(serving.queues),
        "limit": serving.limit,
    }  # fmt: skip
    placed = statements.send("runs_wake_due", now), statements.send("runs_serve_again", workflows, numbers)
    ready = statements.named("runs_suspect", wanted), statements.named("runs_ready", wanted)
    woken = statements.send("runs_woken", worker)
    next_due = statements.send("next_due")
    found = Woken(placed=_placed(placed), ready=_placed(ready))
    driven = [row[0] for row in woken.fetchall()]
    found.next_due = (next_due.fetchone() or (None,))[0]
    if driven:
        found.deliveries = deliveries_of(statements, driven)
    return found
