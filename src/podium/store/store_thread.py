"""A thread in which a store does what has to wait: for the disk, or for another process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from podium.in_threads import begin, end

T = TypeVar("T")


class StoreThread:
    """Does one piece of work after the other, and tells the event loop of whoever asked what came of it.

    It is a queue and a thread rather than an executor, because the hand-over is most of what such a commit costs
    beyond the disk. It is started with its first piece. What comes after `stop` is done by the
    event loop itself: it finds the store closed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._stopped = False

    def do(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Have the work done in the thread; the future is that of the running event loop."""
        if self._thread is None and not self._stopped:
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def told(tell: Callable[[], None]) -> None:
            end(loop)
            if not future.done():
                tell()

        def piece() -> None:
            try:
                result = work()
            except Exception as error:  # whatever it is, the loop is told
                problem = error
                loop.call_soon_threadsafe(lambda: told(lambda: future.set_exception(problem)))
            else:
                loop.call_soon_threadsafe(lambda: told(lambda: future.set_result(result)))

        begin(loop)
        if self._stopped:
            loop.call_soon(piece)
        else:
            self._queue.put(piece)
        return future

    def stop(self) -> None:
        """Return once all work is done and the thread has ended."""
        self._stopped = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                piece()
