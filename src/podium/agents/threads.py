"""Threads for synchronous functions: reused, bounded in number, and never in the way of the process's end."""

import asyncio
import contextvars
import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from podium.errors import NotDone
from podium.in_threads import CALL_WORK, CallWork, begin, end

T = TypeVar("T")

_LOG = logging.getLogger("podium")


@dataclass(frozen=True, slots=True)
class ThreadUse:
    """What the threads of a process are used for."""

    running: int
    """Functions that somebody waits for."""
    waiting: int
    """Functions that wait for a thread."""
    left: Mapping[str, int]
    """Functions that nobody waits for any more, by name: their calls timed out or were cancelled, and they go on."""


@dataclass(slots=True, eq=False)
class _Job:
    name: str
    work: Callable[[], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    counted: CallWork | None
    begun: bool = False
    left: bool = False
    """Whether nobody waits for it any more."""


class Threads:
    """Runs functions in daemon threads. `most` at a time, further ones wait; an idle thread ends after `idle` seconds.

    Unlike `asyncio.to_thread`, a function that hangs does not keep the process from exiting, nor others from beginning:
    one that nobody waits for any more has a thread beside those, up to `most_left` of them. Then no other begins.
    """

    def __init__(self, *, most: int = 256, most_left: int = 768, idle: float = 30.0) -> None:
        self._most = most
        self._most_left = most_left
        self._idle = idle
        self.reset()

    def reset(self) -> None:
        """Forget all threads: those of the parent do not exist in a forked child."""
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._count = 0
        self._running = 0
        self._left: Counter[str] = Counter()

    def use(self) -> ThreadUse:
        """Return what the threads do now."""
        with self._changed:
            left = self._left.total()
            return ThreadUse(running=self._running - left, waiting=len(self._jobs), left=dict(self._left))

    async def run(self, work: Callable[[], T], name: str = "a function") -> T:
        """Return what `work()` returns, or raise what it raises; it sees the caller's context variables.

        When the caller is cancelled, work that has not begun is dropped; what has begun goes on, unheard. Raises
        NotDone where too much goes on so.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context, counted = contextvars.copy_context(), CALL_WORK.get()
        if counted is not None:
            context.run(CALL_WORK.set, None)  # what the function runs in a loop of its own counts there
        job = _Job(name, work, context, loop, future, counted)
        with self._changed:
            if self._left.total() >= self._most_left:
                raise NotDone(_too_many(name, self._left))
            self._jobs.append(job)
            self._find_thread()
        if counted is not None:
            counted.begin()
        begin(loop)
        try:
            return await future
        except asyncio.CancelledError:
            self._leave(job)
            raise
        finally:
            end(loop)

    def _find_thread(self) -> None:
        """Wake an idle thread for a job, or start one if there may be another."""
        if len(self._jobs) > self._waiting and self._count - self._left.total() < self._most:
            threading.Thread(target=self._serve, name="podium-agent", daemon=True).start()
            self._count += 1
        self._changed.notify()

    def _leave(self, job: _Job) -> None:
        """Nobody waits for a job any more: if it is under way, its thread does not count among the bounded ones."""
        with self._changed:
            if not job.begun:
                self._drop(job)
                return
            job.left = True
            self._left[job.name] += 1
            number, of_it = self._left.total(), self._left[job.name]
            if self._jobs:
                self._find_thread()
        if number & (number - 1) == 0:
            _LOG.warning(
                "%s was cut off and goes on in its thread: a function cannot be stopped from outside. %d of its calls "
                "go on so, %d of all; at %d no function is begun any more. Give what it waits for a timeout.",
                job.name, of_it, number, self._most_left,
            )  # fmt: skip

    def _drop(self, job: _Job) -> None:
        """Forget a job that waits for a thread, and give back at once the places that its call has."""
        try:
            self._jobs.remove(job)
        except ValueError:
            return  # it is done, or a thread has it in hand: that tells of its end
        if job.counted is not None:
            job.counted.end()

    def _serve(self) -> None:
        self._rest()
        while (job := self._next()) is not None:
            tell = _outcome(job)
            self._over(job)  # first, so that whoever is told finds an idle thread
            tell()
            del job, tell  # an idle thread holds on to nothing

    def _rest(self) -> None:
        """Count this thread among those that wait for a job."""
        with self._changed:
            self._waiting += 1

    def _over(self, job: _Job) -> None:
        """Note that a job is done, and count this thread among those that wait for the next."""
        with self._changed:
            self._running -= 1
            if job.left:
                self._left[job.name] -= 1
                self._left += Counter()  # drops what is 0
            job.begun = False  # whoever leaves it now leaves nothing behind
            self._waiting += 1

    def _next(self) -> _Job | None:
        """Wait for a job; None tells the thread to end."""
        with self._changed:
            spare = self._count - self._left.total() > self._most
            came = not spare and self._changed.wait_for(lambda: self._jobs, self._idle)
            self._waiting -= 1
            if not came:
                self._count -= 1
                return None
            job = self._jobs.popleft()
            job.begun = not job.future.cancelled()
            self._running += 1
            return job


def _too_many(name: str, left: Mapping[str, int]) -> str:
    worst = ", ".join(f"{count} of {each}" for each, count in Counter(left).most_common(3))
    return (
        f"{name} is not begun: {sum(left.values())} functions that were cut off go on in threads of this process "
        f"({worst}). Give what they wait for a timeout, and restart the process."
    )


def _outcome(job: _Job) -> Callable[[], None]:
    """Do a job; returns what tells its loop what came of it."""
    value, error = None, None
    if job.begun:
        if job.counted is not None:
            job.counted.begun()
        try:
            value = job.context.run(job.work)
        except BaseException as raised:  # noqa: BLE001  foreign code: whatever it raises belongs to whoever awaits it
            error = raised

    def tell() -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: no task waits any more
            job.loop.call_soon_threadsafe(_settle, job, value, error)

    return tell


def _settle(job: _Job, value: object, error: BaseException | None) -> None:
    future = job.future
    if job.counted is not None:
        job.counted.end()
    if future.done():
        return
    if error is None:
        future.set_result(value)
        return
    if issubclass(type(error), StopIteration):  # asyncio forbids it in a future, and Python in a coroutine
        wrapped = RuntimeError("the function raised StopIteration")
        wrapped.__cause__ = error
        error = wrapped
    try:
        future.set_exception(error)
    except Exception as broken:  # noqa: BLE001 - foreign code, as whatever raised it
        future.set_exception(RuntimeError(f"the function raised what cannot be looked at: {type(broken).__name__}"))


AGENT_THREADS = Threads()
"""The threads of this process in which synchronous agents run."""

if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=AGENT_THREADS.reset)
