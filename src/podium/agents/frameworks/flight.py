"""The steps of one call that are under way."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

from podium.agents.frameworks.loops import held
from podium.errors import Evicted
from podium.model.json import Json

_STOPS_ALL = (asyncio.CancelledError, Evicted)


class Flight:
    """Lets every step that has begun finish and be recorded before the call ends.

    A framework may cancel the other tool calls of a response when one of them raises. A step here runs in a task of
    its own, out of reach of that; leaving the flight waits for those still under way, and only then lets the exception
    pass. A call that is cancelled itself, or no longer ours, cancels its steps instead.

    A step may be asked for in a loop of another thread, as by an agent that a synchronous tool runs. Its task is in the
    loop of the call all the same. Whoever is cancelled there goes on only once the step has ended: that loop may end
    with them, and what the step does is done in it.
    """

    def __init__(self, *cancels: type[BaseException]) -> None:
        self._stops_all = (*_STOPS_ALL, *cancels)
        """With the exceptions by which a framework says that it was cancelled."""
        self._home = asyncio.get_running_loop()
        """The loop of the call."""
        self._tasks: dict[asyncio.Task[Json], asyncio.AbstractEventLoop] = {}
        """Those under way, with the loop in which each was asked for."""

    async def carry(self, step: Coroutine[object, None, Json]) -> Json:
        """Run `step` to its end, even if whoever awaits it, in whichever loop, is cancelled."""
        there = asyncio.get_running_loop()
        carried = self._carried(step, there)
        if there is self._home:
            return await carried
        return await held(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(carried, self._home)))

    async def _carried(self, step: Coroutine[object, None, Json], there: asyncio.AbstractEventLoop) -> Json:
        task = asyncio.create_task(step)
        self._tasks[task] = there
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
        self._tasks.pop(task, None)
        if not task.cancelled():
            task.exception()

    async def _settled(self) -> None:
        while self._tasks:
            self._give_up()
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _give_up(self) -> None:
        """Cancel what a stopped loop left behind: once none of the call's own goes on, nobody runs that loop again."""
        if self._home not in self._tasks.values():
            for task, loop in self._tasks.items():
                if not loop.is_running():
                    task.cancel()
