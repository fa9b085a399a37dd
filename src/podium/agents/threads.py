"""Threads for synchronous functions: reused, bounded in number, and never in the way of the process's end."""

import asyncio
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from podium.in_threads import begin, end

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Threads:
    """Runs functions in daemon threads. `most` at a time, further ones wait; an idle thread ends after `idle` seconds.

    Unlike `asyncio.to_thread`, a function that hangs does not keep the process from exiting.
    """

    def __init__(self, *, most: int = 256, idle: float = 30.0) -> None:
        self._most = most
        self._idle = idle
        self.reset()

    def reset(self) -> None:
        """Forget all threads: those of the parent do not exist in a forked child."""
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._count = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work()` returns, or raise what it raises; it sees the caller's context variables.

        When the caller is cancelled, work that has not begun is dropped; what has begun goes on, unheard.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(work, contextvars.copy_context(), loop, future)
        with self._changed:
            if len(self._jobs) >= self._waiting and self._count < self._most:
                threading.Thread(target=self._serve, name="podium-agent", daemon=True).start()
                self._count += 1
            self._jobs.append(job)
            self._changed.notify()
        begin(loop)
        try:
            return await future
        finally:
            end(loop)

    def _serve(self) -> None:
        self._rest()
        while (job := self._next()) is not None:
            tell = _outcome(job)
            self._rest()  # first, so that whoever is told finds an idle thread
            tell()
            del job, tell  # an idle thread holds on to nothing

    def _rest(self) -> None:
        """Count this thread among those that wait for a job."""
        with self._changed:
            self._waiting += 1

    def _next(self) -> _Job | None:
        """Wait for a job; None tells the thread to end."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._jobs, self._idle)
            self._waiting -= 1
            if came:
                return self._jobs.popleft()
            self._count -= 1
            return None


def _outcome(job: _Job) -> Callable[[], None]:
    """Do a job; returns what tells its loop what came of it."""
    if job.future.cancelled():
        return lambda: None
    value, error = None, None
    try:
        value = job.context.run(job.work)
    except BaseException as raised:  # noqa: BLE001  foreign code: whatever it raises belongs to whoever awaits it
        error = raised

    def tell() -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: no task waits any more
            job.loop.call_soon_threadsafe(_settle, job.future, value, error)

    return tell


def _settle(future: asyncio.Future[Any], value: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
        return
    if isinstance(error, StopIteration):  # asyncio forbids it in a future, and Python in a coroutine
        wrapped = RuntimeError("the function raised StopIteration")
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)


AGENT_THREADS = Threads()
"""The threads of this process in which synchronous agents run."""

os.register_at_fork(after_in_child=AGENT_THREADS.reset)
