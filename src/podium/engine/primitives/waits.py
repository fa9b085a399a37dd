"""Sleeping, and waiting for a signal."""

from typing import Any, Generic, TypeVar

from podium.engine.primitives.outside import handed_back, take_in
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.key_state import KeyState, asking_signal
from podium.engine.run.mailbox import TIMER
from podium.engine.run.recorded import Recorded, restored
from podium.errors import InvalidValue, UsageError
from podium.model.agent import Shape
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredExpired
from podium.model.facts.content import prepared
from podium.model.facts.waits import SignalAwaited, SleepBegun
from podium.store.codec import decode
from podium.store.operations import TakeSignal

T = TypeVar("T")

_DONE = prepared(AnsweredDone())


def check_default(what: str, shape: Shape[Any], default: Any) -> None:
    """Raise UsageError for a default that is not of the type of what is waited for; None stands for nothing."""
    if default is None or shape.type is Any:
        return
    try:
        shape.dump(default)
    except InvalidValue as error:
        raise UsageError(f"default of {what} is {default!r}: {error}.") from error


class Sleep(Recorded[None]):
    """Waits for a time, durably."""

    __slots__ = ("seconds",)

    opens = SleepBegun
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
            active.journal.append(SleepBegun(due=due), key)
        else:
            due = _due(record.opened) or 0.0
        if now() < due:
            await active.mailbox.wait(branch, key, TIMER, key, due)
        await self.end_with(branch, _DONE)


class AwaitSignal(Recorded[T], Generic[T]):
    """Waits for a signal from outside."""

    __slots__ = ("default", "name", "shape", "within")

    opens = SignalAwaited
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

    def identity(self) -> dict[str, object]:
        """Return the name of the signal."""
        return {"name": self.name}

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> T:
        """Return the body of the signal, or the default if none came in time."""
        came = handed_back(self.key, self.shape, end)
        return came[0] if came else self.default

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> T:
        """Return the body of the oldest signal of the name that was not taken, or the default once it is late."""
        await self.active.live(branch, self.key)
        active = self.active
        if record is None or record.opened is None:
            if (found := active.taken_over(self.key, asking_signal(self.name))) is not None:
                active.journal.append(SignalAwaited(name=self.name, due=None, taken_from=found[0]), self.key)
                await self.end_with(branch, AnsweredDone(), found[1].payload)
                return restored(self.key, self.shape, decode(found[1].payload))
            due = None if self.within is None else active.runtime.clock.now() + self.within
            active.journal.append(SignalAwaited(name=self.name, due=due), self.key)
        else:
            due = _due(record.opened)
        signal = await active.mailbox.wait(branch, self.key, "user", self.name, due)
        if signal is None:
            await self.end_with(branch, AnsweredExpired())
            return self.default
        said = AnsweredDone(signal=signal.id)
        return await take_in(self, branch, self.shape, signal.body, said, [TakeSignal(signal.id)])


def _due(opened: Fact) -> float | None:
    """Return when a recorded wait ends by itself."""
    said = opened.content
    return said.due if isinstance(said, SleepBegun | SignalAwaited) else None
