"""How workers and queues stand, and how many workers there should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from podium.model.worker_standing import WorkerStanding
from podium.store.place import host_of, is_gone
from podium.store.protocol import Drain, ReadStore, StoredQueue, StoredWorker

DEFAULT_SLOTS = 2_000
"""How many runs a worker drives at once where nothing else is set."""
_WAITS_IN_EARNEST = 5.0
"""Where a run has waited for so many seconds, its workers cannot begin more than they do; before, they may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker, which is one open app, and what it does now."""

    id: str
    host: str
    pid: int
    since: float
    """When it was entered; all times are in seconds since 1970."""
    beat: float
    """When it was heard of last, by its own clock."""
    silence: float
    """Seconds for which it was not heard of, by the clock of the store."""
    version: str
    """Of Podium."""
    queues: tuple[str, ...] | None
    """Those whose runs it drives; None are all."""
    slots: int
    """How many runs it drives at once, at most; of each queue where queues are named."""
    running: int
    """How many it drives now."""
    rate: float
    """How many runs it began to drive a second, over the last minute."""
    standing: WorkerStanding
    drain: Drain | None
    """Who has it drained, why, and since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue, and who drives its runs."""

    queue: str
    ready: int
    """How many runs wait for a worker."""
    oldest_age: float
    """Seconds that the one of them waits that waits longest, by the clock of the store; 0 where none does."""
    running: int
    """How many are driven."""
    rate: float
    """How many runs began to be driven a second, over the last minute."""
    workers: int
    """How many workers take its runs."""
    slots: int
    """How many runs these may drive at once; those that serve all queues share theirs among these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersWanted:
    """How many workers there should be, so that what waits now is begun in time."""

    queue: str | None
    """Whose runs are counted; None are those of all queues together."""
    wanted: int
    ready: int
    oldest_age: float
    running: int
    rate: float
    workers: int
    slots: int
    """How many runs one worker drives at once: those that there are, or as was said where there is none."""
    within: float
    """Seconds in which whatever waits is to be begun."""

    @property
    def why(self) -> str:
        """What it was counted from, in one line."""
        waits = "1 run waits" if self.ready == 1 else f"{self.ready:,} runs wait"
        oldest = f", oldest {self.oldest_age:.0f} s" if self.ready else ""
        begins = "1 worker begins" if self.workers == 1 else f"{self.workers:,} workers begin"
        rate = f"{begins} {self.rate:.2g}/s" if self.workers else "no worker is there"
        wanted = "1 is wanted" if self.wanted == 1 else f"{self.wanted:,} are wanted"
        return f"{waits}{oldest}; {self.running:,} driven, {rate}; {wanted}"


async def workers_of(store: ReadStore) -> list[WorkerState]:
    """Return the workers of a store that have not left, the oldest first."""
    return [worker_state(row) for row in await store.worker_rows()]


async def queues_of(store: ReadStore) -> list[QueueState]:
    """Return the queues in which runs wait or are driven, and those that workers name, by name."""
    workers = await workers_driving(store)
    named = {name for row in workers for name in (*(row.serves.queues or ()), *row.rates)}
    rows = {row.queue: row for row in await store.queue_rows()}
    rows |= {name: StoredQueue(queue=name, ready=0, oldest_age=0.0, running=0) for name in named - rows.keys()}
    return [_queue_state(rows[name], workers) for name in sorted(rows)]


async def workers_wanted(store: ReadStore, queue: str | None, within: float, slots: int) -> WorkersWanted:
    """Say how many workers there should be for a queue, or for all queues together.

    One worker has room for so many runs at once as it has slots, and for as many more as it begins in the time that is
    left until the oldest run has waited `within` seconds. What is driven now has to keep its place. Slots that are free
    say nothing where runs wait all the same, as where the work takes processor time: then there should be as many as
    begin all that waits within that time, each as fast as now. `slots` is how many a worker has where there is none.
    """
    workers = [row for row in await workers_driving(store) if queue is None or _serves(row, queue)]
    rows = [row for row in await store.queue_rows() if queue is None or row.queue == queue]
    ready, running = sum(row.ready for row in rows), sum(row.running for row in rows)
    oldest = max((row.oldest_age for row in rows), default=0.0)
    rate = sum(_rate(row, queue) for row in workers)
    each = sum(_slots(row, queue) for row in workers) // len(workers) if workers else slots
    each = max(1, each)
    begun = rate / len(workers) * max(0.0, within - oldest) if workers else 0.0
    wanted = max(ceil(running / each), ceil((ready + running) / (each + begun)))
    if rate and oldest >= _WAITS_IN_EARNEST:
        wanted = max(wanted, ceil(ready * len(workers) / (rate * within)))
    return WorkersWanted(
        queue=queue, wanted=wanted, ready=ready, oldest_age=oldest, running=running, rate=rate, workers=len(workers),
        slots=each, within=within,
    )  # fmt: skip


async def workers_driving(store: ReadStore) -> list[StoredWorker]:
    """Return the workers that take runs up; a server that leaves that to others is entered too, and takes none."""
    rows = [row for row in await store.worker_rows() if row.serves.queues != frozenset()]
    return [row for row in rows if standing_of(row) is WorkerStanding.DRIVING]


def worker_state(row: StoredWorker) -> WorkerState:
    """Return what a worker does now."""
    serves = row.serves
    return WorkerState(
        id=row.id, host=host_of(row.place), pid=row.pid, since=row.since, beat=row.beat, silence=row.silence,
        version=serves.version, queues=None if serves.queues is None else tuple(sorted(serves.queues)),
        slots=serves.slots, running=row.running, rate=_rate(row, None), standing=standing_of(row), drain=row.drain,
    )  # fmt: skip


def standing_of(row: StoredWorker) -> WorkerStanding:
    """Return how a worker stands."""
    if row.left:
        return WorkerStanding.LEFT
    if row.lost or is_gone(row.place, row.pid, row.born) or row.silence > row.serves.lease:
        return WorkerStanding.GONE
    if row.drained_at is not None:
        return WorkerStanding.DRAINED
    return WorkerStanding.DRIVING if row.drain is None else WorkerStanding.DRAINING


def _queue_state(row: StoredQueue, workers: Sequence[StoredWorker]) -> QueueState:
    serving = [each for each in workers if _serves(each, row.queue)]
    return QueueState(
        queue=row.queue, ready=row.ready, oldest_age=row.oldest_age, running=row.running,
        rate=sum(_rate(each, row.queue) for each in serving), workers=len(serving),
        slots=sum(_slots(each, row.queue) for each in serving),
    )  # fmt: skip


def _serves(worker: StoredWorker, queue: str) -> bool:
    return worker.serves.queues is None or queue in worker.serves.queues


def _rate(worker: StoredWorker, queue: str | None) -> float:
    return sum(worker.rates.values()) if queue is None else worker.rates.get(queue, 0.0)


def _slots(worker: StoredWorker, queue: str | None) -> int:
    queues = worker.serves.queues
    return worker.serves.slots * (len(queues) if queue is None and queues else 1)
