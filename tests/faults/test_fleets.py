"""Fleets of real processes: bounds hold for all together, and what those drove that are gone goes on elsewhere."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.facade.handle import AnyHandle
from podium.fleets.dbos.options import DbosOptions
from podium.fleets.dbos.placements import Placements
from podium.model.json import Json
from podium.reports.audit import audit
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

pytestmark = pytest.mark.system

PATIENCE = 170.0
LEASE = 2.0
RUNS = 24
DBOS = 'kind = "dbos"\npoll = 0.05\n'


@workflow
async def job(ctx: Context, n: int) -> int:
    """Stand for that of the program: it is driven in other processes alone."""
    raise AssertionError("nobody drives this one")


class Squad:
    """Processes that serve the workflow of a program, on a store of their own, under the same settings."""

    def __init__(self, folder: Path, address: str, fleet: str) -> None:
        self.folder = folder
        self.address = address
        self.witness = Witness(folder / "witness")
        settings = f"[podium]\nlease = {LEASE}\npoll = 0.05\n[podium.fleet]\n{fleet}"
        (folder / "podium.toml").write_text(settings, encoding="utf-8")
        self.processes: list[Process] = []

    def begin(self) -> Process:
        command = ["podium", "work", str(PROGRAMS / "squad.py"), "--store", self.address, "--forever"]
        environment = {**os.environ, "WITNESS": str(self.witness.path)}
        self.processes.append(commands.begin(command, cwd=self.folder, env=environment))
        return self.processes[-1]

    def end(self) -> None:
        for each in self.processes:
            if each.poll() is None:
                each.kill()
            each.communicate(timeout=PATIENCE)

    @asynccontextmanager
    async def starter(self, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[App]:
        """Open an app of the fleet in this process, which drives nothing."""
        monkeypatch.chdir(self.folder)
        async with asyncio.timeout(PATIENCE), App.open(self.address, queues=["nobody"], telemetry=False) as app:
            yield app

    def runs_that_left(self) -> set[str]:
        """Return the runs that came to the end of the workflow: one twice, where a process was killed right there."""
        return {line.split()[1] for line in self.witness.lines() if line.startswith("out")}

    def most_at_once(self, *, but: int | None = None) -> int:
        """Return how many runs were in the middle of the workflow at once, at most; without those of one process."""
        inside, most = set[tuple[str, str]](), 0
        for what, *run in (line.split() for line in self.witness.lines()):
            if what == "in" and int(run[1]) != but:
                inside.add((run[0], run[1]))
            elif what == "out":
                inside.discard((run[0], run[1]))
            most = max(most, len(inside))
        return most


@asynccontextmanager
async def squad_of(
    folder: Path, server: PostgresServer, monkeypatch: pytest.MonkeyPatch, fleet: str
) -> AsyncGenerator[tuple[Squad, App]]:
    squad = Squad(folder, server.address(), fleet)
    try:
        async with squad.starter(monkeypatch) as app:
            yield squad, app
    finally:
        squad.end()


async def started(app: App, **options: Json) -> list[AnyHandle]:
    return [await app.start(job, n, id=f"r{n}", **options) for n in range(RUNS)]


async def values(handles: Sequence[AnyHandle]) -> list[Json]:
    return [await handle.result() for handle in handles]


async def seen(squad: Squad, *words: str, times: int) -> None:
    while squad.witness.count(*words) < times:
        await asyncio.sleep(0.01)


async def ended(squad: Squad, *, runs: int) -> None:
    while len(squad.runs_that_left()) < runs:
        await asyncio.sleep(0.01)


async def assert_done_once(squad: Squad, app: App, *, twice: int = 0) -> None:
    """What was recorded was done once; what was under way in a process that was killed, perhaps once more."""
    prepared = Counter({run: squad.witness.count("prepared", run) for run in (f"r{n}" for n in range(RUNS))})
    assert set(prepared.values()) <= {1, 2}
    assert sum(prepared.values()) <= RUNS + twice
    assert (await audit(app.store)).faults == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("fleet", ['kind = "store"\n', DBOS], ids=["store", "dbos"])
async def test_what_a_process_drove_that_goes_is_driven_by_the_others(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, fleet: str, how: signal.Signals
) -> None:
    async with squad_of(tmp_path, postgres, monkeypatch, fleet) as (squad, app):
        first = squad.begin()
        handles = await started(app)
        await seen(squad, "in", times=2)
        squad.begin()
        os.kill(first.pid, how)
        assert await values(handles) == list(range(RUNS))
        await assert_done_once(squad, app, twice=RUNS if how is signal.SIGKILL else 0)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("bounds", ["concurrency = 3", "tenant_concurrency = 3"])
async def test_a_bound_on_runs_at_once_holds_for_all_processes_also_when_one_is_lost(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, bounds: str, how: signal.Signals
) -> None:
    async with squad_of(tmp_path, postgres, monkeypatch, f"{DBOS}[podium.fleet.queues.default]\n{bounds}\n") as (
        squad,
        app,
    ):
        first = squad.begin()
        squad.begin()
        handles = await started(app)
        await seen(squad, "in", times=4)
        os.kill(first.pid, how)
        assert await values(handles) == list(range(RUNS))
        assert squad.most_at_once(but=first.pid) <= 3
        assert squad.most_at_once() <= 3 + 3  # those of the lost process are never seen to leave
        await assert_done_once(squad, app, twice=3)


async def test_nothing_is_left_with_dead_processes(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with squad_of(tmp_path, postgres, monkeypatch, DBOS) as (squad, app):
        first = squad.begin()
        handles = await started(app)
        await seen(squad, "in", times=2)
        os.kill(first.pid, signal.SIGKILL)
        squad.begin()
        await values(handles)
        looked: Mapping[str, str] = dict(part.split("=", 1) for part in squad.address.split("?")[1].split("&"))
        url = squad.address.replace("postgresql:", "postgresql+psycopg:").split("&schema=")[0]
        placements = Placements(url, f"{looked['schema']}_dbos", DbosOptions(), slots=1)
        while placements.executors():  # those of the dead are resumed, and end
            await asyncio.sleep(0.05)
        placements.close()


async def test_a_schedule_starts_one_run_for_each_time_however_many_processes_there_are(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_second = '[podium.fleet.schedules.rounds]\ncron = "* * * * * *"\nworkflow = "job"\ninput = 7\n'
    async with squad_of(tmp_path, postgres, monkeypatch, DBOS + every_second) as (squad, app):
        first = squad.begin()
        squad.begin()
        await ended(squad, runs=4)
        os.kill(first.pid, signal.SIGKILL)
        await ended(squad, runs=len(squad.runs_that_left()) + 4)
        for each in squad.processes[1:]:
            os.kill(each.pid, signal.SIGTERM)
            each.wait(PATIENCE)
        runs = (await app.runs.list()).items
        times = [run.id.removeprefix("rounds@") for run in runs]
        assert sorted(times) == sorted(set(times))
        done = Counter(line.split()[1] for line in squad.witness.lines() if line.startswith("prepared"))
        assert set(done) <= {run.id for run in runs}
        assert max(done.values()) <= 2  # those in which a process was killed: on a slow machine more than one
        assert len(done) >= 8
