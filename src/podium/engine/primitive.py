"""What a context gives out: something to be awaited once, whose key was taken when it was made."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any, ClassVar, Generic, TypeVar

from podium.engine.drive import Drive
from podium.engine.strand import Strand
from podium.errors import Blocked, NotAwaitable, WrongBranch

T = TypeVar("T")


class Primitive(ABC, Generic[T]):
    """A lazy part of a run. Await it, or hand it to `gather`, `race`, `map` or `select` of the same context."""

    __slots__ = ("begun", "drive", "key", "path", "strand")

    waits: ClassVar = False
    """Whether it waits for something from outside, after which to ask the same again is no circle."""

    def __init__(self, drive: Drive, strand: Strand, path: str, key: str) -> None:
        self.drive = drive
        self.strand = strand
        self.path = path
        """The path of the context that made it."""
        self.key = key
        self.begun = False

    def begin(self) -> None:
        """Note that it is awaited or joined; raises NotAwaitable the second time."""
        if self.begun:
            raise NotAwaitable(f"call {self.key} was awaited or joined before. Keep its value, or make another call.")
        self.begun = True

    def __await__(self) -> Generator[Any, None, T]:
        """Perform it in the task of its context; raises WrongBranch in any other."""
        if asyncio.current_task() is not self.strand.task:
            raise WrongBranch(f"call {self.key} was awaited in another task. Join it with ctx.gather, not asyncio.")
        self.begin()
        return self._in_its_branch().__await__()

    async def _in_its_branch(self) -> T:
        if self.waits:
            self.strand.forget_answers(self.path)
        try:
            return await self.perform(self.strand)
        except Blocked as mismatch:
            self.drive.block(str(mismatch))  # at once: a `finally` of the workflow may run into the next one
            raise

    @abstractmethod
    async def perform(self, strand: Strand) -> T:
        """Give what is recorded under its key, or do it and record it."""
