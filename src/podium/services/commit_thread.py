"""The thread in which commits are made that wait: for the disk, or for another process."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from podium.in_threads import begin, end, in_thread

T = TypeVar("T")

_Work = Callable[[], Callable[[], None]]


class CommitThread:
    """Does one piece of work after the other, and tells the event loop what came of it.

    It is a queue and a thread rather than an executor, because the hand-over is most of what such a commit costs
    beyond the disk.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="podium-commit", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Do the work in the thread; then call `done` or `failed` on the event loop."""

        def piece() -> Callable[[], None]:
            try:
                result = work()
            except Exception as error:  # whatever it is, the loop is told
                problem = error
                return lambda: self._tell(failed, problem)
            return lambda: self._tell(done, result)

        begin(self._loop)
        self._queue.put(piece)

    def _tell(self, told: Callable[[T], None], what: T) -> None:
        end(self._loop)
        told(what)

    async def stop(self) -> None:
        """Return once all work is done and the thread has ended."""
        self._queue.put(None)
        await in_thread(self._thread.join)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            self._loop.call_soon_threadsafe(work())
