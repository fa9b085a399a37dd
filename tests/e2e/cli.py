"""Runs `podium` in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forking import commands
from tests.forking.process import Process

REAL = str(Path(sys.executable).with_name("podium"))
"""The command as it was installed."""
DROP = "ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)"  # PR_CAPBSET_DROP of CAP_DAC_OVERRIDE, for root
HUMBLE = (sys.executable, "-c", f"import ctypes, os, sys; os.geteuid() or {DROP}; os.execv(sys.argv[1], sys.argv[1:])")
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder in which commands are run."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def podium(self, *arguments: str, stdin: str = "", almighty: bool = True) -> Ended:
        """Run a command to its end; one that is not almighty may not write read-only files, whoever runs the tests."""
        if not almighty:
            return self.real(*HUMBLE, REAL, *arguments)
        return self.run("podium", *arguments, stdin=stdin)

    def python(self, *arguments: str) -> Ended:
        """Run a program to its end."""
        return self.run("python", *arguments)

    def run(self, *command: str, stdin: str = "") -> Ended:
        done = commands.run(command, cwd=self.folder, env=environment(), stdin=stdin)
        return Ended(done.returncode, done.stdout, done.stderr)

    def real(self, *command: str) -> Ended:
        """Run a command that is started as a shell would, and not forked."""
        done = subprocess.run(
            command, cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def unread(self, *arguments: str) -> Ended:
        """Run a command whose reader has left before it says anything."""
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run(
                [REAL, *arguments], cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=writer,
                stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE,
            )  # fmt: skip
        finally:
            os.close(writer)
        return Ended(done.returncode, "", done.stderr)

    def begin(self, *arguments: str) -> Process:
        return commands.begin(["podium", *arguments], cwd=self.folder, env=environment())

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def only_run(self) -> str:
        (run,) = self.podium("runs", "list", "--json").json
        return run["id"]


def environment() -> dict[str, str]:
    """Return the environment of a command: no colours, no settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    return {**kept, "NO_COLOR": "1", "PYTHONWARNINGS": "error"}


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def kill(process: Process) -> None:
    """End a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
