"""Workers and queues in tables."""

from collections.abc import Mapping

from podium.errors import NotPossible, StoreMoved
from podium.store.codec import decode, encode_as_is
from podium.store.protocol import BeatReply, Drain, GivenOver, Serves, StoredQueue, StoredWorker
from podium.store.tables.statements import Row, Statements

WORKERS = "workers"
"""What who enters a worker, or gives the store over, is alone with."""
LEFT, LOST = 1, 2
"""How a worker is marked that must not write any more: it left by itself, or was declared dead."""


def joining(worker: str, where: str, pid: int, born: str, now: float, serves: Serves) -> tuple[object, ...]:
    """Return the values of `worker_insert`."""
    queues = None if serves.queues is None else encode_as_is(sorted(serves.queues)).decode()
    return worker, where, pid, born, now, serves.version, queues, serves.slots, serves.lease


def refuse_moved(statements: Statements, name: str) -> None:
    """Raise StoreMoved: a worker was not entered, which is only where the store has been moved."""
    row = statements.one("moved_get")
    to, _, by = ("another place", 0.0, "somebody") if row is None else row
    raise StoreMoved(
        f"the store {name} was given over to {to} by {by}: nobody drives runs here any more. Name that one. If the "
        "move was broken off, make it again; to go on here instead, `podium store move --undo FROM`, where FROM is the "
        "address of this one."
    )


def give_over(statements: Statements, to: GivenOver) -> GivenOver | None:
    """Say where the store goes on, unless a worker is entered here; returns what was said before."""
    statements.alone(WORKERS)
    if alive := statements.all("workers_alive", ""):
        raise NotPossible(f"a worker has just been entered, process {alive[0][2]}: stop it first.")
    before = given_over(statements)
    statements.do("moved_put", to.to, to.at, to.by)
    return before


def take_back(statements: Statements) -> GivenOver | None:
    """Have workers enter again; returns to where the store had been given over."""
    before = given_over(statements)
    statements.do("moved_delete")
    return before


def given_over(statements: Statements) -> GivenOver | None:
    """Return where the store goes on; None where it is here."""
    row = statements.one("moved_get")
    return None if row is None else GivenOver(to=row[0], at=row[1], by=row[2])


def rates_text(rates: Mapping[str, float] | None) -> str:
    """Return how fast a worker begins runs, as it is stored."""
    return encode_as_is(dict(rates or {})).decode()


def reply_of(row: Row) -> BeatReply:
    """Return what a row of `worker_beat` tells a worker."""
    return BeatReply(_drain(*row))


def worker_of(row: Row) -> StoredWorker:
    """Return the worker of a row of `workers_list` and its like."""
    name, where, pid, born, beat, since, version, queues, slots, lease, rates, fenced = row[:12]
    drain_at, drain_by, drain_why, drained_at, running, silence = row[12:]
    served = None if queues is None else frozenset(decode(queues.encode()))
    return StoredWorker(
        id=name, place=where, pid=pid, born=born, beat=beat, silence=silence, since=since or beat,
        serves=Serves(version=version, queues=served, slots=slots, lease=lease), running=running,
        rates=decode(rates.encode()), drain=_drain(drain_at, drain_by, drain_why), drained_at=drained_at,
        left=fenced == LEFT, lost=fenced == LOST,
    )  # fmt: skip


def queue_of(row: Row) -> StoredQueue:
    """Return the queue of a row of `queues_list`."""
    queue, ready, oldest_age, running = row
    return StoredQueue(queue=queue, ready=ready, oldest_age=oldest_age, running=running)


def _drain(at: float | None, by: str | None, why: str | None) -> Drain | None:
    return None if at is None else Drain(by=by or "", why=why or "", at=at)
