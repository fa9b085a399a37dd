"""What goes on beside the commands of a page: those that end with `&`, until the page kills them or is over."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from tests.forking.commands import begin
from tests.forking.process import Process

STOPPED = {0, 130, -signal.SIGKILL, -signal.SIGTERM}
"""How a command ends that is stopped, or killed."""


class Jobs:
    """The commands in the background, as a shell knows them: `$!` is the last one, `$(jobs -p)` are all that run."""

    def __init__(self) -> None:
        self._all: list[Process] = []

    def begin(self, words: Sequence[str], loaded: tuple[str, ...]) -> None:
        """Have a command go on in the background."""
        process = begin(words, cwd=Path.cwd(), env=dict(os.environ), merged=True, loaded=loaded)
        self._all.append(process)

    def said(self, lines: int) -> str:
        """Return the first lines of the last command, once it has printed them, or has ended before."""
        return "".join(self._all[-1].stdout.readline() for _ in range(lines))

    def kill(self, arguments: str) -> None:
        """Do what `kill` does with these arguments, and wait until those who were killed have ended."""
        option, _, rest = arguments.partition(" ") if arguments.startswith("-") else ("-15", "", arguments)
        chosen = {"$!": self._all[-1:], "$(jobs -p)": self._running()}[rest]
        for each in chosen:
            each.send_signal(int(option.removeprefix("-")))
        self._wait_for(chosen)

    def close(self) -> None:
        """Kill what still runs where the page is over."""
        for each in self._running():
            each.kill()
            print(each.communicate()[0], flush=True)

    def _running(self) -> list[Process]:
        return [each for each in self._all if each.poll() is None]

    def _wait_for(self, ended: Sequence[Process]) -> None:
        said = [(each, each.communicate()[0]) for each in ended]
        for each, text in said:
            print(text, flush=True)
            if each.returncode not in STOPPED:
                message = f"`{' '.join(each.args)}` in the background ended with {each.returncode}"
                raise AssertionError(message)
