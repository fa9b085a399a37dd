"""A fleet that drives nothing: its process looks, answers and starts runs, which other processes drive."""

import asyncio
from collections.abc import Sequence

from podium.engine.fleet import Driver
from podium.store.operations import Placed


class IdleFleet:
    """Drives no runs. What is started, answered or signalled here is ready in the store, where others find it."""

    queues = frozenset[str]()
    slots = 0
    affinity_wait = 0.0

    def place(self, runs: Sequence[Placed]) -> None:
        """Leave them to whoever looks for them."""

    def recover(self, runs: Sequence[Placed]) -> None:
        """Leave them to whoever looks for them."""

    def reserve(self, queue: str) -> bool:
        """Have no slot."""
        return False

    def release(self, queue: str, run: int | None = None) -> None:
        """Do nothing: there was no slot."""

    async def run(self, driver: Driver) -> None:
        """Hand over nothing, for ever."""
        await asyncio.Event().wait()

    def drain(self) -> None:
        """Do nothing: nothing is handed over."""

    async def close(self, left: Sequence[Placed]) -> None:
        """Leave what was handed back to whoever looks for it."""
