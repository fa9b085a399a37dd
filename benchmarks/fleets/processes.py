"""Processes that work until they are told to end, and what the system says of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import ROOT, child_environment
from benchmarks.measuring import WrongResult

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_END_SECONDS = 60


class Process:
    """A Python module that says READY once it works, and ends with its standard input."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env={**child_environment(), **(environment or {})}, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self.module = module
        self.said = ""
        """What it printed last."""

    def ready(self) -> None:
        """Return once it works."""
        if (line := self.line()) != "READY":
            raise WrongResult(f"{self.module} said {line!r} instead of READY")

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        """Give it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    def resident(self) -> int:
        """Bytes of it that are in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def send(self, what: signal.Signals) -> None:
        self._process.send_signal(what)

    def end(self) -> None:
        """Have it end. One that does not end in time is killed."""
        try:
            self.said = self._process.communicate("", timeout=_END_SECONDS)[0]
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def several(processes: Sequence[Process]) -> Generator[Sequence[Process]]:
    """Have processes work while the block lasts; all work when it begins."""
    try:
        for each in processes:
            each.ready()
        yield processes
        for each in processes:
            each.end()
    finally:
        for each in processes:
            each.kill()


def processor_seconds(pids: Sequence[int]) -> float:
    """The seconds of a processor that processes took so far."""
    return sum(_seconds(pid) for pid in pids)


def children(pid: int) -> list[int]:
    """The processes that a process began."""
    everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [each for each in everyone if (fields := _fields(each)) and int(fields[1]) == pid]


def _seconds(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _fields(pid: int) -> list[str]:
    """What the system says of a process, from its state on; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
