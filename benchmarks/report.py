"""Writes the figures as a page of Markdown."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.harness import Plan, Results
from benchmarks.job import Durability
from benchmarks.scenarios import NAMES, PACKAGES, Measure, Scenario

DURABILITY_LABELS: dict[Durability, str] = {
    "process": "process (synchronous=NORMAL)",
    "power": "power (synchronous=FULL)",
}


def number(value: float) -> str:
    """A figure with three significant digits, or all of its digits before the point."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"


def package_version(package: str) -> str:
    """The installed version of a package, or where its code is."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "from src/"


def processor() -> str:
    """The name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def filesystem(folder: Path) -> str:
    """The type of the file system that holds a folder."""
    best, kind = "", "unknown"
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return kind
    path = str(folder.resolve())
    for line in lines:
        _, mount, found, *_ = line.split()
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def cell_text(values: list[float], measure: Measure) -> str:
    """The median of a figure and, of several rounds, its range."""
    if not values:
        return "-"
    scaled = [value / measure.divisor for value in values]
    median = number(statistics.median(scaled))
    if len(scaled) == 1:
        return median
    return f"{median} ({number(scaled[0])} to {number(scaled[-1])})"


def figure_table(plan: Plan, results: Results) -> list[str]:
    """The table of figures, a row for each figure and a column for each system."""
    names = [NAMES[system] for system in plan.systems]
    lines = [
        "| Figure | Unit | Durability | " + " | ".join(names) + " |",
        "| --- | --- | --- |" + " ---: |" * len(names),
    ]
    for scenario in plan.scenarios:
        for durability in scenario.durabilities:
            shown = durability if scenario.name != "import" else "-"
            for measure in scenario.measures:
                cells = [
                    cell_text(results.values((scenario.name, durability, system), measure.key), measure)
                    for system in plan.systems
                ]
                unit = measure.unit + (" (more is better)" if measure.more_is_better else "")
                row = [measure.label, unit, shown, *cells]
                lines.append("| " + " | ".join(row) + " |")
    return lines


def size_text(plan: Plan, scenario: Scenario, system: str) -> str:
    """The size of a scenario for a system, in words."""
    if scenario.name == "import":
        return "-"
    size = plan.size(scenario, system)
    runs = f"{size.runs:,} run{'s' if size.runs > 1 else ''}"
    return runs if scenario.name == "parked" else f"{runs} of {size.steps:,} steps"


def size_table(plan: Plan) -> list[str]:
    """The table of scenarios and their sizes."""
    names = [NAMES[system] for system in plan.systems]
    lines = [
        "| Scenario | What runs | " + " | ".join(names) + " |",
        "| --- | --- |" + " --- |" * len(names),
    ]
    for scenario in plan.scenarios:
        sizes = [size_text(plan, scenario, system) for system in plan.systems]
        lines.append("| " + " | ".join([f"`{scenario.name}`", scenario.what, *sizes]) + " |")
    return lines


def machine_lines(plan: Plan, results: Results) -> list[str]:
    """What the figures were measured on, and with."""
    versions = [f"{package} {package_version(package)}" for system in plan.systems for package in PACKAGES[system]]
    sync = number(statistics.median(results.sync_us))
    span = f"{number(min(results.sync_us))} to {number(max(results.sync_us))}"
    day = datetime.now(UTC).date().isoformat()
    load = f"{min(results.load):.1f} to {max(results.load):.1f}"
    return [
        f"- Date: {day}; {plan.rounds} rounds in {results.seconds:.0f} s.",
        f"- Machine: {processor()}, {os.cpu_count()} cores, {platform.system()}; load {load}.",
        f"- Disk: {filesystem(plan.folder)}; to append 4 KiB and fdatasync: {sync} µs ({span}).",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.",
        f"- Systems: {', '.join(versions)}.",
    ]


METHOD = f"""\
Every figure is the median of its rounds, with the smallest and the largest in brackets. Each
measurement has a process and a database of its own; in each round the systems take turns, so that
what else the machine does falls on all alike. Opening the system and a first warm-up run are not
counted. Every system has journal_mode=WAL and the same `synchronous`:
{"; ".join(DURABILITY_LABELS.values())}. Each measurement checks its results and counts the
steps in the journal; one that is wrong ends the whole run, and no table is written. No measurement
can use the network. Under `power`, steps one after another cannot take less than the disk below
takes to append 4 KiB and sync them.

Each peer is measured in the fastest way we found to use it that keeps every step durable; the
modules in `benchmarks/systems/` say which and why. A fixed cost weighs more on a smaller size:
where the sizes below differ, `--same-sizes` measures all systems at the same size.

Guards, lists and LLM agents are measured by programs of their own: see [performance](performance.md)."""


def page(plan: Plan, results: Results) -> str:
    """The whole page."""
    lines = [
        "# Performance figures",
        "",
        "This page is written by `python -m benchmarks`; do not edit it.",
        "",
        *figure_table(plan, results),
        "",
        "## How they were measured",
        "",
        METHOD,
        "",
        *size_table(plan),
        "",
        *machine_lines(plan, results),
        "",
    ]
    return "\n".join(lines)
