"""Time, injected: the one place that asks the operating system what time it is."""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from podium.model.expected import NUMBER


class Clock(Protocol):
    """A clock that can be waited on. `podium.testing.DrivenClock` is the one for tests."""

    def now(self) -> float:
        """Return the time in seconds since 1970 (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment, as a clock counts them that nobody can set."""
        ...

    async def sleep_until(self, when: float) -> None:
        """Return once `now()` is at least `when`."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> float:
        """Return the time in seconds since 1970 (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Return the seconds that this machine has been up, without those for which it slept."""
        return time.monotonic()

    async def sleep_until(self, when: float) -> None:
        """Sleep in slices of at most a minute, so that a changed wall clock is noticed."""
        while (left := when - time.time()) > 0:
            await asyncio.sleep(min(left, 60.0))


def seconds(value: float) -> float:
    """Return `value` seconds, for reading aloud: `within=seconds(30)`."""
    return float(_number(value))


def minutes(value: float) -> float:
    """Return `value` minutes in seconds."""
    return _number(value) * 60.0


def hours(value: float) -> float:
    """Return `value` hours in seconds."""
    return _number(value) * 3600.0


def days(value: float) -> float:
    """Return `value` days in seconds."""
    return _number(value) * 86400.0


def _number(value: float) -> float:
    NUMBER.check("the length of time", value)
    return value
