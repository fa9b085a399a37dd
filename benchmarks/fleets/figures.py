"""What is measured of fleets, what was hoped for, and the page of figures."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.job import CHAIN_STEPS, Figures
from benchmarks.report import number, package_version, processor

RUNS, PEER_RUNS, WORKERS = 1_000, 200, 2
LOOKS, TAKEN, LEASE = 60, 100, 2.0
SCALED, SLOTS, EACH = (1, 2, 3, 4, 6), 10, 60
QUEUED, PARKED = 20_000, 5_000


@dataclass(frozen=True)
class Row:
    """A figure of the table: of which system, and what it is made of."""

    label: str
    unit: str
    system: str
    value: Callable[[Figures], float]
    goal: str = ""


def peer(name: str) -> str:
    """Return what a system is called in the figures that runs its own workflows: a fleet may have its name."""
    return f"{name} alone"


def first_step(found: Figures) -> float:
    """How long a run waits that is started while workers have nothing to do."""
    return found["first_step_p50_ms"]


def scaled(workers: int) -> Callable[[Mapping[str, float]], float]:
    """How much of as many workers' worth is done, where one worker alone is 1."""
    return lambda found: found[f"scaled_{workers}"] / found["scaled_1"] / workers


def rows(fleets: Sequence[str]) -> list[Row]:
    """All figures, in the order of the table."""
    chains = f"{RUNS:,} runs of {CHAIN_STEPS} steps"
    found = [
        Row(f"{chains}, one process on SQLite, `process`", "steps/s", "sqlite", lambda f: f["process"]),
        Row(f"{chains}, one process on SQLite, `power`", "steps/s", "sqlite", lambda f: f["power"]),
    ]
    for fleet in fleets:
        found += fleet_rows(fleet, chains)
    label = f"{PEER_RUNS:,} runs of {CHAIN_STEPS} steps, fleet `temporal`, {WORKERS} workers"
    found += [
        Row(label, "steps/s", "temporal", lambda f: f["steps_per_s"]),
        Row("from the start to the first step, fleet `temporal`, median", "ms", "temporal", first_step),
    ]
    for name, title in (("dbos", "DBOS"), ("langgraph", "LangGraph")):
        label = f"{PEER_RUNS:,} runs of {CHAIN_STEPS} steps, {WORKERS} processes of {title}"
        found.append(Row(label, "steps/s", peer(name), lambda f: f["steps_per_s"]))
    label = "from the start to the first step, DBOS, median"
    found.append(Row(label, "ms", peer("dbos"), lambda f: f["first_step_p50_ms"]))
    return found


def fleet_rows(fleet: str, chains: str) -> list[Row]:
    """The figures of one fleet of Podium."""
    name = f"fleet `{fleet}`"
    goal = 0.5 if fleet == "store" else 0.2
    most = LEASE + 1
    found = [
        Row(f"{chains}, {name}, 1 worker", "steps/s", fleet, lambda f: f["alone"]),
        Row(f"{chains}, {name}, {WORKERS} workers", "steps/s", fleet, lambda f: f["steps_per_s"]),
        Row("… to one process on SQLite, `process`", "times", fleet, lambda f: f["to_process"], f"≥ {goal}"),
        Row("… to one process on SQLite, `power`", "times", fleet, lambda f: f["to_power"]),
        Row("… processor time of the workers", "µs/step", fleet, lambda f: f["worker_us"]),
        Row("… processor time of the server", "µs/step", fleet, lambda f: f["server_us"]),
        Row("… runs of the worker that drove fewest, to an even share", "times", fleet, lambda f: f["evenness"]),
        Row(f"from the start to the first step, {name}, median", "ms", fleet, lambda f: f["first_step_p50_ms"], "≤ 5"),
        Row("… of 95 in 100", "ms", fleet, lambda f: f["first_step_p95_ms"]),
        Row(
            f"a killed worker's {TAKEN} runs, until the last is driven (lease {LEASE:g} s)", "s", fleet,
            lambda f: f["killed_s"], f"≤ {most:g}",
        ),
        Row("… of one that only fell silent", "s", fleet, lambda f: f["frozen_s"], f"≤ {most:g}"),
        Row(f"steps of 50 ms, 1 worker of {SLOTS} slots", "steps/s", fleet, lambda f: f["scaled_1"]),
    ]  # fmt: skip
    found += [
        Row(f"… {count} workers, to {count} times that", "times", fleet, scaled(count), "≥ 0.85")
        for count in SCALED[1:]
    ]
    return [
        *found,
        Row(
            f"memory of a worker for each of {QUEUED:,} runs that wait for its slots", "B/run", fleet,
            lambda f: f["backlog_bytes"],
        ),
        Row("disk of a run that waits for a signal", "B/run", fleet, lambda f: f["parked_disk"], "≤ 1,000"),
        Row("memory of it in the worker that drove it", "B/run", fleet, lambda f: f["parked_memory"]),
    ]  # fmt: skip


@dataclass
class Results:
    """The figures of all rounds, by system, and what else was on the machine."""

    rounds: list[dict[str, Figures]] = field(default_factory=list[dict[str, Figures]])
    load: list[float] = field(default_factory=list[float])
    sync_us: list[float] = field(default_factory=list[float])
    settings: str = ""

    def values(self, row: Row) -> list[float]:
        return sorted(row.value(each[row.system]) for each in self.rounds if row.system in each)


def table(results: Results, fleets: Sequence[str]) -> list[str]:
    """A line for each figure: the median, in brackets the smallest and the largest."""
    lines = ["| Figure | Unit | Median | Range | Goal |", "| --- | --- | ---: | ---: | ---: |"]
    for row in rows(fleets):
        if values := results.values(row):
            median, span = number(statistics.median(values)), f"{number(values[0])} to {number(values[-1])}"
            lines.append(f"| {row.label} | {row.unit} | {median} | {span} | {row.goal} |")
    return lines


METHOD = """\
In each round all systems take turns, so that what else the machine does falls on all alike; a ratio is made of two
figures of one round. Workers, the process that starts the runs, and the server share the machine's processors; one
process on SQLite has them for itself. Runs are started by a process that drives none, all at once, while the workers
are there and idle, and the time is that from the first start to the last end, as the store has them. The server waits
for the disk with each commit, as it is installed; on SQLite `process` does not, and `power` does.

DBOS takes its workflows from a queue that it looks at every 20 ms (by itself once a second), with 8 threads a process;
the fleet `dbos` has Podium's runs in such a queue, looked at as often.
LangGraph has no queue: each process is told which runs are its own, and invokes them in 4 threads with
`durability="sync"`. Both take fewer runs, for they take longer; so does the fleet `temporal`, whose server is on the
same machine and keeps its data in SQLite.

A worker that only fell silent was frozen: its process is still there, so nothing but its missing beats tells that it is
gone, as with another machine. Of one that was killed the other workers of its machine see that the process is gone."""


def page(results: Results, fleets: Sequence[str], packages: Mapping[str, str]) -> str:
    """The whole page."""
    load = f"{min(results.load):.1f} to {max(results.load):.1f}"
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    return "\n".join([
        "# Figures of fleets", "", "This page is written by `python -m benchmarks.fleets`; do not edit it.", "",
        *table(results, fleets), "", "## How they were measured", "", METHOD, "",
        f"- Date: {datetime.now(UTC).date().isoformat()}; rounds: {len(results.rounds)}.",
        f"- Machine: {processor()}, {os.cpu_count()} cores, {platform.system()}; load {load}.",
        f"- Disk: to append 4 KiB and fdatasync: {number(statistics.median(results.sync_us))} µs.",
        f"- PostgreSQL: {results.settings}.",
        f"- Python {platform.python_version()}, {versions}.", "",
    ])  # fmt: skip


def packages() -> dict[str, str]:
    """The versions of what is measured."""
    names = ("podium", "psycopg", "dbos", "langgraph", "langgraph-checkpoint-postgres", "temporalio")
    return {name: package_version(name) for name in names}
