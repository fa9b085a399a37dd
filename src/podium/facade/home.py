"""The event loop of an app: the app is used in that loop alone, and says so before anything is recorded."""

import asyncio
import threading

from podium.errors import UsageError, WrongLoop


class Home:
    """The event loop in which an app was opened, and whether the app is open."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._closed = False

    def close(self) -> None:
        """Refuse all use from now on."""
        self._closed = True

    def check(self) -> None:
        """Raise WrongLoop in another event loop or thread, and UsageError once the app is closed."""
        if self._closed:
            raise UsageError("the app is closed. Use it, and its handles, inside its `async with App.open(…)` block.")
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            if threading.get_ident() == self._thread:  # between two turns of its loop, which its own thread drives
                return
            running = None
        if running is self.loop:
            return
        where = "another thread" if running is None else "another event loop"
        raise WrongLoop(
            f"the app is used in {where} than it was opened in; nothing was done. Await it in its own loop: make the"
            " caller `async def`, or in a thread `asyncio.run_coroutine_threadsafe(app.run(…), app.loop).result()`."
        )
