"""Two and three processes drive the same runs on PostgreSQL, and whatever dies, nothing is lost or repeated."""

import asyncio
import time
from contextlib import closing
from pathlib import Path

import pytest

from podium import App, run_sync
from podium.model.json import Json
from podium.store.protocol import RunQuery
from podium.testing import Witness
from tests.faults import test_random_programs as programs
from tests.faults.crews import Crew, Judge, chance_of, disturbed, watched
from tests.faults.stores import address_in, share, store_in
from tests.postgres import PostgresServer

RUNS = 2
"""Of each of the three kinds."""


@pytest.mark.kill
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("row", range(2))
def test_whoever_is_killed_nothing_is_lost_or_repeated(
    postgres: PostgresServer, tmp_path: Path, workers: int, row: int
) -> None:
    chance = chance_of()
    share(tmp_path, postgres.address())
    crew, kills = Crew(tmp_path, workers), 0

    def kill() -> None:
        nonlocal kills
        time.sleep(chance.uniform(0.05, 0.5))
        if kills < 40:
            crew.kill(chance)
            kills += 1

    assert disturbed(crew, RUNS, chance, kill, at_least=4) == []


@pytest.mark.kill
@pytest.mark.parametrize("workers", [2, 3])
def test_whoever_stands_still_for_longer_than_a_lease_gets_nothing_in_any_more(
    postgres: PostgresServer, tmp_path: Path, workers: int
) -> None:
    chance = chance_of()
    share(tmp_path, postgres.address())
    crew, times = Crew(tmp_path, workers, lease=1.0), 0

    def freeze() -> None:
        nonlocal times
        time.sleep(chance.uniform(0.05, 0.3))
        if times < 6:
            crew.freeze(chance, 2.5)
            times += 1

    again = disturbed(crew, RUNS, chance, freeze, at_least=2)
    assert len(again) <= times, again  # a call that was about to be made by whoever stood still


PROGRAMS = 50
"""So many at a time, until enough processes were killed."""


class Bodies:
    """What of random workflows was executed, by the keys of calls and steps, and what of it is recorded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._witness = Witness(folder / "witness")
        self._recorded = set[str]()
        self._seen = 0

    def repeated(self) -> list[str]:
        """Return what was executed since the last look though it was recorded by then."""
        again = [line for line in self._witness.lines()[self._seen :] if line in self._recorded]
        with closing(store_in(self._folder)) as store:
            for run in run_sync(store.runs(RunQuery(limit=10_000))).items:
                self._recorded |= programs.bodies_of(run.id, run_sync(store.facts(run.id)))
        self._seen = len(self._witness.lines())
        return again


async def all_ended(app: App) -> None:
    """Return once no run goes on."""
    while any(not run.state.ended for run in await app.runs.list(limit=10_000)):
        await asyncio.sleep(0.05)


@pytest.mark.kill
@pytest.mark.parametrize("workers", [2, 3])
def test_random_workflows_survive_whoever_is_killed(postgres: PostgresServer, tmp_path: Path, workers: int) -> None:
    chance = chance_of()
    share(tmp_path, postgres.address())
    crew, judge = Crew(tmp_path, workers, program="interpreting.py"), Judge(Bodies(tmp_path).repeated)
    drawn: dict[str, programs.Program] = {}
    outcomes: dict[str, Json] = {}
    kills = 0

    def kill() -> None:
        nonlocal kills
        time.sleep(chance.uniform(0.05, 0.3))
        crew.kill(chance)
        kills += 1

    async def start_all(app: App) -> None:
        while kills < 4:
            fresh = {f"r{n}": programs.a_program(chance, 4) for n in range(len(drawn), len(drawn) + PROGRAMS)}
            for run, program in fresh.items():
                await app.start(programs.outer, program, id=run)
            for run in fresh:
                outcomes[run] = await programs.outcome_of(app, run)
            drawn.update(fresh)
        await all_ended(app)

    async def replayed() -> None:
        async with App.open(address_in(tmp_path), agents=programs.ALL) as app:
            await programs.must_replay(app)

    async def undisturbed(program: programs.Program) -> Json:
        async with App.open(":memory:", agents=programs.ALL, poll=0.02) as app:
            programs.apps[:] = [app]
            return await programs.outcome_of(app, (await app.start(programs.outer, program)).id)

    watched(crew, programs.ALL, judge, kill, start_all)
    assert judge.again == []
    run_sync(replayed())
    for run, program in drawn.items():
        if programs.is_certain(program):
            assert outcomes[run] == run_sync(undisturbed(program)), program
