"""What every primitive that is recorded has in common: it happens once, however often the run is replayed."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import opened_as, shortened
from podium.engine.run.key_state import KeyState
from podium.engine.run.primitive import Primitive
from podium.errors import Diverged, InvalidValue
from podium.model.agent import OutputShape
from podium.model.fact import Fact
from podium.model.facts.content import FactContent, Writable
from podium.model.json import Json, encode
from podium.store.operations import Effect

T = TypeVar("T")


def restored(key: str, shape: OutputShape[T], value: Json) -> T:
    """Return what was recorded as the value that it was; raises Diverged where its type has no place for it now."""
    try:
        return shape.restore(value)
    except InvalidValue as error:
        raise Diverged(key, f"the value {shortened(encode(value))}", str(error)) from error


class Recorded(Primitive[T], Generic[T]):
    """A primitive that happens once. What is recorded under its key is handed back; else it is done and recorded.

    A subclass says with which fact it begins, what that has to say, how its end becomes a value, and what is to do.
    """

    __slots__ = ()

    opens: ClassVar[type[FactContent]]
    """What the fact says with which it begins."""
    opening_ends_it: ClassVar = False
    """Whether that fact is its end as well."""

    async def perform(self, branch: BranchTask) -> T:
        """Hand back what is recorded, deliver a recorded cancel, or go on with it."""
        history = self.active.history
        record = history.take(self.key)
        if record is not None and self.key in history.unclaimed:
            record = await self._if_the_same(branch, record)
        if record is not None:
            self.check(record)
            end = record.answered or (record.opened if self.opening_ends_it else None)
            if end is not None:
                branch.last_at = end.at
                return self.hand_back(branch, record, end)
            if record.cancelled:
                branch.deliver(self.key)
        return await self.go_on(branch, record)

    async def _if_the_same(self, branch: BranchTask, record: KeyState) -> KeyState | None:
        """Return what was recorded before a retry if it is what the code asks for now; else it is void from now on."""
        active = self.active
        try:
            self.check(record)
        except Diverged:
            if record.cancelled:
                branch.deliver(self.key)
            await active.gate.passed()
            active.overturn(self.key)
            return None
        active.history.unclaimed.claim(self.key)
        return record

    def check(self, record: KeyState) -> None:
        """Raise Diverged unless the journal has the same under this key."""
        opened_as(record, self.key, self.opens, self.described(), **self.identity())

    def identity(self) -> Mapping[str, object]:
        """Return what the fact with which it began has to say, field by field."""
        return {}

    @abstractmethod
    def described(self) -> str:
        """Return what it is, in words for a message."""

    @abstractmethod
    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> T:
        """Return the value that its end records, or raise the failure."""

    @abstractmethod
    async def go_on(self, branch: BranchTask, record: KeyState | None) -> T:
        """Begin it, or go on with it, once the run is live; record how it ends."""

    async def end_with(
        self, branch: BranchTask, said: Writable, payload: bytes | None = None, effects: Sequence[Effect] = ()
    ) -> None:
        """Record how it ended; returns once that is in the store."""
        branch.last_at = self.active.journal.append(said, self.key, payload, effects)
        await self.active.journal.committed()
