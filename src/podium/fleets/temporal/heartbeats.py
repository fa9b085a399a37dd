"""Heartbeats of an activity of Temporal, which tell that its worker lives, and by which it is told to stop."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from temporalio import activity

_BEATS = 4
"""Heartbeats within the time after which a worker without one is taken for lost."""


@contextmanager
def heartbeats(within: float) -> Generator[None]:
    """Send heartbeats from the activity that one is in while the block lasts, several in `within` seconds."""
    loop = asyncio.get_running_loop()

    def beat() -> asyncio.TimerHandle:
        activity.heartbeat()
        return loop.call_later(within / _BEATS, again)

    def again() -> None:
        nonlocal timer
        timer = beat()

    timer = beat()
    try:
        yield
    finally:
        timer.cancel()
