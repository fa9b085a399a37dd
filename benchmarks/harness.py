"""Runs the measurements in child processes, systems taking turns, and gathers their figures."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.job import Durability, Figures, Job
from benchmarks.scenarios import Scenario, Size

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
CHILD_SECONDS = 600
FSYNCS = 200
BLOCK = b"\0" * 4096
FOREIGN_SETTINGS = ("LANGCHAIN_", "LANGSMITH_", "LANGGRAPH_", "DBOS_", "OTEL_", "PODIUM_")

Cell = tuple[str, Durability, str]


class ChildFailed(Exception):
    """A measurement ended with an error, a wrong result included."""


@dataclass(frozen=True)
class Plan:
    """What to measure, and how often."""

    scenarios: Sequence[Scenario]
    systems: Sequence[str]
    rounds: int
    folder: Path
    same_sizes: bool = False
    quick: bool = False

    def size(self, scenario: Scenario, system: str) -> Size:
        """The size of a scenario for a system."""
        return scenario.size(system, same=self.same_sizes, quick=self.quick)


@dataclass
class Results:
    """The figures of all rounds, by scenario, durability and system; and of the disk."""

    figures: dict[Cell, list[Figures]] = field(default_factory=dict[Cell, list[Figures]])
    sync_us: list[float] = field(default_factory=list[float])
    load: list[float] = field(default_factory=list[float])
    seconds: float = 0.0

    def values(self, cell: Cell, key: str) -> list[float]:
        """One figure in all rounds, in ascending order."""
        return sorted(figures[key] for figures in self.figures.get(cell, []))

    def to_json(self) -> str:
        """Every single figure, for those who want more than medians."""
        cells = [
            {"scenario": cell[0], "durability": cell[1], "system": cell[2], "rounds": figures}
            for cell, figures in self.figures.items()
        ]
        return json.dumps(
            {"cells": cells, "sync_us": self.sync_us, "load": self.load, "seconds": self.seconds},
            indent=2,
        )


def child_environment() -> dict[str, str]:
    """The environment of a child: nothing that makes a system trace, report or call home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN_SETTINGS) and name != "PYTHONPATH"
    }
    tracing_off = dict.fromkeys(("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"), "false")
    return {**kept, **tracing_off, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def missing(system: str) -> str:
    """Why a system cannot be measured; empty where it can."""
    command = [sys.executable, "-c", f"import benchmarks.systems.{system}_"]
    done = subprocess.run(command, env=child_environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def install_peers() -> None:
    """Install the peers into this interpreter's environment."""
    command = [sys.executable, "-m", "pip", "install", "-r", str(REQUIREMENTS)]
    subprocess.run(command, check=True)


def sync_latency(folder: Path) -> float:
    """The median microseconds of appending 4 KiB to a file and making it durable."""
    sync = getattr(os, "fdatasync", os.fsync)
    path = folder / "sync.bin"
    samples: list[float] = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(FSYNCS):
            start = time.perf_counter()
            os.write(descriptor, BLOCK)
            sync(descriptor)
            samples.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(samples) * 1e6


def run_child(plan: Plan, scenario: Scenario, durability: Durability, system: str) -> Figures:
    """One measurement in a process and a folder of its own."""
    size = plan.size(scenario, system)
    folder = tempfile.mkdtemp(prefix=f"{system}-{scenario.name}-", dir=plan.folder)
    job = Job(system, scenario.function, folder, durability, size.runs, size.steps)
    command = [sys.executable, "-m", "benchmarks.child", job.to_json()]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ChildFailed(f"{system} {scenario.name} took over {CHILD_SECONDS} s") from late
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if done.returncode != 0:
        raise ChildFailed(f"{system} {scenario.name} ({durability}) failed:\n{done.stderr[-4000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    missing = [measure.key for measure in scenario.measures if measure.key not in figures]
    if missing:
        raise ChildFailed(f"{system} {scenario.name} gave no {', '.join(missing)}")
    return figures


def measure(plan: Plan, say: Callable[[str], None]) -> Results:
    """Run the plan: in each round every scenario, in each scenario every system in turn."""
    results = Results()
    start = time.monotonic()
    plan.folder.mkdir(parents=True, exist_ok=True)
    for number in range(plan.rounds):
        results.load.append(os.getloadavg()[0])
        results.sync_us.append(sync_latency(plan.folder))
        say(f"round {number + 1} of {plan.rounds}: fdatasync {results.sync_us[-1]:.0f} µs")
        first = number % len(plan.systems)
        order = [*plan.systems[first:], *plan.systems[:first]]
        for scenario in plan.scenarios:
            for durability in scenario.durabilities:
                for system in order:
                    figures = run_child(plan, scenario, durability, system)
                    cell = (scenario.name, durability, system)
                    results.figures.setdefault(cell, []).append(figures)
                    shown = ", ".join(f"{key} {value:,.1f}" for key, value in figures.items())
                    say(f"  {scenario.name} ({durability}) {system}: {shown}")
    results.seconds = time.monotonic() - start
    return results
