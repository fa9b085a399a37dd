"""Steps are recorded in one event loop, whichever loop or thread the code is in that asks for them."""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_loop(loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]]) -> T:
    """Return what `body` gives in a loop of another thread; it sees the context variables of whoever waits."""
    if asyncio.get_running_loop() is loop:
        return await body()
    return await asyncio.wrap_future(_begun(loop, body, asyncio.Task))


async def kept_in_loop(loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]]) -> T:
    """Do the same, and have `asyncio.run` there wait for it to end: only whoever waits here cancels it."""
    if asyncio.get_running_loop() is loop:
        return await body()
    return await asyncio.wrap_future(_begun(loop, body, _KeptTask))


def from_thread(loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]]) -> T:
    """Return what `body` gives there to synchronous code in a thread of its own, which waits meanwhile."""
    return _begun(loop, body, asyncio.Task).result()


async def held(ended: asyncio.Future[T]) -> T:
    """Return what comes of something. Whoever is cancelled meanwhile waits all the same until it has ended."""
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.wait([ended])
        except asyncio.CancelledError as cancel:
            cancelled = cancel
    if cancelled is None:
        return ended.result()
    if not ended.cancelled():
        ended.exception()  # nobody is told of it any more, and asyncio need not warn
    raise cancelled


class _KeptTask(asyncio.Task[T]):
    """A task that its loop does not end without: `asyncio.run` cancels what is left, and waits for it."""

    def cancel(self, msg: object = None) -> bool:
        """Cancel it, unless its loop does not run: that is how `asyncio.run` cancels what is left at its end."""
        return self.get_loop().is_running() and super().cancel(msg)


def _begun(
    loop: asyncio.AbstractEventLoop, body: Callable[[], Awaitable[T]], kind: type[asyncio.Task[T]]
) -> concurrent.futures.Future[T]:
    """Have a loop of another thread do something; a loop that is closed before has made no coroutine of it."""
    ended = concurrent.futures.Future[T]()

    def begin() -> None:
        task = kind(_awaited(body), loop=loop)
        task.add_done_callback(lambda task: _tell(task, ended))
        ended.add_done_callback(lambda _: _cancel(task))

    loop.call_soon_threadsafe(begin)
    return ended


def _tell(task: asyncio.Task[T], ended: "concurrent.futures.Future[T]") -> None:
    """Hand on what came of a task, to whoever still waits for it."""
    if task.cancelled():
        ended.cancel()
    if not ended.set_running_or_notify_cancel():
        return
    if (problem := task.exception()) is not None:
        ended.set_exception(problem)
    else:
        ended.set_result(task.result())


def _cancel(task: asyncio.Task[T]) -> None:
    """Cancel a task from whichever thread, if it is still under way."""
    if not task.done():
        with suppress(RuntimeError):  # its loop was closed: it is over
            task.get_loop().call_soon_threadsafe(task.cancel)


async def _awaited(body: Callable[[], Awaitable[T]]) -> T:
    return await body()
