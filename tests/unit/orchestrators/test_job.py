"""A job of another system is started once, waited for on disk, and stopped with whoever wanted it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, Retry, workflow
from podium.errors import AgentError, Refusal, RunCancelled, RunFailed, TransportFailed, UsageError
from podium.model.json import Json
from podium.orchestrators.job import JobAgent, JobValue, job
from podium.testing import DrivenClock


class Elsewhere:
    """Another system, in memory: what was asked of it, and how its jobs stand."""

    what = "job of a test"

    def __init__(self) -> None:
        self.jobs: dict[str, Json] = {}
        self.asked: list[str] = []
        self.ends: JobValue | AgentError | None = None
        self.broken: Callable[[str], None] = lambda _: None

    async def start(self, job: str, input: Json) -> str:
        self._ask("start")
        self.jobs.setdefault(job, input)
        self.broken("started")
        return job

    async def find(self, job: str) -> str | None:
        self._ask("find")
        return job if job in self.jobs else None

    async def look(self, reference: str) -> JobValue | None:
        self._ask("look")
        if isinstance(self.ends, AgentError):
            raise self.ends
        return self.ends

    async def cancel(self, reference: str) -> None:
        self._ask("cancel")
        self.ends = Refusal("it was cancelled")

    async def aclose(self) -> None:
        self._ask("close")

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.broken(what)


def agent_of(system: Elsewhere, **options: Any) -> JobAgent[Json, Any]:
    return job("etl", system, input=Json, output=Any, **options)


async def test_it_is_started_once_under_the_id_of_its_call_and_gives_its_value(tmp_path: Path) -> None:
    system = Elsewhere()
    system.ends = JobValue(value={"rows": 3})
    etl = agent_of(system)

    @workflow
    async def night(ctx: Context) -> list[Json]:
        return [await ctx.call(etl, {"day": day}) for day in ("monday", "tuesday")]

    async with App.open(tmp_path / "podium.db", agents=[night], clock=DrivenClock()) as app:
        assert await app.run(night, id="r") == [{"rows": 3}] * 2
    assert system.jobs == {"podium:r:0.0": {"day": "monday"}, "podium:r:1.0": {"day": "tuesday"}}


async def test_it_waits_on_disk_and_looks_more_seldom_the_longer_it_takes(tmp_path: Path) -> None:
    system, clock = Elsewhere(), DrivenClock()
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock) as app:
        handle = await app.start(etl, None)
        await clock.settle()
        assert (await handle.status()).state == "parked"
        for seconds, looks in ((10, 11), (100, 36), (3_600, 106)):
            await clock.advance(seconds)
            assert system.asked.count("look") == pytest.approx(looks, abs=3)
        system.ends = JobValue(value="done")
        await clock.advance(60)
        assert await handle.result() == "done"
    assert system.asked.count("start") == 1


async def test_an_answer_that_is_lost_when_it_is_started_starts_nothing_twice(tmp_path: Path) -> None:
    system, clock, lost = Elsewhere(), DrivenClock(), ["started", "start"]
    system.ends = JobValue(value=1)

    def broken(what: str) -> None:
        if lost and what == lost[0]:
            del lost[0]
            raise TransportFailed("the connection broke")

    system.broken = broken
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock) as app:
        handle = await app.start(etl, None)
        await clock.advance(30)
        assert await handle.result() == 1
        assert (await app.inbox.list()).items == ()
    assert (len(system.jobs), lost) == (1, [])


async def test_a_system_that_is_away_is_asked_again(tmp_path: Path) -> None:
    system, clock, away = Elsewhere(), DrivenClock(), True

    def broken(what: str) -> None:
        if what == "look" and away:
            raise TransportFailed("nobody answers")

    system.broken = broken
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock) as app:
        handle = await app.start(etl, None)
        await clock.advance(600)
        away, system.ends = False, JobValue(value="at last")
        await clock.advance(120)
        assert await handle.result() == "at last"


async def test_what_fails_there_fails_here_in_its_own_words_and_a_retry_looks_again(tmp_path: Path) -> None:
    system, clock = Elsewhere(), DrivenClock()
    system.ends = AgentError("task load failed: no such table")
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock) as app:
        handle = await app.start(etl, None)
        with pytest.raises(RunFailed, match="task load failed: no such table"):
            await handle.result()
        assert system.asked == ["start", "look"]
        system.ends = JobValue(value="somebody repaired it there")
        await app.operations.retry(handle.id)
        assert await handle.result() == "somebody repaired it there"
    assert system.asked == ["start", "look", "look"]


@pytest.mark.parametrize("ends", ["cancel", "time"])
async def test_whoever_wants_it_no_more_stops_it(tmp_path: Path, ends: str) -> None:
    system, clock = Elsewhere(), DrivenClock()
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock) as app:
        handle = await app.start(etl, None, within=None if ends == "cancel" else 20)
        await clock.settle()
        if ends == "cancel":
            await handle.cancel()
        await clock.advance(30)
        with pytest.raises(RunCancelled if ends == "cancel" else RunFailed):
            await handle.result()
    assert system.asked.count("cancel") == 1
    assert system.asked[-1] == "cancel"


async def test_a_run_that_is_taken_up_again_asks_only_how_the_job_stands(tmp_path: Path) -> None:
    system, clock = Elsewhere(), DrivenClock()
    async with App.open(tmp_path / "podium.db", agents=[etl := agent_of(system)], clock=clock, grace=0) as app:
        await app.start(etl, None, id="r")
        await clock.settle()
    system.asked.clear()
    system.ends = JobValue(value=2)
    async with App.open(tmp_path / "podium.db", agents=[etl], clock=clock) as app:
        await clock.advance(5)
        assert await (await app.handle("r")).result() == 2
    assert system.asked == ["look"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"poll": 0}, "poll of etl"),
        ({"poll": 10, "max_poll": 5}, "max_poll of etl is 5 s, less than its poll of 10 s"),
        ({"retry": 3}, "retry of etl"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        agent_of(Elsewhere(), **options)


def test_what_starts_it_has_an_effect_that_happens_once() -> None:
    parts = [(part.card.name, part.card.effects) for part in agent_of(Elsewhere(), retry=Retry(attempts=2)).agents()]
    assert parts == [("etl.start", "once"), ("etl.look", "idempotent"), ("etl.cancel", "idempotent")]


async def test_a_retry_of_the_call_starts_no_other_job(tmp_path: Path) -> None:
    system, clock = Elsewhere(), DrivenClock()
    system.ends = AgentError("it failed")
    etl = agent_of(system)

    @workflow
    async def night(ctx: Context) -> Any:
        return await ctx.call(etl, None, retry=Retry(attempts=3, delay=1))

    async with App.open(tmp_path / "podium.db", agents=[night], clock=clock) as app:
        handle = await app.start(night)
        await clock.advance(60)
        with pytest.raises(RunFailed, match="it failed"):
            await handle.result()
    assert len(system.jobs) == 1


async def test_it_gives_the_connections_of_its_system_back() -> None:
    system = Elsewhere()
    await agent_of(system).aclose()
    assert system.asked == ["close"]
