"""The signals that came for a run, and the branches that wait durably for one, or for a time."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from podium.engine.run.activity import Activity
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.held_turns import HeldTurns
from podium.engine.run.open_questions import OpenQuestions
from podium.engine.run.reminders import Reminders
from podium.engine.run.runtime import Runtime
from podium.model.conversation import TURN
from podium.model.run import Signal
from podium.store.operations import Delivery, Effect

TIMER = "timer"
"""The kind of a wait that no signal ends."""


@dataclass(slots=True)
class DurableWait:
    """A branch that waits durably."""

    future: asyncio.Future[Signal | None]
    kind: str
    names: Collection[str]
    """It takes a signal of any of these names."""
    due: float | None


class Mailbox:
    """Hands the signals of one run to its branches, the oldest first."""

    __slots__ = (
        "_activity", "_handed", "_ring", "_runtime", "_signals", "_waits", "questions", "reminders", "turns", "wake",
    )  # fmt: skip

    def __init__(
        self, signals: Iterable[Signal], wake: int, runtime: Runtime, activity: Activity, *, ring: Callable[[], None]
    ) -> None:
        self.wake = wake
        """How often the store had woken the run as of the last that it told of the signals."""
        self.questions = OpenQuestions()
        self.reminders = Reminders()
        self.turns = HeldTurns()
        self._signals = list(signals)
        self._handed: set[str] = set()
        """Signals that a branch was given; the store may not know yet that they were taken."""
        self._waits: dict[str, DurableWait] = {}
        self._runtime = runtime
        self._activity = activity
        self._ring = ring
        """Called when the time of a wait has come."""

    async def wait(self, branch: BranchTask, key: str, kind: str, name: str, due: float | None) -> Signal | None:
        """Wait durably for a signal of this kind and name; None once the time `due` has come."""
        return await self.wait_for_any(branch, key, kind, (name,), due)

    async def wait_for_any(
        self, branch: BranchTask, key: str, kind: str, names: Collection[str], due: float | None
    ) -> Signal | None:
        """Do the same for the first signal of this kind that has one of these names."""
        if (signal := self.take_any(kind, names, due)) is not None:
            return signal
        future: asyncio.Future[Signal | None] = asyncio.get_running_loop().create_future()
        self._waits[key] = DurableWait(future, kind, names, due)
        timer = None if due is None else self._runtime.timers.at(due, self._ring)
        self._activity.idle()
        try:
            return await branch.at(key, future)
        except BaseException:
            if future.done() and not future.cancelled() and (unused := future.result()) is not None:
                self._put_back(unused)
            raise
        finally:
            self._waits.pop(key, None)
            if timer is not None:
                timer.cancel()

    def holds(self, kind: str, name: str) -> bool:
        """Whether a signal of a kind and name came that no branch has taken."""
        return any(signal.kind == kind and signal.name == name for signal in self._signals)

    def is_awaited(self, kind: str, name: str) -> bool:
        """Whether a branch waits for such a signal now."""
        return any(wait.kind == kind and name in wait.names for wait in self._waits.values())

    @property
    def left(self) -> Sequence[Signal]:
        """What came and no branch has taken, the oldest first."""
        return self._signals

    def take(self, kind: str, name: str, due: float | None = None) -> Signal | None:
        """Take the oldest signal of a kind and name that came before `due`, even if no branch waited at that time."""
        return self.take_any(kind, (name,), due)

    def take_any(self, kind: str, names: Collection[str], due: float | None = None) -> Signal | None:
        """Do the same for a signal that has one of these names."""
        for index, signal in enumerate(self._signals):
            if signal.kind == kind and signal.name in names and (due is None or signal.at < due):
                self._handed.add(signal.id)
                return self._signals.pop(index)
        return None

    def _put_back(self, signal: Signal) -> None:
        self._handed.discard(signal.id)
        self._signals.insert(0, signal)

    def refill(self, delivery: Delivery) -> None:
        """Take in what the store has, unless it told of a later moment already."""
        if delivery.wake >= self.wake:
            self.wake = delivery.wake
            self._signals = [signal for signal in delivery.signals if signal.id not in self._handed]

    def deliver(self) -> None:
        """Give the signals to the branches that wait for them."""
        for wait in list(self._waits.values()):
            if not wait.future.done() and (signal := self.take_any(wait.kind, wait.names, wait.due)) is not None:
                self._release(wait, signal)

    def end_sleeps(self, now: float) -> None:
        """End the waits whose time has come and that wait for nothing else."""
        for wait in self._due(now):
            if wait.kind == TIMER:
                self._release(wait, None)

    def is_due(self, now: float) -> bool:
        """Whether the time of any wait has come."""
        return any(self._due(now))

    def end_due(self, now: float) -> None:
        """End all waits whose time has come; what came before that time has been handed out."""
        for wait in self._due(now):
            self._release(wait, None)

    def next_due(self) -> float | None:
        """Return the first time that a branch waits for."""
        return min((wait.due for wait in self._waits.values() if wait.due is not None), default=None)

    def end_waits(self, kind: str, name: str) -> None:
        """End the waits for a signal that another branch took on behalf of all: each is given none."""
        for wait in list(self._waits.values()):
            if wait.kind == kind and name in wait.names:
                self._release(wait, None)

    def close(self, keys: Iterable[str]) -> Sequence[Effect]:
        """Forget what is open outside for calls that are over; returns what takes back their questions and turns."""
        keys = list(keys)
        turns = self.turns.release(keys, self._runtime.clock.now())
        for each in turns:
            self.take(TURN, each.key)
        return [*self.questions.withdraw(keys), *turns]

    def remove(self, keys: Iterable[str]) -> list[DurableWait]:
        """Take out the waits under these keys, because their branches were cancelled."""
        return [wait for key in keys if (wait := self._waits.pop(key, None)) is not None]

    def _due(self, now: float) -> list[DurableWait]:
        waits = self._waits.values()
        return [wait for wait in waits if wait.due is not None and wait.due <= now and not wait.future.done()]

    def _release(self, wait: DurableWait, signal: Signal | None) -> None:
        if not wait.future.done():
            self._activity.resume()
            wait.future.set_result(signal)
