"""Starts the runs of times that have come, or leaves that to another process."""

import asyncio
import logging

from podium.errors import PodiumError, StoreError
from podium.fleets.dbos.placements import UNAVAILABLE
from podium.fleets.dbos.schedules import Schedules, Tick
from podium.fleets.request import RunStarter
from podium.in_threads import in_thread

_LOG = logging.getLogger("podium")
_AGAIN_SECONDS = 1.0


class Ticking:
    """Takes in the times that DBOS says have come, and starts their runs one after the other."""

    def __init__(self, schedules: Schedules, starter: RunStarter) -> None:
        self.schedules = schedules
        self._starter = starter
        self._loop = asyncio.get_running_loop()
        self._come: asyncio.Queue[Tick] = asyncio.Queue()

    def is_for_here(self) -> bool:
        """Whether a workflow of a schedule can be started here."""
        return any(self._starter.has(each.workflow) for each in self.schedules.wanted.values())

    def arrived(self, tick: Tick) -> None:
        """A time has come; called in a thread of DBOS."""
        self._loop.call_soon_threadsafe(self._come.put_nowait, tick)

    async def run(self) -> None:
        """Start the runs of times that have come, for ever."""
        while True:
            tick = await self._come.get()
            try:
                await self._start(tick)
            except UNAVAILABLE as error:
                _LOG.warning("run %s can neither be started now nor left to others, and is kept: %s", tick.run, error)
                self._loop.call_later(_AGAIN_SECONDS, self._come.put_nowait, tick)
                continue
            if tick.done.set_running_or_notify_cancel():
                tick.done.set_result(True)

    async def _start(self, tick: Tick) -> None:
        schedule = tick.schedule
        if self._starter.has(schedule.workflow):
            try:
                await self._starter.start(
                    schedule.workflow, schedule.input, id=tick.run, queue=schedule.queue, priority=schedule.priority,
                    tenant=schedule.tenant, principal=schedule.principal,
                )  # fmt: skip
            except StoreError as error:
                _LOG.warning("run %s cannot be started now, and will be tried again: %s", tick.run, error)
            except PodiumError as error:
                _LOG.error("the schedule %r could not start run %s: %s", tick.name, tick.run, error)
                return
            else:
                return
        await in_thread(self.schedules.again, tick, _AGAIN_SECONDS)
