"""What a context has of time and chance: the same on every replay, without a fact of its own."""

from uuid import UUID

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.model.chance import Chance


class ChanceAndTime:
    """The part of a context that gives what differs from run to run and never from replay to replay."""

    __slots__ = ("_active", "_branch", "_chances", "_path")

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str) -> None:
        self._active = active
        self._branch = branch
        self._path = path
        self._chances = 0

    def now(self) -> float:
        """Return the time of the last thing that happened in this branch, in seconds since 1970."""
        return self._branch.last_at

    def random(self) -> Chance:
        """Return a source of chance that gives the same on every replay."""
        self._chances += 1
        return self._active.chance(f"{self._path}:{self._chances}")

    def uuid(self) -> UUID:
        """Return a UUID (version 4) that is the same on every replay."""
        return UUID(int=self.random().getrandbits(128), version=4)
