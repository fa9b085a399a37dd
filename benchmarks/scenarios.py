"""What is measured: the scenarios, their sizes for each system, and the figures each one gives."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.job import CHAIN_STEPS, Durability

SYSTEMS = ("podium", "langgraph", "dbos")
NAMES = {"podium": "Podium", "langgraph": "LangGraph", "dbos": "DBOS"}
PACKAGES = {
    "podium": ("podium",),
    "langgraph": ("langgraph", "langgraph-checkpoint-sqlite"),
    "dbos": ("dbos",),
}


@dataclass(frozen=True)
class Size:
    """How many runs of how many steps."""

    runs: int
    steps: int

    def tenth(self) -> Size:
        """The size of a quick look."""
        if self.runs > 1:
            return Size(max(10, self.runs // 10), self.steps)
        return Size(1, max(1, self.steps // 10))


@dataclass(frozen=True)
class Measure:
    """One figure of a scenario: its key in the child's answer, and how the table shows it."""

    key: str
    label: str
    unit: str
    divisor: float = 1.0
    more_is_better: bool = False


@dataclass(frozen=True)
class Scenario:
    """One scenario: the function each system offers for it, and its sizes and figures."""

    name: str
    function: str
    what: str
    podium: Size
    peers: Size
    measures: tuple[Measure, ...]
    durabilities: tuple[Durability, ...] = ("process",)

    def size(self, system: str, *, same: bool, quick: bool) -> Size:
        """The size at which a system is measured."""
        size = self.podium if same or system == "podium" else self.peers
        return size.tenth() if quick else size


SCENARIOS = (
    Scenario(
        "import",
        "import_time",
        "import of the system in a fresh interpreter, its files in the page cache",
        Size(1, 1),
        Size(1, 1),
        (
            Measure("import_ms", "Import", "ms"),
            Measure("import_mb", "Memory that the import takes", "MB"),
        ),
    ),
    Scenario(
        "sequential",
        "sequential",
        "one run of trivial steps one after another, each durable before the next begins",
        Size(1, 1000),
        Size(1, 200),
        (Measure("step_us", "One step after another", "µs/step"),),
        ("process", "power"),
    ),
    Scenario(
        "throughput",
        "throughput",
        f"many runs of {CHAIN_STEPS} steps at once",
        Size(1000, CHAIN_STEPS),
        Size(200, CHAIN_STEPS),
        (Measure("steps_per_s", "Many runs at once", "steps/s", more_is_better=True),),
        ("process", "power"),
    ),
    Scenario(
        "fanout",
        "fanout",
        "one run of parallel steps",
        Size(1, 1000),
        Size(1, 1000),
        (Measure("fanout_ms", "One run of parallel steps", "ms"),),
    ),
    Scenario(
        "parked",
        "parked",
        "runs that wait for a signal; memory and disk are what they add to an open system",
        Size(10_000, 1),
        Size(500, 1),
        (
            Measure("park_us", "Start a run until it waits", "µs/run"),
            Measure("park_memory", "Memory of a waiting run", "kB/run", 1e3),
            Measure("park_disk", "Disk of a waiting run", "kB/run", 1e3),
        ),
    ),
    Scenario(
        "recovery",
        "recovery",
        f"runs of {CHAIN_STEPS} steps, all killed (SIGKILL) in their third step and ended by "
        "another process; from opening the database, imports not counted",
        Size(1000, CHAIN_STEPS),
        Size(100, CHAIN_STEPS),
        (
            Measure("recovery_s", "Recover and end all runs", "s"),
            Measure("recovery_run_ms", "… for each run", "ms/run"),
        ),
    ),
)
