"""How time, memory, disk and journals are read, and results checked, alike for every system."""

from __future__ import annotations

import gc
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.job import Figures, Job


class WrongResult(Exception):
    """A system answered or journalled something else than the scenario asks for."""


@dataclass
class Stopwatch:
    """The seconds a `timed` block took, once it has ended."""

    seconds: float = 0.0


@contextmanager
def timed() -> Generator[Stopwatch]:
    """Measure the time of the block, garbage of what came before collected first."""
    watch = Stopwatch()
    gc.collect()
    start = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - start


def expect(what: str, found: object, wanted: object) -> None:
    """Fail loudly unless the two are equal."""
    if found != wanted:
        raise WrongResult(f"{what}: found {found!r}, wanted {wanted!r}")


def expect_at_least(what: str, found: int, wanted: int) -> None:
    """Fail loudly if fewer were found than wanted."""
    if found < wanted:
        raise WrongResult(f"{what}: found {found}, wanted at least {wanted}")


def count(database: Path, query: str) -> int:
    """The single number that a query on a database answers with, read by a new connection."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0])


def journal_mode(database: Path) -> str:
    """The journal mode of a database file, which every connection to it shares."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0]).lower()


def disk_bytes(job: Job) -> int:
    """The bytes of all files in the job's folder, the write-ahead log written back first."""
    with closing(sqlite3.connect(job.database, timeout=30)) as connection:

        def written_back() -> bool:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return busy == 0

        wait_until("write-ahead log written back", written_back, 30.0)
    return sum(path.stat().st_size for path in Path(job.folder).rglob("*") if path.is_file())


def resident_bytes() -> int:
    """The memory of this process that is in RAM now (its peak, where /proc is missing)."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


def clean_import(statements: str) -> Figures:
    """The time and memory of imports in an interpreter that has loaded nothing else."""
    script = (
        "import time\n"
        "def rss():\n"
        "    try:\n"
        "        return int(open('/proc/self/statm').read().split()[1])\n"
        "    except OSError:\n"
        "        return 0\n"
        "before, start = rss(), time.perf_counter()\n"
        f"{statements}\n"
        "print(time.perf_counter() - start, rss() - before)\n"
    )
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, capture_output=True)  # compiles and warms the files
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    pages = int(answer[1]) * os.sysconf("SC_PAGE_SIZE")
    return {"import_ms": float(answer[0]) * 1e3, "import_mb": pages / 1e6}


def wait_until(what: str, ready: Callable[[], bool], seconds: float = 120.0) -> None:
    """Poll until something is so, or fail loudly."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise WrongResult(f"{what}: not so after {seconds:.0f} s")
        time.sleep(0.01)


def per_step(watch: Stopwatch, steps: int) -> Figures:
    """The figures of a run of steps one after another."""
    return {"step_us": watch.seconds / steps * 1e6}


def per_second(watch: Stopwatch, steps: int) -> Figures:
    """The figures of many runs at once."""
    return {"steps_per_s": steps / watch.seconds}


def per_parked_run(watch: Stopwatch, runs: int, memory: int, disk: int) -> Figures:
    """The figures of runs that wait, from the growth of memory and disk they caused."""
    return {
        "park_us": watch.seconds / runs * 1e6,
        "park_memory": memory / runs,
        "park_disk": disk / runs,
    }
