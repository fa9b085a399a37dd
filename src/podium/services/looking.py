"""Looking at the store again and again: soon after something is rung, and else after a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from podium.model.clock import Clock

_LOG = logging.getLogger("podium")


async def keep_looking(
    look: Callable[[], Awaitable[None]], soon: asyncio.Event, clock: Clock, every: Callable[[], float], *, failed: str
) -> None:
    """Look for ever: once `soon` is set, and `every` so many seconds. A look that fails is logged as `failed`."""
    while True:
        soon.clear()
        try:
            await look()
        except Exception:  # the supervisor of a loop: a look that fails, for whatever reason, must not be the last
            _LOG.exception(failed)
        await _until_next(soon, clock, every())


async def _until_next(soon: asyncio.Event, clock: Clock, seconds: float) -> None:
    async with asyncio.TaskGroup() as group:
        rung = group.create_task(soon.wait())
        time = group.create_task(clock.sleep_until(clock.now() + seconds))
        await asyncio.wait((rung, time), return_when=asyncio.FIRST_COMPLETED)
        rung.cancel()
        time.cancel()
