"""Looking at the store again and again: soon after something is rung, and else after a while."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from typing import TypeVar

from podium.model.clock import Clock
from podium.services.to_the_end import to_the_end

T = TypeVar("T")

_LOG = logging.getLogger("podium")


@asynccontextmanager
async def looking(
    look: Callable[[], Awaitable[None]], soon: asyncio.Event, clock: Clock, every: Callable[[], float], *, failed: str
) -> AsyncGenerator[None]:
    """Look while the block lasts: once `soon` is set, and `every` so many seconds.

    A look that fails is logged as `failed`; one that goes on at the end of the block is cancelled.
    """
    task = asyncio.create_task(_keep_looking(look, soon, clock, every, failed))
    try:
        yield
    finally:
        task.cancel()
        await to_the_end(asyncio.wait([task]))


@contextmanager
def rung(hear: Callable[[Callable[[], None]], AbstractContextManager[T]], soon: asyncio.Event) -> Generator[T]:
    """Have `soon` set whenever something is heard, by whichever thread. Gives what `hear` gives."""
    loop = asyncio.get_running_loop()

    def ring() -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(soon.set)

    with hear(ring) as heard:
        yield heard


async def _keep_looking(
    look: Callable[[], Awaitable[None]], soon: asyncio.Event, clock: Clock, every: Callable[[], float], failed: str
) -> None:
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
