"""Workers as the pods of deploy/kubernetes are: the same command, settings and probes, as processes on PostgreSQL."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from podium import App, run_sync
from podium.cli.load import load
from podium.model.run import RunState
from podium.store.opening import open_store
from podium.store.protocol import RunQuery
from podium.testing import Witness
from tests.deploy import manifests
from tests.e2e.cli import environment
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

PROGRAMS = Path(__file__).parent / "programs"
ALIVE = "/tmp/alive"
_DATABASES = count(1)


class Pods:
    """A store in a database of its own, and workers on it."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self.folder = folder
        self.witness = Witness(folder / "witness")
        self.host = str(server.folder)
        self.database = f"deploy_{next(_DATABASES)}"
        self.ask("CREATE DATABASE " + self.database, database="postgres")
        self.store = f"postgresql://postgres@/{self.database}?host={self.host}"
        self.workers: list[Process] = []

    def ask(self, query: str, *, user: str = "postgres", database: str | None = None) -> Any:
        """Return the first value that PostgreSQL answers; None where it answers nothing."""
        with psycopg.connect(
            host=self.host, dbname=database or self.database, user=user, autocommit=True
        ) as connection:
            asked = connection.execute(query.encode())
            row = asked.fetchone() if asked.description else None
            return row and row[0]

    def environment(self) -> Mapping[str, str]:
        settings = {**manifests.settings(), "PODIUM_STORE": self.store}
        return {**environment(), **settings, "SEEN_IN": str(self.folder)}

    def start(self) -> tuple[Process, Path]:
        """Start one more; returns it, and the file that tells that it is alive."""
        alive = self.folder / f"alive-{len(self.workers)}"
        entry: Sequence[str] = json.loads(manifests.instruction("ENTRYPOINT"))
        arguments = [each.replace(ALIVE, str(alive)) for each in manifests.container()["args"]]
        worker = commands.begin([*entry, *arguments], cwd=PROGRAMS, env=self.environment(), merged=True)
        self.workers.append(worker)
        return worker, alive

    def kill_all(self) -> None:
        for each in self.workers:
            if not each.stdout.closed:
                each.kill()
                each.communicate()

    def begin(self, workflow: str, number: int, queue: str = "default") -> None:
        """Start runs, and drive none."""

        async def work() -> None:
            agents = load(PROGRAMS / "desk.py").agents
            async with App.open(self.store, agents=agents, queues=["of nobody"]) as app:
                for amount in range(number):
                    await app.start(workflow, amount, id=f"{workflow}-{queue}-{amount}", queue=queue)

        run_sync(work())

    def states(self) -> list[RunState]:
        store = open_store(self.store)
        try:
            return [run.state for run in run_sync(store.runs(RunQuery(limit=10_000))).items]
        finally:
            store.close()


def passes(probe: str, alive: Path) -> bool:
    """Whether a probe of the pods finds that a worker is well."""
    asked = manifests.container()[f"{probe}Probe"]["exec"]["command"]
    command = [each.replace(ALIVE, str(alive)) for each in asked]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
