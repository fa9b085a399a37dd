"""Sleeping, and waiting for a signal."""

from typing import Generic, TypeVar

from podium.engine.drive import Drive
from podium.engine.history import opened_as
from podium.engine.primitive import Primitive
from podium.engine.strand import Strand
from podium.model.agent import Shape
from podium.model.fact import FactKind
from podium.store.codec import decode, encode
from podium.store.operations import TakeSignal

T = TypeVar("T")


class Sleep(Primitive[None]):
    """Waits for a time, durably."""

    __slots__ = ("seconds",)

    waits = True

    def __init__(self, drive: Drive, strand: Strand, path: str, key: str, seconds: float) -> None:
        super().__init__(drive, strand, path, key)
        self.seconds = seconds

    async def perform(self, strand: Strand) -> None:
        """Return once the time has come; the run may be out of memory meanwhile."""
        drive, key = self.drive, self.key
        record = drive.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.TIMER, "a sleep")
            if record.answered is not None:
                strand.last_at = record.answered.at
                return
            if record.cancelled:
                strand.deliver(key)
        await drive.live(strand, key)
        if record is None or record.opened is None:
            due = drive.around.clock.now() + self.seconds
            drive.append(FactKind.TIMER, key, encode({"due": due}))
        else:
            due = record.opened.body["due"]
        if drive.around.clock.now() < due:
            await drive.wait(strand, key, "timer", key, due)
        strand.last_at = drive.append(FactKind.ANSWERED, key, encode({"outcome": "done"}))
        await drive.committed()


class AwaitSignal(Primitive[T], Generic[T]):
    """Waits for a signal from outside."""

    __slots__ = ("default", "name", "shape", "within")

    waits = True

    def __init__(
        self, drive: Drive, strand: Strand, path: str, key: str, *, name: str, shape: Shape[T], within: float | None,
        default: T,
    ) -> None:  # fmt: skip
        super().__init__(drive, strand, path, key)
        self.name = name
        self.shape = shape
        self.within = within
        self.default = default

    async def perform(self, strand: Strand) -> T:
        """Return the body of the oldest signal of the name that nobody took yet, or the default once it is late."""
        drive, key = self.drive, self.key
        record = drive.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.WAITING, f"a wait for signal {self.name!r}", name=self.name)
            if record.answered is not None:
                strand.last_at = record.answered.at
                late = record.answered.body["outcome"] == "expired"
                return self.default if late else self.shape.load(decode(record.answered.payload))
            if record.cancelled:
                strand.deliver(key)
        await drive.live(strand, key)
        if record is None or record.opened is None:
            due = None if self.within is None else drive.around.clock.now() + self.within
            drive.append(FactKind.WAITING, key, encode({"wait": "signal", "name": self.name, "due": due}))
        else:
            due = record.opened.body["due"]
        signal = await drive.wait(strand, key, "user", self.name, due)
        if signal is None:
            strand.last_at = drive.append(FactKind.ANSWERED, key, encode({"outcome": "expired"}))
            await drive.committed()
            return self.default
        body = {"outcome": "done", "signal": signal.id}
        strand.last_at = drive.append(
            FactKind.ANSWERED, key, encode(body), encode(signal.body), [TakeSignal(signal.id)]
        )
        await drive.committed()
        return self.shape.load(signal.body)
