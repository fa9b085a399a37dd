"""How much processor time a function takes."""

import types
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from time import thread_time
from typing import TypeVar

from podium.model.outcome import Usage

T = TypeVar("T")


class Meter:
    """Counts the processor time of a function's own task or thread; what it starts besides is not seen."""

    __slots__ = ("cpu_seconds",)

    def __init__(self) -> None:
        self.cpu_seconds = 0.0

    @property
    def usage(self) -> Usage:
        """What was counted."""
        return Usage(cpu_seconds=self.cpu_seconds)

    def run(self, work: Callable[[], T]) -> T:
        """Return what `work()` returns, in the same thread."""
        begun = thread_time()
        try:
            return work()
        finally:
            self.cpu_seconds += thread_time() - begun

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Return what an awaitable gives; the time in which it waits, and others run, is not counted."""
        return await self._stepwise(awaited)

    @types.coroutine
    def _stepwise(self, awaited: Awaitable[T]) -> Generator[object, object, T]:
        parts = awaited.__await__()
        resume: Callable[[], object] = partial(next, parts)
        while True:
            try:
                waited_for = self.run(resume)
            except StopIteration as done:
                return done.value
            try:
                sent = yield waited_for
            except GeneratorExit:
                parts.close()
                raise
            except BaseException as error:  # noqa: BLE001  handed to whoever is waited for, such as a cancel
                resume = partial(parts.throw, error)
            else:
                resume = partial(parts.send, sent)
