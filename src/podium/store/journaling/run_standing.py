"""How a run stands that is about to be changed."""

from dataclasses import dataclass

from podium.model.run import RunState
from podium.store.inserting import NewRun
from podium.store.operations import Placed


@dataclass(slots=True)
class RunStanding:
    """How a run stands."""

    n: int
    state: RunState
    epoch: int
    owner: str | None
    priority: int
    crash_count: int
    queue: str
    parent: str | None
    tenant: str
    id: str
    sticky: bool

    @classmethod
    def of_new(cls, run: NewRun, n: int, state: RunState, epoch: int, owner: str | None) -> "RunStanding":
        """Return how a run stands that begins."""
        sticky = run.affinity is not None
        return cls(n, state, epoch, owner, run.priority, 0, run.queue, run.parent, run.tenant, run.id, sticky)

    @property
    def placed(self) -> Placed:
        """The run as one that is ready."""
        return Placed(
            self.n, self.priority, self.crash_count, self.queue, self.epoch, self.tenant, self.id, self.sticky
        )
