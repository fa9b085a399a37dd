"""Several steps in a row, as one branch beside others."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.primitive import Primitive

T = TypeVar("T")


class Branch(Primitive[T]):
    """Several steps in a row, side by side with others."""

    __slots__ = ("body",)

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, body: Callable[[BranchTask], Awaitable[T]]
    ) -> None:
        super().__init__(active, branch, path, key)
        self.body = body

    async def perform(self, branch: BranchTask) -> T:
        """Run them in a task of their own, or in that of whoever awaits them."""
        return await self.body(branch)
