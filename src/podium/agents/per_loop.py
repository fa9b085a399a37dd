"""What belongs to an event loop, such as a client with its connections: one for each loop that an agent is used in."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a thing for each event loop, when it is first needed there. May be asked from any thread."""

    def __init__(self, make: Callable[[], T], *, first: T | None = None) -> None:
        """`first` was made already; the first loop gets it."""
        self._make = make
        self._first = first
        self._made: dict[asyncio.AbstractEventLoop, T] = {}
        self._lock = threading.Lock()

    def get(self) -> T:
        """Return that of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            with self._lock:
                first, self._first = self._first, None
                self._made = {each: made for each, made in self._made.items() if not each.is_closed()}
            found = self._make() if first is None else first
            with self._lock:
                self._made[loop] = found
        return found

    def pop(self) -> T | None:
        """Return that of the running loop, and forget it; None where there is none."""
        with self._lock:
            return self._made.pop(asyncio.get_running_loop(), None)
