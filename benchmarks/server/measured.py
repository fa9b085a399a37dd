"""What is measured of the server: how it serves a crowd, and how fast the engine is meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.job import Figures
from benchmarks.measuring import WrongResult
from benchmarks.server import program
from benchmarks.server.crowd import Crowd, Viewers, mix
from benchmarks.server.setups import PODIUM, Serving, bare, podium, process

WARM, SECONDS = 20.0, 60.0
CROWD = Viewers(system=20, runs=180, slow=1)
WATCHED = Viewers(system=20)
TIMES = 5


@dataclass(frozen=True)
class Crowded:
    """How long a crowd comes, and how large it is."""

    crowd: Crowd
    warm: float = WARM
    seconds: float = SECONDS
    viewers: Viewers = CROWD

    def of_podium(self, serving: Serving) -> Figures:
        """The figures of a server with the crowd before it; raises WrongResult where an event was lost or reordered."""
        before, used, began = serving.resident(), serving.used(), time.monotonic()
        come = self._begin(serving, self.viewers, program.PARTS * program.WORDS)
        said = self.crowd.end(come)
        took = time.monotonic() - began
        viewers = said["viewers"]
        wrong = {status: often for status, often in said["statuses"].items() if status not in ("200", "201")}
        if viewers["faults"] or wrong:
            raise WrongResult(f"{viewers['faults']} {wrong}")
        delays: Mapping[str, Any] = viewers["delays_ms"]
        return {
            **_times(said), "started": said["started"], "late": viewers["late"],
            "events": viewers["events"]["system"] + viewers["events"]["runs"],
            "system_p50_ms": delays["system"]["p50"], "system_p99_ms": delays["system"]["p99"],
            "runs_p50_ms": delays["runs"]["p50"], "runs_p99_ms": delays["runs"]["p99"],
            "rest_bytes": before, "grown_bytes": serving.resident() - before,
            "processor": (serving.used() - used) / took,
        }  # fmt: skip

    def of_bare(self, serving: Serving, *, streams: bool) -> Figures:
        """The figures of the bare app, which may send streams too."""
        viewers = Viewers(system=self.viewers.system, runs=self.viewers.runs) if streams else Viewers()
        used, began = serving.used(), time.monotonic()
        said = self.crowd.end(self._begin(serving, viewers, -1))
        return {**_times(said), "processor": (serving.used() - used) / (time.monotonic() - began)}

    def _begin(self, serving: Serving, viewers: Viewers, deltas: int) -> subprocess.Popen[str]:
        return self.crowd.begin(
            serving.url, serving.token, seconds=self.seconds, warm=self.warm, viewers=viewers, deltas=deltas,
            operations=mix(),
        )  # fmt: skip


def _times(said: Mapping[str, Any]) -> Figures:
    found: Figures = {f"{name}_ms": said["all"][name] for name in ("p50", "p95", "p99")}
    return {**found, **{f"{name}: p99_ms": each["p99"] for name, each in said["operations"].items()}}


@contextmanager
def folder() -> Generator[Path]:
    """Have a folder on a disk while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="server-", dir="/var/tmp") as path:
        yield Path(path)


def served(crowded: Crowded, store: str | None = None, *, apart: bool, workers: int = 0) -> Figures:
    """The figures of a server that is new, on a file or on another store."""
    with folder() as here, podium(here, store or "bench.db", apart=apart, workers=workers) as serving:
        return crowded.of_podium(serving)


def beside(crowded: Crowded, *, streams: bool) -> Figures:
    """The figures of the bare app."""
    with folder() as here, bare(here) as serving:
        return crowded.of_bare(serving, streams=streams)


def start_seconds() -> float:
    """How long it takes from the start of `podium serve` on a new store until it has answered."""
    with folder() as here, process([PODIUM, "serve", "--port", "0", "--store", "new.db"], here) as begun:
        began = time.monotonic()
        assert begun.stdout is not None
        address = begun.stdout.readline().split()[-1].removesuffix("/api/v1")
        httpx.get(f"{address}/health/ready").raise_for_status()
        return time.monotonic() - began


def engine(crowd: Crowd, how: str) -> float:
    """How many steps the engine does in a second: `alone`, or while a server is asked, `apart` or in `one` process."""
    with folder() as here:
        store = str(here / "bench.db")
        command = [sys.executable, "-m", "benchmarks.server.engine", store, *(["--serve"] if how == "one" else [])]
        with _driving(command, here) as (driver, url, token):
            if how == "alone":
                return _speed(driver)
            if how == "one":
                return _watched(crowd, url, token, driver)
            with podium(here, store, apart=True) as serving:
                return _watched(crowd, serving.url, serving.token, driver)


@contextmanager
def _driving(command: list[str], here: Path) -> Generator[tuple[subprocess.Popen[str], str, str]]:
    with process(command, here) as driver:
        assert driver.stdout is not None
        url, token = driver.stdout.readline().split()
        yield driver, url, token


def _watched(crowd: Crowd, url: str, token: str, driver: subprocess.Popen[str]) -> float:
    come = crowd.begin(url, token, seconds=3_600, warm=0, viewers=WATCHED, deltas=-1, operations=mix(starts=False))
    try:
        time.sleep(1)
        return _speed(driver)
    finally:
        crowd.end(come, early=True)


def _speed(driver: subprocess.Popen[str]) -> float:
    """The median of a few turns."""
    assert driver.stdin is not None
    assert driver.stdout is not None
    found: list[float] = []
    for _ in range(TIMES):
        driver.stdin.write("GO\n")
        driver.stdin.flush()
        found.append(float(driver.stdout.readline()))
    return statistics.median(found)
