"""Sleeping, and waiting for a signal."""

from typing import Generic, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.history import opened_as
from podium.engine.run.primitive import Primitive
from podium.model.agent import Shape
from podium.model.fact import FactKind
from podium.store.codec import decode, encode
from podium.store.operations import TakeSignal

T = TypeVar("T")


class Sleep(Primitive[None]):
    """Waits for a time, durably."""

    __slots__ = ("seconds",)

    waits = True

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str, key: str, seconds: float) -> None:
        super().__init__(active, branch, path, key)
        self.seconds = seconds

    async def perform(self, branch: BranchTask) -> None:
        """Return once the time has come; the run may be out of memory meanwhile."""
        active, key = self.active, self.key
        record = active.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.TIMER, "a sleep")
            if record.answered is not None:
                branch.last_at = record.answered.at
                return
            if record.cancelled:
                branch.deliver(key)
        await active.live(branch, key)
        if record is None or record.opened is None:
            due = active.runtime.clock.now() + self.seconds
            active.journal.append(FactKind.TIMER, key, encode({"due": due}))
        else:
            due = record.opened.body["due"]
        if active.runtime.clock.now() < due:
            await active.mailbox.wait(branch, key, "timer", key, due)
        branch.last_at = active.journal.append(FactKind.ANSWERED, key, encode({"outcome": "done"}))
        await active.journal.committed()


class AwaitSignal(Primitive[T], Generic[T]):
    """Waits for a signal from outside."""

    __slots__ = ("default", "name", "shape", "within")

    waits = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, name: str, shape: Shape[T],
        within: float | None, default: T,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.name = name
        self.shape = shape
        self.within = within
        self.default = default

    async def perform(self, branch: BranchTask) -> T:
        """Return the body of the oldest signal of the name that nobody took yet, or the default once it is late."""
        active, key = self.active, self.key
        record = active.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.WAITING, f"a wait for signal {self.name!r}", name=self.name)
            if record.answered is not None:
                branch.last_at = record.answered.at
                late = record.answered.body["outcome"] == "expired"
                return self.default if late else self.shape.load(decode(record.answered.payload))
            if record.cancelled:
                branch.deliver(key)
        await active.live(branch, key)
        if record is None or record.opened is None:
            due = None if self.within is None else active.runtime.clock.now() + self.within
            active.journal.append(FactKind.WAITING, key, encode({"wait": "signal", "name": self.name, "due": due}))
        else:
            due = record.opened.body["due"]
        signal = await active.mailbox.wait(branch, key, "user", self.name, due)
        if signal is None:
            branch.last_at = active.journal.append(FactKind.ANSWERED, key, encode({"outcome": "expired"}))
            await active.journal.committed()
            return self.default
        body = {"outcome": "done", "signal": signal.id}
        branch.last_at = active.journal.append(
            FactKind.ANSWERED, key, encode(body), encode(signal.body), [TakeSignal(signal.id)]
        )
        await active.journal.committed()
        return self.shape.load(signal.body)
