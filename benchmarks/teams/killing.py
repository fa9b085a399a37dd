"""Kills a program once two of its requests were answered, starts it again, and counts what it asks for once more."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path
from threading import Event, Lock, Thread

from benchmarks.teams.running import HERE, Child, Seen
from benchmarks.teams.script import respond
from benchmarks.teams.teams import TEAMS, Team
from podium.model.json import Json
from podium.testing.chat import ChatReply, ChatServer

ANSWERED = 2
"""How many requests are answered before the program is killed."""

GRACE = 1.0
"""Seconds in which it may write down what it was answered."""

LONG = 300.0
"""Seconds after which no further request is waited for."""

KILLED = {team.name: team for team in TEAMS if (HERE / "killed" / team.name).is_dir()}
"""The teams of which there are programs that keep what they were answered, as their frameworks document it."""


def program(team: Team, system: str) -> Path:
    """Return the file of a program that keeps what it was answered; there is none where a framework has no means to."""
    return HERE / "killed" / team.name / f"{system}.py"


class _Model:
    """Answers two requests, and holds all others until the program is dead."""

    def __init__(self, team: Team) -> None:
        self.held, self.dead = Event(), Event()
        self._team, self._answered, self._lock = team, 0, Lock()

    def __call__(self, body: Json) -> ChatReply:
        with self._lock:
            self._answered += 1
            holds = self._answered > ANSWERED
        if holds and not self.dead.is_set():
            self.held.set()
            self.dead.wait(LONG)
        return respond(body, self._team.roles)


def killed(process: Child, team: Team) -> Seen:
    """Run a program of a team, kill it, run it again, and say what that gave and how often it asked the model."""
    model, file = _Model(team), program(team, process.system)
    with ChatServer(model) as server, tempfile.TemporaryDirectory() as folder:
        first = Thread(target=process.ask, args=(file, "run", [team.task], folder, server.url))
        first.start()
        if not model.held.wait(LONG):
            return Seen(outcome="", requests=len(server.bodies), error="it made no third request")
        time.sleep(GRACE)
        os.kill(int((Path(folder) / "pid").read_text(encoding="utf-8")), signal.SIGKILL)
        first.join()
        before = len(server.bodies)
        model.dead.set()
        said = process.ask(file, "run", [team.task], folder, server.url)
        return Seen(outcome=said.get("given", ""), requests=len(server.bodies) - before, error=said.get("error", ""))
