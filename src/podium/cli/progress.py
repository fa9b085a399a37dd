"""How far a pile of items has come: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from podium.cli.console import CONSOLE
from podium.cli.output import note

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PLAIN_LINES = 100
"""At most about so many lines, however many items."""


class Progress(Protocol):
    """Is told of each item that came to its end."""

    def step(self, line: int, state: str, run: str) -> None:
        """Count one more."""
        ...


@contextmanager
def progress(total: int, *, quiet: bool) -> Generator[Progress]:
    """Show progress on standard error while the block lasts."""
    terminal = CONSOLE.terminal(sys.stderr)
    if quiet or terminal is None:
        yield _Lines(total, quiet=quiet)
        return
    from rich.console import Console  # only where somebody looks
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichBar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with RichBar(*columns, console=Console(file=terminal)) as bar:
        CONSOLE.mask()  # the bar prints what others do meanwhile
        yield _OnBar(bar, bar.add_task("", total=total))


class _Lines:
    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total = total
        self._quiet = quiet
        self._done = 0
        self._every = max(1, total // _PLAIN_LINES)

    def step(self, line: int, state: str, run: str) -> None:
        self._done += 1
        if not self._quiet and (self._done % self._every == 0 or self._done == self._total):
            note(f"[{self._done}/{self._total}] line {line} {state} {run}")


class _OnBar:
    def __init__(self, bar: "Bar", task: "TaskID") -> None:
        self._bar = bar
        self._task = task
        self._bad = 0

    def step(self, line: int, state: str, run: str) -> None:
        self._bad += state != "done"
        self._bar.update(self._task, advance=1, description=f"{self._bad} not done" if self._bad else "")
