"""The server in each of its setups: with the engine in one process or apart, on SQLite or PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleets.processes import processor_seconds
from benchmarks.harness import ROOT, child_environment
from benchmarks.measuring import WrongResult

PROGRAM = ROOT / "benchmarks" / "server" / "program.py"
_ADDRESS = re.compile(r"https?://[\w.:]+")
PODIUM = Path(sys.executable).with_name("podium")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_END_SECONDS = 30
_MANY = "[podium.server.requests]\nper_second = 100000\n"
"""The crowd has one key."""


@dataclass(frozen=True)
class Serving:
    """A server that serves, with the processes that belong to it."""

    url: str
    token: str
    server: int
    workers: Sequence[int] = ()

    def resident(self) -> int:
        """Bytes of the server that are in memory."""
        return int(Path(f"/proc/{self.server}/statm").read_text().split()[1]) * _PAGE

    def used(self) -> float:
        """Seconds of a processor that the server took so far."""
        return processor_seconds([self.server])


@contextmanager
def podium(folder: Path, store: str, *, apart: bool, workers: int = 0) -> Generator[Serving]:
    """Have `podium serve` serve a store, and as many workers drive the runs."""
    (folder / "podium.toml").write_text(_MANY, encoding="utf-8")
    token = _key(folder, store)
    serve = ["serve", str(PROGRAM), "--port", "0", "--store", store, *(["--apart"] if apart else [])]
    work = ["work", str(PROGRAM), "--forever", "--store", store]
    with ExitStack() as stack:
        server = stack.enter_context(process([PODIUM, *serve], folder))
        others = [stack.enter_context(process([PODIUM, *work], folder)).pid for _ in range(workers)]
        yield Serving(f"{_address(server)}/api/v1", token, server.pid, others)


@contextmanager
def bare(folder: Path) -> Generator[Serving]:
    """Have the bare app serve."""
    with process([sys.executable, "-m", "benchmarks.server.bare"], folder) as server:
        yield Serving(_address(server), "none", server.pid)


def _key(folder: Path, store: str) -> str:
    command = [str(PODIUM), "keys", "create", "load", "--role", "admin", "--store", store, "--json"]
    said = subprocess.run(command, cwd=folder, env=child_environment(), check=True, capture_output=True, text=True)
    found: str = json.loads(said.stdout)["secret"]
    return found


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if (found := _ADDRESS.search(line)) is None:
        raise WrongResult(f"the server said {line!r} instead of its address")
    return found[0].removesuffix("/api/v1")


@contextmanager
def process(command: Sequence[str | Path], folder: Path) -> Generator[subprocess.Popen[str]]:
    """Have a process run in a folder, where it logs; it is told to stop in the end."""
    with (folder / "log").open("a") as log:
        begun = subprocess.Popen(
            command,
            cwd=folder,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield begun
        finally:
            begun.send_signal(signal.SIGTERM)
            try:
                begun.communicate(timeout=_END_SECONDS)
            except subprocess.TimeoutExpired:
                begun.kill()
                begun.communicate()
