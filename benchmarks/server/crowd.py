"""Who asks and who watches: the Go program in `load`, which is built when it is first wanted."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT
from benchmarks.measuring import WrongResult

SOURCE = ROOT / "benchmarks" / "server" / "load"
RATE = 200.0
_START = ("start", "POST", "/runs")
_READS = (
    ("list runs", "/runs?limit=50", 30),
    ("list those that go on", "/runs?state=running&limit=20", 20),
    ("show a run", "/runs/{run}", 45),
    ("facts of a run", "/runs/{run}/facts", 20),
    ("questions", "/questions", 24),
    ("agents", "/agents", 15),
    ("budgets", "/budgets", 10),
    ("workers", "/workers", 10),
    ("costs", "/costs", 15),
)


def mix(*, starts: bool = True) -> list[dict[str, Any]]:
    """Of 200 requests a second: 10 start a run, one answers what is asked, the others read."""
    reads = [{"name": name, "method": "GET", "path": path, "weight": often} for name, path, often in _READS]
    if not starts:
        return reads
    plain, asks = ({"workflow": "tale", "input": asks} for asks in (0, 1))
    name, method, path = _START
    answer = {"value": "good"}
    return [
        {"name": name, "method": method, "path": path, "body": plain, "weight": 9},
        {"name": name, "method": method, "path": path, "body": asks, "weight": 1},
        {"name": "answer", "method": "POST", "path": "/questions/{question}/answer", "body": answer, "weight": 1},
        *reads,
    ]


@dataclass(frozen=True, kw_only=True)
class Viewers:
    """Who watches: all events, those of a run, and all of them slowly."""

    system: int = 0
    runs: int = 0
    slow: int = 0


class Crowd:
    """The program, and what it is told."""

    def __init__(self, folder: Path) -> None:
        """Build it into a folder; raises WrongResult where there is no Go."""
        if shutil.which("go") is None:
            raise WrongResult("the load comes from a program in Go: install Go 1.24 or newer")
        self._program = folder / "load"
        subprocess.run(["go", "build", "-o", str(self._program), "."], cwd=SOURCE, check=True)

    def begin(
        self, url: str, token: str, *, seconds: float, warm: float, viewers: Viewers, deltas: int,
        operations: Sequence[Mapping[str, Any]], rate: float = RATE,
    ) -> subprocess.Popen[str]:  # fmt: skip
        """Have it come; it asks once it says READY."""
        plan = {
            "url": url, "token": token, "rate": rate, "warm": warm, "seconds": seconds, "mix": operations,
            "viewers": vars(viewers), "deltas": deltas, "patient": 60,
        }  # fmt: skip
        process = subprocess.Popen(
            [str(self._program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(plan))
        process.stdin.close()
        process.stdin = None  # or `communicate` would write to it
        if (line := process.stderr.readline().strip()) != "READY":
            raise WrongResult(f"the load said {line!r} instead of READY")
        return process

    @staticmethod
    def end(process: subprocess.Popen[str], *, early: bool = False) -> dict[str, Any]:
        """Return what it saw; `early` has it ask no more."""
        if early:
            process.send_signal(signal.SIGTERM)
        said, complaint = process.communicate()
        if process.returncode != 0:
            raise WrongResult(f"the load ended with {process.returncode}: {complaint}")
        found: dict[str, Any] = json.loads(said)
        return found
