"""What a context gives out: something to be awaited once, whose key was taken when it was made."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.errors import Blocked, NotAwaitable, WrongBranch

T_co = TypeVar("T_co", covariant=True)


class Primitive(ABC, Generic[T_co]):
    """A lazy part of a run. Await it, or hand it to `gather`, `race`, `map` or `select` of the same context."""

    __slots__ = ("active", "begun", "branch", "key", "path")

    waits: ClassVar = False
    """Whether it waits for something from outside, after which to ask the same again is no circle."""

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str, key: str) -> None:
        self.active = active
        self.branch = branch
        self.path = path
        """The path of the context that made it."""
        self.key = key
        self.begun = False

    def begin(self) -> None:
        """Note that it is awaited or joined; raises NotAwaitable the second time."""
        if self.begun:
            raise NotAwaitable(
                f"call {self.key} was awaited, joined or closed before. Keep its value, or make another call."
            )
        self.begun = True
        self.branch.unawaited.pop(self.key, None)

    def close(self) -> None:
        """Say that it is not wanted: it need not be awaited then, and can no longer be. As with a coroutine."""
        self.begun = True
        self.branch.unawaited.pop(self.key, None)

    def __await__(self) -> Generator[Any, None, T_co]:
        """Perform it in the task of its context; raises WrongBranch in any other."""
        branch = self.branch
        if (branch.closed or branch.refused) and branch.refuses:
            asked = branch.unawaited.get(self.key)
            self.close()
            yield from branch.refuse(asked).__await__()
        if asyncio.current_task() is not branch.task:
            raise WrongBranch(f"call {self.key} was awaited in another task. Join it with ctx.gather, not asyncio.")
        if branch.open is not None or branch.sheltered:
            branch.refuse_use(self.path)
        self.begin()
        if self.waits:
            branch.forget_answers(self.path)
        try:
            return (yield from self.perform(branch).__await__())
        except Blocked as mismatch:
            self.active.block_for(mismatch)  # at once: a `finally` of the workflow may run into the next one
            raise

    def __bool__(self) -> NoReturn:
        """Raise NotAwaitable: it is no value yet."""
        raise NotAwaitable(f"call {self.key} has no truth value: await it, `if await ctx.…`, and ask its value.")

    @abstractmethod
    async def perform(self, branch: BranchTask) -> T_co:
        """Give what is recorded under its key, or do it and record it."""
