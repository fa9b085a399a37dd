"""The steps of one call that are under way."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

from podium.errors import Evicted
from podium.model.json import Json

_STOPS_ALL = (asyncio.CancelledError, Evicted)


class Flight:
    """Lets every step that has begun finish and be recorded before the call ends.

    A framework may cancel the other tool calls of a response when one of them raises. A step here runs in a task of
    its own, out of reach of that; leaving the flight waits for those still under way, and only then lets the exception
    pass. A call that is cancelled itself, or no longer ours, cancels its steps instead.
    """

    def __init__(self, *cancels: type[BaseException]) -> None:
        self._stops_all = (*_STOPS_ALL, *cancels)
        """With the exceptions by which a framework says that it was cancelled."""
        self._tasks: set[asyncio.Task[Json]] = set()

    async def carry(self, step: Coroutine[object, None, Json]) -> Json:
        """Run `step` to its end, even if whoever awaits it here is cancelled."""
        task = asyncio.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(problem, self._stops_all):
                await self._settled()
        finally:
            for task in self._tasks:
                task.cancel()
            await self._settled()

    def _ended(self, task: asyncio.Task[Json]) -> None:
        """Forget a step. Whoever awaited it may be gone: then what it raised is nobody's, and asyncio need not warn."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _settled(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
