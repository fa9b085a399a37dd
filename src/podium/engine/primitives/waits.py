"""Sleeping, and waiting for a signal."""

from typing import Generic, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.history import KeyState
from podium.engine.run.recorded import Recorded
from podium.model.agent import Shape
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.store.codec import decode, encode
from podium.store.operations import TakeSignal

T = TypeVar("T")


class Sleep(Recorded[None]):
    """Waits for a time, durably."""

    __slots__ = ("seconds",)

    opens = FactKind.TIMER
    waits = True

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str, key: str, seconds: float) -> None:
        super().__init__(active, branch, path, key)
        self.seconds = seconds

    def described(self) -> str:
        """Return `a sleep`."""
        return "a sleep"

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> None:
        """Return nothing: the time has come."""

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> None:
        """Return once the time has come; the run may be out of memory meanwhile."""
        await self.active.live(branch, self.key)
        active, key, now = self.active, self.key, self.active.runtime.clock.now
        if record is None or record.opened is None:
            due = now() + self.seconds
            self.begin_with({"due": due})
        else:
            due = record.opened.body["due"]
        if now() < due:
            await active.mailbox.wait(branch, key, "timer", key, due)
        await self.end_with(branch, {"outcome": "done"})


class AwaitSignal(Recorded[T], Generic[T]):
    """Waits for a signal from outside."""

    __slots__ = ("default", "name", "shape", "within")

    opens = FactKind.WAITING
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

    def described(self) -> str:
        """Return which signal it waits for."""
        return f"a wait for signal {self.name!r}"

    def identity(self) -> dict[str, Json]:
        """Return the name of the signal."""
        return {"name": self.name}

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> T:
        """Return the body of the signal, or the default if none came in time."""
        return self.default if end.body["outcome"] == "expired" else self.shape.load(decode(end.payload))

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> T:
        """Return the body of the oldest signal of the name that was not taken, or the default once it is late."""
        await self.active.live(branch, self.key)
        active = self.active
        if record is None or record.opened is None:
            due = None if self.within is None else active.runtime.clock.now() + self.within
            self.begin_with({"wait": "signal", "name": self.name, "due": due})
        else:
            due = record.opened.body["due"]
        signal = await active.mailbox.wait(branch, self.key, "user", self.name, due)
        if signal is None:
            await self.end_with(branch, {"outcome": "expired"})
            return self.default
        body = {"outcome": "done", "signal": signal.id}
        await self.end_with(branch, body, encode(signal.body), [TakeSignal(signal.id)])
        return self.shape.load(signal.body)
