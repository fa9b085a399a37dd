"""A file by which probes without a port see that a worker is alive."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from podium.cli.options import WrongOption
from podium.model.clock import Clock

_TOUCHED_AFTER = 1.0
"""Seconds after which it is touched again."""


class AliveFile:
    """Is touched while a worker is alive, and not there before it is and after it was.

    The event loop touches it, and only while the store hears of the worker. So it grows old where the loop is stuck,
    where the process is frozen or killed, and where the store is away.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Remove what a process before may have left; raises WrongOption where no file can be there."""
        self._path = path
        self._clock = clock
        self._touching: asyncio.Task[None] | None = None
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise WrongOption(f"--alive {path} cannot be written. Expected a file in a folder that may be written to.")
        path.unlink(missing_ok=True)

    def begin(self, is_alive: Callable[[], bool]) -> None:
        """Touch it from now on, while the worker says that it is alive."""
        self._touching = asyncio.create_task(self._touch(is_alive))

    async def end(self) -> None:
        """Remove it: the worker drives nothing any more."""
        if self._touching is not None:
            self._touching.cancel()
            await asyncio.wait([self._touching])
        self._path.unlink(missing_ok=True)

    async def _touch(self, is_alive: Callable[[], bool]) -> None:
        while True:
            if is_alive():
                with suppress(OSError):  # it grows old where it cannot be touched, and that is what probes look for
                    self._path.touch()
            await self._clock.sleep_until(self._clock.now() + _TOUCHED_AFTER)
