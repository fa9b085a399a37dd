"""Work that an event loop waits for while a thread does it, counted: a clock that tests drive lets it be done first."""

import asyncio
from collections.abc import Callable
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


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns that is called in a thread, as `asyncio.to_thread` does."""
    loop = asyncio.get_running_loop()
    begin(loop)
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    finally:
        end(loop)
