"""Branches that run side by side, and their ends in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from podium.dispatch.invoke import passes_through
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.primitive import Primitive
from podium.errors import Blocked, CallCancelled, Evicted, StoreError, WorkflowError
from podium.model.outcome import raised, text_of
from podium.model.workflow_code import BRANCH

T = TypeVar("T")


class BranchEnd(Generic[T]):
    """A branch that ended."""

    __slots__ = ("_error", "_value", "branch", "cancelled", "index")

    def __init__(self, index: int, branch: BranchTask) -> None:
        self.index = index
        """Its place among the branches, from 0."""
        self.branch = branch
        self.cancelled = False
        self._value: T | None = None
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """What it failed with."""
        return self._error

    def value(self) -> T:
        """Return what it gave, or raise what it failed with."""
        if self._error is not None:
            raise self._error
        return self._value  # pyright: ignore[reportReturnType] - None only where T admits it

    def end(self, value: T | None, error: Exception | None) -> None:
        """Note how it ended."""
        self._value, self._error = value, error


class BranchGroup(Generic[T]):
    """Branches that run side by side for one branch, which waits for them."""

    def __init__(
        self, active: ActiveRun, parent: BranchTask, items: Sequence[Primitive[T]], *, at_once: int | None = None,
        most: int | None = None,
    ) -> None:  # fmt: skip
        self.active = active
        self.parent = parent
        self.size = len(items)
        self.started = 0
        """How many branches were begun; with a bound on concurrency the others wait for a place."""
        self._waiting = deque(list(enumerate(items))[:most])
        self._ended: deque[BranchEnd[T]] = deque()
        self._next: asyncio.Future[None] | None = None
        self._running = 0
        self._since = parent.last_at
        self.any_cancelled = False
        """Whether a cancel of the whole branch has reached one of its branches."""
        self._dismissed = False
        self._strands: list[BranchTask] = []
        for item in items:
            item.begin()
        for _ in range(min(len(self._waiting), at_once or self.size)):
            self._start()

    def add(self, item: Primitive[T]) -> int:
        """Start one more branch; returns its index. Only for groups without a bound on concurrency."""
        item.begin()
        index, self.size = self.size, self.size + 1
        self._since = self.parent.last_at
        self._waiting.append((index, item))
        self._start()
        return index

    def _start(self) -> None:
        index, item = self._waiting.popleft()
        branch = BranchTask(self._since)
        if self.parent.cancel is Cancel.REQUESTED:
            branch.cancel, branch.cancelled_by = Cancel.REQUESTED, self.parent.cancelled_by
        self.started += 1
        self._strands.append(branch)
        self.parent.children.append(branch)
        self.active.activity.resume()
        self._running += 1
        branch.task = asyncio.create_task(self._perform(BranchEnd(index, branch), item))

    async def _perform(self, ended: BranchEnd[T], item: Primitive[T]) -> None:
        BRANCH.set(ended.branch)
        try:
            ended.end(await item.perform(ended.branch), None)
        except Evicted:
            return
        except Blocked as mismatch:
            self.active.block_for(mismatch)
            return
        except StoreError as error:
            self.active.lose(error)
            return
        except CallCancelled:
            ended.cancelled = True
            self.any_cancelled = self.any_cancelled or not self._dismissed
        except asyncio.CancelledError as error:
            if self.active.closed:
                return
            ended.end(None, WorkflowError(f"a branch cancelled itself: {text_of(error)}"))
        except Exception as error:  # a branch's failure is handed to the join
            self.active.note_raised(error)
            ended.end(None, error)
        except BaseException as error:
            if passes_through(error):
                raise
            ended.end(None, WorkflowError(f"a branch {raised(error)}"))
        self._end(ended)

    def _end(self, ended: BranchEnd[T]) -> None:
        self._running -= 1
        self._ended.append(ended)
        if self._waiting:
            self._start()
        if self._next is not None and not self._next.done():
            self.active.activity.resume()
            self._next.set_result(None)
        self.active.activity.idle()

    async def next(self) -> BranchEnd[T] | None:
        """Return the branch that ended next, or None when all have."""
        if not self._ended:
            if not self._running:
                return None
            await self._wait()
        ended = self._ended.popleft()
        self.parent.last_at = max(self.parent.last_at, ended.branch.last_at)
        return ended

    async def nothing_recorded_is_left(self) -> bool:
        """Wait until another branch has ended (False), or until replay is over and none had (True).

        A decision made then cannot contradict a recorded fact that replay has not reached yet.
        """
        if not self._ended and self._running and self.active.gate.replaying:
            await self._wait(until_live=True)
        return not self._ended and self._running > 0

    async def _wait(self, *, until_live: bool = False) -> None:
        self._next = asyncio.get_running_loop().create_future()
        if until_live:
            self.active.gate.wake_when_live(self._next)
        self.active.activity.idle()
        try:
            await self._next
        except asyncio.CancelledError:
            if self.active.closed:
                raise Evicted from None
            raise
        if self.active.closed:
            raise Evicted

    async def dismiss(self, by: str) -> None:
        """Cancel the branches that run, drop those that wait for a place, and wait until all have ended."""
        self._dismissed = True
        self._waiting.clear()
        running = [branch for branch in self._strands if branch.task and not branch.task.done()]
        self.active.cancellation.cut(running, by)
        while await self.next() is not None:
            pass
        self._release()

    def disband(self, key: str) -> None:
        """All branches ended: their parent goes on alone, or is cancelled if one of them was."""
        self._release()
        if self.any_cancelled:
            self.parent.deliver(key)

    def _release(self) -> None:
        """Take the branches from their parent, which may have others: those of a selection around this join."""
        if len(self._strands) == len(self.parent.children):
            self.parent.children = []
            return
        mine = set(map(id, self._strands))
        self.parent.children = [branch for branch in self.parent.children if id(branch) not in mine]
