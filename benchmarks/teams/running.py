"""Runs programs against the scripted model, in the environments of their frameworks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.teams.script import respond
from benchmarks.teams.teams import Team
from podium.model.json import Json
from podium.testing.chat import ChatServer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

SYSTEMS: Mapping[str, str] = {
    "podium": "Podium",
    "autogen": "AutoGen",
    "agent_framework": "Agent Framework",
    "langgraph": "LangGraph",
    "openai_agents": "OpenAI Agents SDK",
    "crewai": "CrewAI",
}
"""The name of each system's files, and how it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one program."""

    outcome: str
    requests: int
    error: str = ""


def program(team: Team, system: str) -> Path:
    """Return the file of a program."""
    return HERE / team.name / f"{system}.py"


def python(system: str) -> Path:
    """Return the interpreter of the environment that a system is in."""
    return Path(sys.executable) if system == "podium" else ROOT / ".venv" / f"peers-{system}" / "bin" / "python"


def installed(system: str) -> bool:
    """Whether the environment of a system is there, whole."""
    return system == "podium" or (python(system).parents[1] / ".installed").exists()


def steps(team: Team) -> list[tuple[str, list[str]]]:
    """Return the functions that are called of a program, each in a process of its own."""
    return [("start", [team.task]), ("finish", [])] if team.asks else [("run", [team.task])]


class Child:
    """A process in which a framework is imported, and which runs its programs."""

    def __init__(self, system: str) -> None:
        self.system = system
        own = {"OTEL_SDK_DISABLED": "true", "CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false"}
        self._process = subprocess.Popen(
            [str(python(system)), str(HERE / "child.py"), system],
            env={**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore", "LANGSMITH_TRACING": "false", **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, team: Team) -> Seen:
        """Run the program of a team, and say what it gave and how often it asked the model."""
        with ChatServer(lambda body: respond(body, team.roles)) as server, tempfile.TemporaryDirectory() as folder:
            said: Json = {}
            for function, arguments in steps(team):
                said = self.ask(program(team, self.system), function, arguments, folder, server.url)
                if "error" in said:
                    break
            return Seen(outcome=said.get("given", ""), requests=len(server.bodies), error=said.get("error", ""))

    def ask(self, file: Path, function: str, arguments: Sequence[str], folder: str, url: str) -> Json:
        """Have a function of a program run in a folder, and return what it gave or how it failed."""
        job = {"file": str(file), "function": function, "arguments": arguments, "folder": folder}
        job["environment"] = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "HOME": folder, "NO_PROXY": "127.0.0.1"}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended: is all imported that is there?"}

    def close(self) -> None:
        """End the process, and close its pipes."""
        with self._process:
            self._process.kill()


@contextmanager
def child(system: str) -> Iterator[Child]:
    """Have a process of a framework, as long as it is needed."""
    started = Child(system)
    try:
        yield started
    finally:
        started.close()
