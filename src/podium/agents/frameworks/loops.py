"""Steps are recorded in one event loop, whichever loop or thread the code is in that asks for them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def in_loop(loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]]) -> T:
    """Return what `body` gives in a loop of another thread; it sees the context variables of whoever waits."""
    if asyncio.get_running_loop() is loop:
        return await body()
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(body), loop))


def from_thread(loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]]) -> T:
    """Do the same from synchronous code in a thread of its own, which waits meanwhile."""
    return asyncio.run_coroutine_threadsafe(_awaited(body), loop).result()


async def _awaited(body: Callable[[], Awaitable[T]]) -> T:
    return await body()
