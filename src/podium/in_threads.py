"""Work that an event loop waits for while a thread does it, counted: a clock that tests drive lets it be done first."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
P = ParamSpec("P")

_UNDER_WAY: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def begin(loop: asyncio.AbstractEventLoop) -> None:
    """Count one more piece of work, on the loop that waits for it."""
    _UNDER_WAY[loop] = _UNDER_WAY.get(loop, 0) + 1


def end(loop: asyncio.AbstractEventLoop) -> None:
    """Count it no longer: the loop knows what came of it, or waits no more."""
    _UNDER_WAY[loop] -= 1


def under_way(loop: asyncio.AbstractEventLoop) -> int:
    """Return how many pieces of work a loop waits for."""
    return _UNDER_WAY.get(loop, 0)


class ThreadWork:
    """The functions that one call runs in threads: they cannot be cut, and may go on when the call is over."""

    __slots__ = ("_count", "_then")

    def __init__(self) -> None:
        self._count = 0
        self._then: Callable[[], None] | None = None

    def begin(self) -> None:
        """Count one more, in the call's event loop, as the others here."""
        self._count += 1

    def end(self) -> None:
        """Count one less."""
        self._count -= 1
        if not self._count and self._then is not None:
            self._then()

    def when_over(self, then: Callable[[], None]) -> bool:
        """Have something done when the last one has ended: at once, or later; returns whether it is later."""
        if not self._count:
            then()
            return False
        self._then = then
        return True


CALL_WORK: ContextVar[ThreadWork | None] = ContextVar("podium_call_work", default=None)
"""What counts the functions of the call that the current task is in, where somebody wants to know."""


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns that is called in a thread, as `asyncio.to_thread` does."""
    loop = asyncio.get_running_loop()
    begin(loop)
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    finally:
        end(loop)
