"""Finds and runs the tools: other people's programs, which may be missing, crash, hang or leave children behind."""

import asyncio
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from reviewing.project import PROGRAMS, Project

_LARGEST = 64 * 2**20
"""Bytes of output that are read."""
_LAST_LINES, _LAST_WORDS = 3, 300
"""Lines, and characters of them, that are told of a tool that crashed."""


class NotInstalled(Exception):
    """The tool is nowhere to be found."""


class Crashed(Exception):
    """The tool ran, but not to its proper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a program ended."""

    name: str
    status: int
    output: str
    errors: str
    seconds: float

    def crashed(self) -> Crashed:
        """Return the error that says how it ended, with its last words."""
        words = " / ".join((self.errors.strip() or self.output.strip()).splitlines()[-_LAST_LINES:])[-_LAST_WORDS:]
        how = f"was ended by signal {-self.status}" if self.status < 0 else f"ended with status {self.status}"
        return Crashed(f"{self.name} {how}: {words or 'without a word'}")


def find(name: str, project: Project) -> str | None:
    """Look for a program in the project's .venv, then on PATH, then beside this Python."""
    return shutil.which(name, path=_search_path(project))


def need(name: str, project: Project, *, remedy: str) -> str:
    """Return the path of a program, or raise NotInstalled with the remedy."""
    found = find(name, project)
    if found is None:
        raise NotInstalled(f"{name} is not installed: {remedy}")
    return found


async def run(command: list[str], project: Project) -> Ran:
    """Run a program in the project's folder; whatever it started ends with it, also when this is cancelled.

    It writes to files, not to pipes: a grandchild that keeps a pipe open would make us wait for it.
    """
    began = time.monotonic()
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=project.root, env=_environment(project), stdin=asyncio.subprocess.DEVNULL, stdout=output,
            stderr=errors, start_new_session=True,
        )  # fmt: skip
        try:
            status = await process.wait()
        finally:
            with suppress(ProcessLookupError, PermissionError):  # nobody is left in its group
                os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        errors.seek(0)
        return Ran(
            name=Path(command[0]).name,
            status=status,
            output=output.read(_LARGEST).decode(errors="replace"),
            errors=errors.read(_LARGEST).decode(errors="replace"),
            seconds=round(time.monotonic() - began, 2),
        )


def _search_path(project: Project) -> str:
    own = [] if project.venv is None else [str(Path(project.venv, PROGRAMS))]
    return os.pathsep.join([*own, os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _environment(project: Project) -> dict[str, str]:
    """Return our environment without our settings: the project may be made with Podium too. Nothing is cached."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    return {**ours, "PATH": _search_path(project), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
