"""How a command that drives runs is stopped by signals."""

import asyncio
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

from podium.cli.output import note

INTERRUPTED = 130
"""The exit code after Ctrl-C, SIGTERM, or the end of the terminal."""

_IGNORABLE = [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
_TOLD_AFTER = 0.5
_LEFT_SECONDS = 5.0
"""Seconds for which what swallows its cancel, or blocks in a thread, may keep a process that was stopped."""


class Stops:
    """The first signal leaves the app, which lets what is under way end; the second cuts it; a third kills.

    Signals are SIGTERM, Ctrl-C, and SIGHUP, which comes when the terminal is closed.
    What is ignored stays so: Ctrl-C for what a script starts in the background, SIGHUP for what `nohup` starts.
    """

    def __init__(self) -> None:
        self.count = 0
        """How often the command was told to stop."""
        self._guillotine: threading.Timer | None = None

    @contextmanager
    def heard(self) -> Generator[None]:
        """Have the current task cancelled by each signal, while the block lasts."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # this is called in one
        heard = [signal.SIGTERM]
        heard += [each for each in _IGNORABLE if signal.getsignal(each) is not signal.SIG_IGN]
        told: list[asyncio.TimerHandle] = []

        def stop() -> None:
            self.count += 1
            task.cancel()
            if self.count == 1:
                told.append(
                    loop.call_later(_TOLD_AFTER, note, "stopping: waits for what is under way. Once more cuts it.")
                )
            else:
                unhear()

        def unhear() -> None:
            for number in heard:
                loop.remove_signal_handler(number)
            heard.clear()

        with suppress(NotImplementedError):  # on Windows; there Ctrl-C is heard by asyncio alone
            for number in heard:
                loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            for each in told:
                each.cancel()
            with suppress(NotImplementedError):
                unhear()
            if self.count:
                self._guillotine = threading.Timer(_LEFT_SECONDS, os._exit, (INTERRUPTED,))
                self._guillotine.daemon = True
                self._guillotine.start()

    def ended(self) -> None:
        """The event loop is closed: nothing keeps the process any more."""
        if self._guillotine is not None:
            self._guillotine.cancel()
