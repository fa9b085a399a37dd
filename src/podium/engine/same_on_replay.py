"""What a context has of its run, of time and of chance: the same on every replay, without a fact of its own."""

from uuid import UUID

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.model.chance import Chance
from podium.model.fallback import Degraded


class SameOnReplay:
    """The part of a context that gives what differs from run to run and never from replay to replay."""

    __slots__ = ("_active", "_branch", "_chances", "_path")

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str) -> None:
        self._active = active
        self._branch = branch
        self._path = path
        self._chances = 0

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._active.run.id

    @property
    def tenant(self) -> str:
        """On whose behalf the run is."""
        return self._active.run.tenant

    @property
    def patterns_version(self) -> int:
        """The version of the built-in patterns that the run, or its generation, was begun with and is pinned to."""
        return self._active.history.patterns

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """The calls so far, of this branch and all below it, that another agent answered than was asked; by key."""
        prefix = f"{self._path}." if self._path else ""
        return tuple(each for key, each in sorted(self._active.degraded.items()) if key.startswith(prefix))

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
