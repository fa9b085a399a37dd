"""Workers and queues: who drives runs, and what waits."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, Moment, moment
from podium.model.worker_standing import WorkerStanding

if TYPE_CHECKING:
    from podium.reports.workers import QueueState, WorkerState, WorkersWanted


class DrainBody(ApiBody):
    """Who has a worker drained, and why."""

    by: str
    reason: str
    at: Moment


class WorkerBody(ApiBody):
    """A worker, and what it does now."""

    id: str
    host: str
    pid: int
    since: Moment
    beat: Annotated[Moment, Field(description="When it was heard of last.")]
    version: Annotated[str, Field(description="Of Podium.")]
    queues: Annotated[list[str] | None, Field(description="Whose runs it drives; null are all.")]
    slots: Annotated[int, Field(description="How many runs it drives at once, at most.")]
    running: int
    rate: Annotated[float, Field(description="Runs that it began a second, over the last minute.")]
    state: WorkerStanding
    drain: DrainBody | None

    @classmethod
    def of(cls, worker: "WorkerState") -> Self:
        """Return a worker as others see it."""
        drain = worker.drain
        return cls(
            id=worker.id, host=worker.host, pid=worker.pid, since=moment(worker.since), beat=moment(worker.beat),
            version=worker.version, queues=None if worker.queues is None else list(worker.queues), slots=worker.slots,
            running=worker.running, rate=worker.rate, state=worker.standing,
            drain=None if drain is None else DrainBody(by=drain.by, reason=drain.why, at=moment(drain.at)),
        )  # fmt: skip


class QueueBody(ApiBody):
    """A queue, and who drives its runs."""

    queue: str
    ready: Annotated[int, Field(description="Runs that wait for a worker.")]
    oldest_age: Annotated[float, Field(description="Seconds that the one waits that waits longest; 0 where none does.")]
    running: Annotated[int, Field(description="Runs that are driven.")]
    rate: Annotated[float, Field(description="Runs that began to be driven a second, over the last minute.")]
    workers: int
    slots: int

    @classmethod
    def of(cls, queue: "QueueState") -> Self:
        """Return a queue as others see it."""
        return cls(
            queue=queue.queue, ready=queue.ready, oldest_age=queue.oldest_age, running=queue.running, rate=queue.rate,
            workers=queue.workers, slots=queue.slots,
        )  # fmt: skip


class WantedBody(ApiBody):
    """How many workers there should be, so that what waits is begun in time."""

    queue: Annotated[str | None, Field(description="Whose runs are counted; null are those of all queues together.")]
    wanted: int
    ready: int
    oldest_age: float
    running: int
    rate: float
    workers: int
    slots: Annotated[int, Field(description="How many runs one worker drives at once.")]
    within: Annotated[float, Field(description="Seconds in which whatever waits is to be begun.")]
    reason: Annotated[str, Field(description="What it was counted from, in one line.")]

    @classmethod
    def of(cls, found: "WorkersWanted") -> Self:
        """Return how many workers there should be."""
        return cls(
            queue=found.queue, wanted=found.wanted, ready=found.ready, oldest_age=found.oldest_age,
            running=found.running, rate=found.rate, workers=found.workers, slots=found.slots, within=found.within,
            reason=found.why,
        )  # fmt: skip
