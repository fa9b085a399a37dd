"""The workflow of Temporal that places a run: one activity, tried until a worker has taken the run or it needs none."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

from podium.store.operations import Placed

PLACE = "podium.place"
"""The name of the workflow."""
DRIVE = "podium.drive"
"""The name of the activity."""

_AS_LONG_AS_IT_TAKES = timedelta(days=3_650)
_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10))
_STEPS = ((6, 1), (1, 2), (0, 3), (-5, 4))
"""Temporal knows five priorities, 1 is the most urgent: from which of ours on each is taken."""
_LEAST_URGENT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveRequest:
    """One stretch in which a run is ready, as Temporal is told of it."""

    run: str
    n: int
    epoch: int
    queue: str
    priority: int
    crash_count: int
    tenant: str
    lease: float
    """Seconds without a heartbeat after which another worker is asked."""

    @property
    def placed(self) -> Placed:
        """As the engine knows it."""
        return Placed(self.n, self.priority, self.crash_count, self.queue, self.epoch, self.tenant, self.run)


def request_of(run: Placed, lease: float) -> DriveRequest:
    """Return what Temporal is told of a run that is ready."""
    return DriveRequest(
        run=run.id, n=run.n, epoch=run.epoch, queue=run.queue, priority=run.priority, crash_count=run.crash_count,
        tenant=run.tenant, lease=lease,
    )  # fmt: skip


def priority_of(priority: int) -> Priority:
    """Return the nearest of Temporal's priorities; runs of one are driven in the order in which they were placed."""
    return Priority(priority_key=next((key for least, key in _STEPS if priority >= least), _LEAST_URGENT))


@workflow.defn(name=PLACE, sandboxed=False)
class PlaceRun:
    """Has a run driven. What becomes of the run stands in Podium's store, and is not its business."""

    @workflow.run
    async def run(self, request: DriveRequest) -> None:
        """Ask the workers of the queue, one after the other, until the run needs no one any more."""
        await workflow.execute_activity(
            DRIVE, request, start_to_close_timeout=_AS_LONG_AS_IT_TAKES, retry_policy=_AGAIN,
            heartbeat_timeout=timedelta(seconds=request.lease),
        )  # fmt: skip
