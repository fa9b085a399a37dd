"""A concurrent part of a run: one asyncio task, with its own way of being cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Generator, Sequence
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

from podium.engine.run.turn_history import TurnHistory
from podium.engine.run.unawaited import AskedAt, place_of_asking
from podium.errors import CallCancelled, Evicted, WrongBranch
from podium.model.loops import AgentTurn

T = TypeVar("T")

_LOG = logging.getLogger("podium")

_MOST_REFUSED = 100
"""So often code may ask for something while it is unwound: cleaning up asks for less."""


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


class _Standing:
    """Leaves a task standing that cannot be ended. It holds up neither its event loop, nor the end of that."""

    def __init__(self, task: "asyncio.Task[None] | None") -> None:
        self._task = task

    def __await__(self) -> Generator[Any, None, None]:
        if self._task is not None and self._task is _running_task():
            asyncio._unregister_task(self._task)  # noqa: SLF001 - documented, for who makes tasks
            yield from asyncio.get_running_loop().create_future()
        else:
            yield  # it is closed, with its loop or as nobody holds it: Python gives up on it here


class BranchTask:
    """One task of a run. It is at most at one open key at a time, and may have children that it selects from."""

    __slots__ = (
        "cancel", "cancelled_by", "children", "closed", "last_at", "open", "refused", "sheltered", "task", "trails",
        "unawaited",
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
        self.refused = 0
        """How often its code has asked for something since it was let go."""
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

    @property
    def refuses(self) -> bool:
        """Whether nothing is done for it any more: it was let go, or asks again and again where it must not."""
        return self.closed or self.refused >= _MOST_REFUSED

    def refuse_use(self, path: str) -> None:
        """Raise WrongBranch: a context of this branch was used where it cannot be. Return where that is no news."""
        if self.refuses:
            return
        self.refused += 1
        if self.task is not _running_task():
            raise WrongBranch(
                f"the context of branch {path or 'main'!r} was used from another task. "
                "Run concurrent parts as ctx.branch(function, …) in ctx.gather: each gets a context of its own."
            )
        call = "a call" if self.open is None else f"call {self.open}"
        raise WrongBranch(
            f"the context was used in what {call} runs, which a replay does not run again. "
            "Ask before or after that call, or make a workflow of what is called."
        )

    async def refuse(self, asked: AskedAt | None) -> NoReturn:
        """Raise Evicted: nothing is done for it. Code that swallows that and asks again and again is left standing."""
        self.refused += 1
        if self.refused == _MOST_REFUSED and asked is not None:
            _LOG.error(
                "%s asks again and again, though its run is leaving memory: it swallows what unwinds it. A bare "
                "`except:` and `except BaseException:` have to raise it again; `except Exception:` does not catch it.",
                place_of_asking(*asked),
            )  # fmt: skip
        if self.refused >= _MOST_REFUSED:
            await _Standing(self.task)
        raise Evicted

    def runs_own_code(self) -> bool:
        """Whether the task that asks is its own, and runs the code of a workflow just now."""
        return self.open is None and not self.sheltered and self.task is _running_task()

    def deliver(self, key: str) -> NoReturn:
        """Raise the cancel at a key; what this branch does from now on cleans up."""
        self.cancel = Cancel.DELIVERED
        raise CallCancelled(f"cancelled at {key}")
