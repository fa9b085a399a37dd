"""How commands print: JSON, tables, and texts on one line."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from podium.cli.console import CONSOLE
from podium.formats.printable import beneath, in_line, printable
from podium.model.json import Json
from podium.model.outcome import cut
from podium.secrets.masking import MASKING

_IDS = {"RUN", "QUESTION", "INCIDENT", "DELEGATION", "KEY", "WORKER", "CONVERSATION", "BUDGET"}
"""Columns of what is copied into the next command: it stands on one line, however narrow the terminal is."""
_GAP = 2
_NARROWEST = 6
"""No other column is folded to less."""


def print_json(value: Json) -> None:
    """Print a value as JSON for people and programs alike."""
    print(_dumped(value, indent=2))


def print_line(value: Json) -> None:
    """Print a value as one line of JSON, at once."""
    print(_dumped(value), flush=True)


def _dumped(value: Json, indent: int | None = None) -> str:
    """Return JSON that says the same on any console: what cannot be shown is escaped, never replaced."""
    masked = MASKING.json(value)
    text = json.dumps(masked, indent=indent, ensure_ascii=False)
    return text if CONSOLE.shows(text) else json.dumps(masked, indent=indent)


def print_value(value: Json) -> None:
    """Print the value of a run: text as it is, everything else as JSON."""
    if isinstance(value, str):
        print(MASKING.text(value))
        return
    print_json(value)


def note(text: str) -> None:
    """Tell the person at the terminal something that is not part of the output."""
    print(beneath(MASKING.text(text)), file=sys.stderr, flush=True)


def note_next(cursor: str | None) -> None:
    """Tell the person at the terminal that a list goes on, and how to see the rest; None is its end."""
    if cursor is not None:
        note(f"there are more: --limit N for so many at once, --cursor {cursor} for those that follow")


def one_line(text: str, longest: int = 120) -> str:
    """Return a text as one line of at most `longest` characters; what is left out is in its middle."""
    return cut(printable(" ".join(text.split())), longest)


def print_traceback(traceback: str, indent: str = "") -> None:
    """Print where an error came from, if anything is recorded of that."""
    for line in printable(MASKING.text(traceback)).splitlines():
        print(f"{indent}{line}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; where somebody looks, all but ids are folded to fit the terminal."""
    rows = [[in_line(MASKING.text(cell)) for cell in row] for row in rows]
    if (terminal := CONSOLE.terminal(sys.stdout)) is not None:
        _print_rich(columns, rows, terminal)
        return
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    for row in [columns, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], terminal: TextIO) -> None:
    from rich.cells import cell_len  # a tenth of a second that other commands need not pay
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    console = Console(file=terminal)
    widths = [max(cell_len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    gaps = _GAP * (len(columns) - 1)
    widths = _fitted(columns, widths, console.width - gaps)
    console.width = max(console.width, sum(widths) + gaps)
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in rows:
        table.add_row(*[Text(cell) for cell in row])
    console.print(table)


def _fitted(columns: Sequence[str], widths: Sequence[int], room: int) -> list[int]:
    """Take from the widest columns, one by one, until all have room; an id keeps what it needs."""
    fitted = list(widths)
    while sum(fitted) > room:
        foldable = [index for index, name in enumerate(columns) if name not in _IDS and fitted[index] > _NARROWEST]
        if not foldable:
            break
        fitted[max(foldable, key=fitted.__getitem__)] -= 1
    return fitted


_SIZES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_UNITS = ((0.01, 0.001, "ms", 1), (1.0, 0.001, "ms", 0), (100.0, 1.0, "s", 1), (7_200.0, 60.0, "min", 0))
"""Up to how many seconds, in which unit, its name, and how many places."""
_HOUR, _DAY = 3_600.0, 86_400.0


def duration(seconds: float) -> str:
    """Return a length of time in the unit that suits it: `0.4 ms`, `12 ms`, `3.2 s`, `4 min`, `5 h`, `3 d`."""
    for limit, unit, name, places in _UNITS:
        if seconds < limit:
            return f"{seconds / unit:.{places}f} {name}"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} d"


def moment(at: float) -> str:
    """Return a time as this machine's clock on the wall shows it."""
    return datetime.fromtimestamp(at, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(at: float | None) -> str | None:
    """Return a time as programs read it, in UTC."""
    return None if at is None else datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds")


def money(usd: float) -> str:
    """Return US dollars with as many places as a small price needs."""
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def size(number: int) -> str:
    """Return a number of bytes in the unit that suits it: `0.8 kB`, `12.3 MB`."""
    unit, name = next((each for each in _SIZES if number >= each[0]), _SIZES[-1])
    return f"{number / unit:.1f} {name}"


def count(number: int, thing: str) -> str:
    """Return `1 run`, `2 runs`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
