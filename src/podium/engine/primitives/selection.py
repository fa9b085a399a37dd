"""Branches handed out one by one, as they end; more can be added meanwhile."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, TypeVar

from podium.engine.primitives.branch_group import BranchEnd, BranchGroup
from podium.engine.primitives.joins import check_fan_out, checked, record_choice, recorded_choice
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.primitive import Primitive
from podium.model.facts.choices import NextChosen

T = TypeVar("T")

_NOT_ENTERED = "use `async with ctx.select(…) as ended:`"


class Selection(Generic[T]):
    """`async with ctx.select(…) as ended: async for branch in ended: …`. Leaving the block cancels the rest."""

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, items: Sequence[Primitive[Any]]
    ) -> None:
        self._active = active
        self._branch = branch
        self._key = key
        self._path = path
        self._items = list(items)
        self._count = 0
        self._early: dict[int, BranchEnd[T]] = {}
        self._team: BranchGroup[T] | None = None

    async def __aenter__(self) -> "Selection[T]":
        """Start the branches."""
        self._branch.unawaited.pop(self._key, None)
        self._team = BranchGroup(self._active, self._branch, self._items)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel the branches that have not ended, and wait for them."""
        if self._team is not None and not self._active.closed:
            await self._team.dismiss(self._key)

    def add(self, item: Primitive[T]) -> int:
        """Start another call or branch beside those that run; returns its index. Its key was taken when it was made.

        Raises CallRefused where the selection has as many, with those that have ended, as the budget of the run allows.
        """
        if self._team is None:
            raise RuntimeError(_NOT_ENTERED)
        checked([item], self._path)
        check_fan_out(self._active, [item], self._path, before=len(self._items))
        self._items.append(item)
        return self._team.add(item)

    async def __aiter__(self) -> AsyncIterator[BranchEnd[T]]:
        """Give each branch when it ends; the order is recorded."""
        while (ended := await self.next()) is not None:
            yield ended

    async def next(self) -> BranchEnd[T] | None:
        """Return the branch that ended next, or None when all were given out."""
        if self._team is None:
            raise RuntimeError(_NOT_ENTERED)
        if self._count == len(self._items):
            return None
        before = self._branch.last_at
        ended = await self._choose()
        self._branch.last_at = max(before, ended.branch.last_at)  # not of those that wait for their turn
        return ended

    async def _choose(self) -> BranchEnd[T]:
        key = f"{self._key}.{self._count}"
        self._count += 1
        known = recorded_choice(self._active, key, NextChosen, "the next of several branches")
        if known is not None:
            return await self._wait_for(known.next)
        ended = self._early.pop(min(self._early)) if self._early else await self._next_of_team()
        await self._active.gate.passed()
        record_choice(self._active, key, NextChosen(next=ended.index))
        return ended

    async def _wait_for(self, index: int) -> BranchEnd[T]:
        assert self._team is not None  # next() has checked it
        while index not in self._early:
            ended = await self._team.next()
            if ended is None:
                return await self._next_of_team()
            if not ended.cancelled:  # one that was cancelled when the block was left
                self._early[ended.index] = ended
        return self._early.pop(index)

    async def _next_of_team(self) -> BranchEnd[T]:
        """Return a branch that ended by itself; raises the cancel of this branch if all others were cancelled."""
        assert self._team is not None  # next() has checked it
        while (ended := await self._team.next()) is not None:
            if not ended.cancelled:
                return ended
        self._team.disband(self._key)
        raise RuntimeError("a branch ended without being counted")
