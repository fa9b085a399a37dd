"""How a worker stops: nothing new begins, what is under way may end within a time, and the rest is cut."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.budget_queues import BudgetQueues
from podium.errors import StoreError
from podium.model.clock import Clock
from podium.store.protocol import Drain

_LOG = logging.getLogger("podium")

_UNWIND_SECONDS = 5.0
"""Real seconds for which runs that were cut are waited for: a program is asked to end before it is killed."""

_AGAIN_SECONDS = 0.2
"""Real seconds after which a worker that could not drain, as the store was away, tries again."""


class Emptying:
    """Has a worker drained, once, when somebody asks for it."""

    def __init__(self, empty: Callable[[], Awaitable[None]]) -> None:
        self._empty = empty
        self._task: asyncio.Task[None] | None = None
        self.done = asyncio.Event()
        """Set once the worker drives nothing more."""

    def ask(self, wanted: Drain) -> None:
        """Begin to drain, unless it has begun: each beat asks."""
        if self._task is None:
            _LOG.warning("%s has this worker drained: %s", wanted.by, wanted.why)
            self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End where the worker itself stops."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while not self.done.is_set():
            try:
                await self._empty()
            except StoreError:  # nobody asks again where it goes on under another name
                await asyncio.sleep(_AGAIN_SECONDS)  # noqa: TID251 - the store lives in real time
            else:
                self.done.set()


async def drain(
    runs: Collection[ActiveRun], tasks: Collection["asyncio.Task[None]"], clock: Clock, grace: float,
    queues: BudgetQueues,
) -> None:  # fmt: skip
    """Hold all runs where they come to something new; returns when they are let go, or `grace` seconds are over.

    Over by the clock, or in real time: nobody drives a clock, and a clock may be set back.
    """
    for active in list(runs):
        active.hold()
    queues.drain()
    if not tasks or not grace:
        return
    ended = asyncio.ensure_future(asyncio.wait(tasks))
    late = asyncio.ensure_future(clock.sleep_until(clock.now() + grace))
    try:
        await asyncio.wait((ended, late), timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        late.cancel()


async def cut(runs: Collection[ActiveRun], tasks: Collection["asyncio.Task[None]"]) -> None:
    """Let go of the runs that are left, and wait for their tasks, though not for those that refuse to end."""
    cut_off = list(runs)
    for active in cut_off:
        for key, agent in active.effects.items():
            _LOG.warning(
                "%s (run %s, key %s) had not ended when this worker stopped: whether its effect happened is in doubt. "
                "It is verified, or a person is asked, when the run goes on. A longer `grace` leaves it more time.",
                agent, active.run.id, key,
            )  # fmt: skip
        active.drop()
    if tasks:
        await asyncio.wait(tasks, timeout=_UNWIND_SECONDS)
    for active in cut_off:
        if active.main.task in tasks:
            _LOG.error("run %s was cut off, and what it called goes on: it swallows the cancel", active.run.id)
