"""A concurrent part of a run: one asyncio task, with its own way of being cancelled."""

import asyncio
from collections.abc import Awaitable, Sequence
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

from podium.engine.run.turn_history import TurnHistory
from podium.engine.run.unawaited import AskedAt
from podium.errors import CallCancelled, Evicted
from podium.model.loops import AgentTurn

T = TypeVar("T")


class Cancel(IntEnum):
    """How far the cancelling of a branch is. What runs after `DELIVERED` cleans up, and is not cut."""

    NONE = 0
    REQUESTED = 1
    DELIVERED = 2


def _running_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # in a thread, which was handed the context of the task
        return None


class BranchTask:
    """One task of a run. It is at most at one open key at a time, and may have children that it selects from."""

    __slots__ = (
        "cancel", "cancelled_by", "children", "closed", "last_at", "open", "sheltered", "task", "trails", "unawaited",
    )  # fmt: skip

    def __init__(self, last_at: float, cancel: Cancel = Cancel.NONE) -> None:
        self.task: asyncio.Task[None] | None = None
        self.children: list[BranchTask] = []
        self.cancel = cancel
        self.cancelled_by = ""
        """The key of the join that cancelled it; empty for the run itself."""
        self.open: str | None = None
        self.sheltered = False
        """Whether it awaits something that no cancel may cut short."""
        self.closed = False
        self.trails: dict[str, TurnHistory] | None = None
        """What was asked and said in it, by the path of the context; None if no rule reads it."""
        self.unawaited: dict[str, AskedAt] = {}
        """What its contexts gave out and nobody has awaited or joined yet, by key."""
        self.last_at = last_at
        """The time of the last fact that was handed to it: what `ctx.now()` says."""

    def note_answer(self, key: str, agent: str, asked: bytes, said: bytes | None) -> None:
        """Note what an agent answered, for the rule against circles."""
        if said is None:
            return
        if self.trails is None:
            self.trails = {}
        self.trails.setdefault(key.rpartition(".")[0], TurnHistory()).note(agent, asked, said)

    def forget_answers(self, path: str) -> None:
        """Something came from outside: the same question may now have another answer."""
        if self.trails is not None:
            self.trails.pop(path, None)

    def turns(self, key: str) -> Sequence[AgentTurn]:
        """Return what was asked and said before a call, the oldest first."""
        turn_history = None if self.trails is None else self.trails.get(key.rpartition(".")[0])
        return () if turn_history is None else turn_history.turns

    def request_cancel(self, by: str, keys: list[str]) -> None:
        """Cancel it where it stands, or at its next key; the keys at which it stood are added to `keys`."""
        if self.cancel is not Cancel.NONE:
            return
        self.cancel, self.cancelled_by = Cancel.REQUESTED, by
        for child in self.children:
            child.request_cancel(by, keys)
        if self.open is not None and self.task is not None:
            keys.append(self.open)
            self.task.cancel()

    def evict(self) -> None:
        """Unwind it: this process no longer drives the run."""
        self.closed = True
        for child in self.children:
            child.evict()
        if self.task is not None:
            self.task.cancel()

    async def at(self, key: str, work: Awaitable[T]) -> T:
        """Await something that a cancel may cut short, as the open key of this branch."""
        self.open = key
        try:
            value = await work
        except asyncio.CancelledError:
            if self.closed:
                raise Evicted from None
            if self.cancel is not Cancel.REQUESTED or self.task is None:
                raise
            self.task.uncancel()
            self.deliver(key)
        finally:
            self.open = None
        if self.cancel is Cancel.REQUESTED and self.task is not None and self.task.cancelling():
            self.task.uncancel()
            self.deliver(key)  # it was swallowed; what was cut gives nothing all the same
        return value

    async def shielded(self, work: Awaitable[T]) -> T:
        """Await something that no cancel may cut short: it takes effect at the next key."""
        self.sheltered = True
        try:
            return await work
        except asyncio.CancelledError:
            if self.closed:
                raise Evicted from None
            raise
        finally:
            self.sheltered = False

    def runs_own_code(self) -> bool:
        """Whether the task that asks is its own, and runs the code of a workflow just now."""
        return self.open is None and not self.sheltered and self.task is _running_task()

    def deliver(self, key: str) -> NoReturn:
        """Raise the cancel at a key; what this branch does from now on cleans up."""
        self.cancel = Cancel.DELIVERED
        raise CallCancelled(f"cancelled at {key}")
