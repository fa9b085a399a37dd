"""The support desk on three workers with PostgreSQL, one of which is pulled out: the evidence for the tutorial."""

import importlib
import json
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from podium.store.opening import open_store
from podium.store.postgres.address import parsed
from podium.store.protocol import Store
from tests.e2e.cli import environment, kill, until
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

pytestmark = pytest.mark.system

DESK = Path(__file__).parents[2] / "examples" / "support_desk"
TICKETS = 16
SUBMIT = """\
import json
import sys

from desk import desk
from podium import App, run_sync


async def submit() -> None:
    async with App.open(agents=[desk], queues=["none"]) as app:
        for ticket in json.load(sys.stdin):
            await app.start(desk, ticket, tag=ticket["id"])


run_sync(submit())
"""


class Fleet:
    """Workers of the desk on one store, and what their witness saw."""

    def __init__(self, folder: Path, store: str) -> None:
        self.witness = folder / "witness.txt"
        self.address = store
        self.store: Store = open_store(store)
        self._environment = {
            **environment(),
            "PODIUM_STORE": store,
            "PODIUM_SLOTS": "4",
            "PYTHONPATH": str(DESK),
            "SUPPORT_DESK_WITNESS": str(self.witness),
        }
        self._folder = folder
        self._workers: list[Process] = []

    def submit(self, tickets: list[Mapping[str, str]]) -> None:
        (self._folder / "submit.py").write_text(SUBMIT, encoding="utf-8")
        command = ["python", "submit.py"]
        given = json.dumps(tickets)
        done = commands.run(command, cwd=self._folder, env=self._environment, stdin=given, merged=True)
        assert done.returncode == 0, done.stdout

    def work(self, fleet: Mapping[str, str]) -> Process:
        command = ["podium", "work", str(DESK / "desk.py"), "--forever"]
        env = {**self._environment, **fleet}
        self._workers.append(commands.begin(command, cwd=self._folder, env=env, merged=True))
        return self._workers[-1]

    def placed_by_dbos(self) -> int:
        """Return how many runs DBOS has been told of."""
        address = parsed(self.address)
        with psycopg.connect(address.server) as connection:
            found = connection.execute(
                "SELECT to_regclass(%(table)s)", {"table": f'"{address.schema}_dbos".workflow_status'}
            ).fetchone()
            if found is None or found[0] is None:
                return 0
            table = sql.Identifier(f"{address.schema}_dbos", "workflow_status")
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
            return row[0] if row else 0

    def close(self) -> None:
        for each in self._workers:
            if each.poll() is None:
                kill(each)
        self.store.close()


@pytest.fixture
def fleet(tmp_path: Path, postgres: PostgresServer) -> Generator[Fleet]:
    made = Fleet(tmp_path, postgres.address())
    yield made
    made.close()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the modules of the desk: what compares journal and witness, and the tickets."""
    monkeypatch.setattr(sys, "path", [str(DESK), *sys.path])
    return importlib.import_module("evidence"), importlib.import_module("scoring")


@pytest.mark.parametrize("placed_by", [pytest.param({}, id="store"), pytest.param({"PODIUM_FLEET": "dbos"}, id="dbos")])
def test_a_worker_that_is_pulled_out_loses_nothing_and_nothing_recorded_runs_twice(
    placed_by: dict[str, str], fleet: Fleet, desk: Any
) -> None:
    evidence, scoring = desk
    workers = [fleet.work(placed_by) for _ in range(3)]
    until(lambda: len(fleet.store.workers.beats("nobody")) == len(workers))
    fleet.submit(scoring.pile()[:TICKETS])
    until(lambda: len(evidence.witness_lines(fleet.witness)) >= 2 * TICKETS)  # of four for each
    kill(workers[0])
    killed, seen = evidence.snapshot(fleet.store), evidence.witness_lines(fleet.witness)
    assert len(killed.settled) < TICKETS
    until(lambda: len(evidence.snapshot(fleet.store).settled) == TICKETS)
    done = evidence.snapshot(fleet.store)
    found = evidence.compare(killed, seen, done, evidence.witness_lines(fleet.witness))
    assert (found.repeated, found.unseen) == (set(), set())
    assert {run.tag for run in done.runs.values()} == {each["id"] for each in scoring.pile()[:TICKETS]}
    assert [each.poll() for each in workers[1:]] == [None, None]
    assert (fleet.placed_by_dbos() >= TICKETS) == ("PODIUM_FLEET" in placed_by)
