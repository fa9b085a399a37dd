"""The page of figures of the server: what was measured, what was hoped for, and how."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.job import CHAIN_STEPS, Figures
from benchmarks.report import number, package_version, processor
from benchmarks.server.engine import RUNS

Round = Mapping[str, Figures]
"""The figures of a round, by setup."""
SETUPS = {
    "one": "one process, SQLite", "apart": "server and worker, SQLite", "postgres": "server and 2 workers, PostgreSQL",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A figure of the table, and what it is made of."""

    label: str
    unit: str
    value: Callable[[Round], float]
    goal: str = ""


def _of(setup: str, name: str, divisor: float = 1.0) -> Callable[[Round], float]:
    return lambda found: found[setup][name] / divisor


def _to(setup: str, other: str, name: str) -> Callable[[Round], float]:
    return lambda found: found[setup][name] / found[other][name]


def rows() -> list[Row]:
    """All figures, in the order of the table."""
    found = [Row("from the start of `podium serve` on a new store to its first answer", "s", _of("start", "s"), "≤ 1")]
    for setup, title in (("bare", "bare FastAPI"), ("streams", "bare FastAPI that sends streams too")):
        found += [
            Row(f"{title}: a request, median", "ms", _of(setup, "p50_ms")),
            Row("… 99 in 100", "ms", _of(setup, "p99_ms")),
            Row("… of a processor", "times", _of(setup, "processor")),
        ]
    for setup, title in SETUPS.items():
        found += setup_rows(setup, title)
    label = f"{RUNS:,} runs of {CHAIN_STEPS} steps, no server"
    return [
        *found,
        Row(label, "steps/s", _of("engine", "alone")),
        Row("… a server apart that is asked and watched, to no server", "times", _engine("apart"), "≥ 0.85"),
        Row("… a server in the same process, to no server", "times", _engine("one")),
    ]


def _engine(how: str) -> Callable[[Round], float]:
    return lambda found: found["engine"][how] / found["engine"]["alone"]


def setup_rows(setup: str, title: str) -> list[Row]:
    """The figures of one setup of the server."""
    return [
        Row(f"{title}: a request, median", "ms", _of(setup, "p50_ms")),
        Row("… 99 in 100", "ms", _of(setup, "p99_ms")),
        Row("… to bare FastAPI", "times", _to(setup, "bare", "p99_ms"), "≤ 3"),
        Row("… to bare FastAPI that sends streams too", "times", _to(setup, "streams", "p99_ms")),
        Row("… from an event of the system to its viewers, median", "ms", _of(setup, "system_p50_ms")),
        Row("… 99 in 100", "ms", _of(setup, "system_p99_ms")),
        Row("… from a piece of text to its viewer, median", "ms", _of(setup, "runs_p50_ms")),
        Row("… 99 in 100", "ms", _of(setup, "runs_p99_ms")),
        Row("… events that viewers got", "", _of(setup, "events")),
        Row("… pieces of text before the viewer came", "", _of(setup, "late")),
        Row("… of a processor, by the server", "times", _of(setup, "processor")),
        Row("… memory of the server when it has nothing to do", "MB", _of(setup, "rest_bytes", 1e6)),
        Row("… more at the end", "MB", _of(setup, "grown_bytes", 1e6)),
    ]


@dataclass
class Results:
    """The figures of all rounds, and what else was on the machine."""

    rounds: list[Round] = field(default_factory=list[Round])
    load: list[float] = field(default_factory=list[float])
    settings: str = ""

    def values(self, row: Row) -> list[float]:
        return sorted(row.value(each) for each in self.rounds)


def table(results: Results, wanted: Sequence[Row]) -> list[str]:
    """A line for each figure: the median, in brackets the smallest and the largest."""
    lines = ["| Figure | Unit | Median | Range | Goal |", "| --- | --- | ---: | ---: | ---: |"]
    for row in wanted:
        values = results.values(row)
        median, span = number(statistics.median(values)), f"{number(values[0])} to {number(values[-1])}"
        lines.append(f"| {row.label} | {row.unit} | {median} | {span} | {row.goal} |")
    return lines


def operations(results: Results) -> list[str]:
    """The 99th percentile of each operation, by setup."""
    names = [name for name in results.rounds[0]["bare"] if name.endswith(": p99_ms")]
    lines = ["| Request | bare | " + " | ".join(SETUPS.values()) + " |", "| --- |" + " ---: |" * (1 + len(SETUPS))]
    for name in names:
        cells = [number(statistics.median(each[setup][name] for each in results.rounds)) for setup in ("bare", *SETUPS)]
        lines.append(f"| {name.removesuffix(': p99_ms')} | {' | '.join(cells)} |")
    return lines


METHOD = """\
A program in Go (`benchmarks/server/load`) is the crowd. For a minute, after 20 seconds that do not count, it sends 200
requests a second, each when it is due, whether or not those before are answered; its time counts from then. Ten of them
start a run, one answers a question, the others read. A run streams 50 pieces of text in 18 seconds, and one in ten
asks: so about 180 go on at a time, 600 begin in the minute, and each is watched by a viewer of its own from its
beginning to its end. 20 more watch all events of the system. One viewer takes an event a second through a small buffer
until requests are over, and then all the rest, coming again by id where it is let go.

It counts as wrong, and there are no figures, where one of the 20 misses an event or gets one twice or late (each has
the place after the one before), where the slow one does, where a run's events are not in order or a piece of text that
was streamed after its viewer came is not there, where a run is not seen to its end by all, or where a request fails.
What was streamed before a viewer came is told to it as gone, and counted. A stream may say that nobody knows whether
anything was missed, where a run goes on in another process; the pieces of text are counted all the same.

The bare app is FastAPI over the same uvicorn, with routes of the same shapes that answer from memory. It is measured
alone, as what it can do at best; and while it sends on a timer what viewers of the server are sent, since then it has
the same machine, with the same crowd on it. Everything shares the machine's processors: crowd, server, workers, and
PostgreSQL. In each round all take turns.

The engine's speed is that of a process that does nothing but drive runs, while 200 requests a second that read and 20
viewers of all events come to the server. A step is nothing but its record here."""


def page(results: Results) -> str:
    """The whole page."""
    load = f"{min(results.load):.1f} to {max(results.load):.1f}"
    names = ("podium", "fastapi", "uvicorn", "httptools", "psycopg")
    versions = ", ".join(f"{name} {package_version(name)}" for name in names)
    return "\n".join([
        "# Figures of the server", "", "This page is written by `python -m benchmarks.server`; do not edit it.", "",
        *table(results, rows()), "", "## 99 in 100 requests, in milliseconds, by what is asked", "",
        *operations(results), "", "## How they were measured", "", METHOD, "",
        f"- Date: {datetime.now(UTC).date().isoformat()}; rounds: {len(results.rounds)}.",
        f"- Machine: {processor()}, {os.cpu_count()} cores, {platform.system()}; load {load}.",
        f"- PostgreSQL: {results.settings}.",
        f"- Python {platform.python_version()}, {versions}.", "",
    ])  # fmt: skip
