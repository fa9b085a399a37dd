"""All escrows of a process: they go back when they are not used, or somebody else needs what they hold."""

import asyncio
from typing import Protocol

from podium.engine.run.budget_queues import BudgetQueues


class Holder(Protocol):
    """A run that holds escrows."""

    def give_back(self, budget: str | None = None) -> bool:
        """Give back the escrows in a budget, or all; returns whether there are any."""
        ...

    def look(self) -> bool:
        """Give back the escrows that were not used since the last look; returns whether there are others."""
        ...


class Recalls:
    """Has the runs of this process give their escrows back, and waits for other processes to do the same."""

    def __init__(self, queues: BudgetQueues) -> None:
        self.queues = queues
        """Those who wait for what is set aside for calls in flight."""
        self.holders: set[Holder] = set()
        self._waiting: list[asyncio.Future[None]] = []

    def give_back(self, budget: str | None = None) -> bool:
        """Have all runs give back what they hold in a budget; returns whether one held anything."""
        given = [holder.give_back(budget) for holder in self.holders]
        return any(given)

    def look(self) -> None:
        """Have what nobody used since the last look given back, and let those try again who wait for others."""
        self.queues.changed()
        self.holders = {holder for holder in self.holders if holder.look()}
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def looked(self) -> None:
        """Return after the next look: by then other processes may have given back what they do not use."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
