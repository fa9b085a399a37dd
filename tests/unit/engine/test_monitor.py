"""The monitor: what it sees, what it does about it, and whom it asks."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, RunState, Task, agent, workflow
from podium.config import load_config
from podium.errors import CallFailed, ConfigError, TransportFailed
from podium.model.breaker import Breaker
from podium.model.health import Health
from podium.model.incident import Ending, Incident, MonitorSettings
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

SETTINGS = MonitorSettings(every=10.0, restarts=2, max_wait=60.0, burst=3)


class Service:
    """Something outside that an agent needs, and that may break."""

    def __init__(self, bench: Bench, *, mends: bool = True) -> None:
        self.up = True
        self.mends = mends
        self._witness = bench.witness

    async def check(self) -> bool:
        return self.up

    async def restart(self) -> None:
        self._witness.saw("restarted")
        self.up = self.mends

    def agent(self, name: str = "search", version: str = "1", *, restart: bool = True, **options: Any) -> Any:
        health = Health(check=self.check, every=10.0, restart=self.restart if restart else None)

        @agent(name=name, version=version, capabilities={"search"}, health=health, **options)
        async def search(_: Json) -> str:
            self._witness.saw("asked", version)
            if not self.up:
                raise TransportFailed("away")
            return f"{name} {version}"

        return search


def asking(target: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> Json:
        try:
            return await ctx.call(target, None)
        except CallFailed as error:
            return error.type

    return asks


async def are(app: App, count: int, of_newest: Callable[[Incident], object] = lambda _: True) -> bool:
    """Whether there are so many incidents, and a condition holds for the newest."""
    found = await app.reports.incidents()
    return len(found) == count and bool(of_newest(found[0]))


async def is_blocked(app: App, run: str) -> bool:
    """Whether a run is blocked."""
    return (await (await app.handle(run)).status()).state is RunState.BLOCKED


async def only(bench: Bench, app: App, condition: Callable[[Incident], object]) -> Incident:
    """Return the only incident, once a condition holds for it."""

    async def holds() -> bool:
        found = await app.reports.incidents()
        return len(found) == 1 and bool(condition(found[0]))

    await bench.clock.until(holds)
    return (await app.reports.incidents())[0]


def did(incident: Incident) -> list[str]:
    return [action.what for action in incident.actions]


async def test_an_ill_agent_is_restarted_and_the_incident_says_so(bench: Bench) -> None:
    service = Service(bench)
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        await bench.clock.advance(10)
        assert not await app.reports.incidents()
        service.up = False
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RESTARTED
    assert (incident.trouble.subject, incident.trouble.why) == ("search", "its check says no")
    assert did(incident) == ["diagnose", "restart", "verify"]
    assert bench.witness.count("restarted") == 1


async def test_where_restarting_does_not_help_a_person_is_asked_and_may_have_it_tried_again(bench: Bench) -> None:
    service = Service(bench, mends=False)
    service.up = False
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "verify" in did(each))
        await bench.clock.advance(60)
        await only(bench, app, lambda each: did(each).count("verify") == 2)
        await bench.clock.advance(120)
        asking = await only(bench, app, lambda each: each.question)
        assert bench.witness.count("restarted") == 2
        assert asking.question is not None
        [question] = await app.inbox.list()
        assert question.ask.to == "operators"
        assert question.ask.text.startswith("search 1 cannot work: its check says no.")
        service.mends = True
        await app.inbox.answer(asking.question, "try again", by="ann")
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RESTARTED
    assert bench.witness.count("restarted") == 3
    assert did(incident)[-4:] == ["replace", "ask operators", "restart", "verify"]


async def test_a_question_is_withdrawn_once_the_agent_is_well_again_by_itself(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    async with bench.app(service.agent(restart=False), monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "restart" in did(each))
        await bench.clock.advance(60)
        await only(bench, app, lambda each: each.question)
        service.up = True
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
        assert not await app.inbox.list()
    assert incident.ending == Ending.RECOVERED


async def test_whom_a_person_said_to_leave_gets_no_other_incident_until_it_was_well(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    async with bench.app(service.agent(restart=False), monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "restart" in did(each))
        await bench.clock.advance(60)
        asking = await only(bench, app, lambda each: each.question)
        assert asking.question is not None
        await app.inbox.answer(asking.question, "leave it", by="ann")
        await bench.clock.advance(100)
        assert [each.ending for each in await app.reports.incidents()] == [Ending.LEFT]
        service.up = True
        await bench.clock.advance(10)
        service.up = False
        await bench.clock.advance(10)
        await bench.clock.until(partial(are, app, 2))


async def test_calls_by_name_go_to_an_older_version_while_the_newest_is_ill(bench: Bench) -> None:
    old, new = Service(bench), Service(bench, mends=False)
    new.up = False
    asks = asking("search")
    agents = old.agent(version="1"), new.agent(version="2", restart=False), asks
    async with bench.app(*agents, monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "restart" in did(each))
        handle = await app.start(asks)
        assert await handle.result() == "search 1"
        assert (await handle.facts())[1].body["why"] == "stands in for version 2, which is not available"
        await bench.clock.advance(60)
        incident = await only(bench, app, lambda each: each.ending)
        assert incident.ending == Ending.REPLACED
        new.up = True
        await bench.clock.advance(10)
        assert await app.run(asks) == "search 2"


async def test_without_a_monitor_calls_by_name_go_to_the_newest_version(bench: Bench) -> None:
    old, new = Service(bench), Service(bench)
    new.up = False
    asks = asking("search")
    async with bench.app(old.agent(version="1"), new.agent(version="2"), asks) as app:
        assert [await app.run(asks) for _ in range(2)] == ["Unhealthy", "Unhealthy"]
        assert not await app.reports.incidents()


async def test_an_open_breaker_is_an_incident_that_closes_when_a_probe_succeeds(bench: Bench) -> None:
    down = [True]

    @agent(breaker=Breaker(min_calls=2, failures=1.0, open_for=30.0))
    async def quotes(_: Json) -> str:
        if down[0]:
            raise TransportFailed("away")
        return "here"

    asks = asking(quotes)
    async with bench.app(asks, monitor=SETTINGS) as app:
        for _ in range(2):
            await app.run(asks)
        incident = await only(bench, app, lambda each: "restart" in did(each))
        [diagnosed] = [action.found for action in incident.actions if action.what == "diagnose"]
        assert [each["error"] for each in diagnosed["failures"]] == ["podium.errors.TransportFailed: away"] * 2
        assert (diagnosed["calls"], diagnosed["failed"]) == (2, 2)
        down[0] = False
        await bench.clock.advance(40)
        assert (await app.reports.incidents())[0].ending == ""
        assert await app.run(asks) == "here"
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RECOVERED


async def test_an_agent_that_keeps_breaking_is_restarted_a_few_times_an_hour_and_then_somebody_is_asked(
    bench: Bench,
) -> None:
    service = Service(bench)
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        for n in range(1, 4):
            service.up = False
            await bench.clock.advance(10)
            await bench.clock.until(partial(are, app, n, lambda newest: did(newest)[1:]))
        await bench.clock.advance(60)
        await bench.clock.until(partial(are, app, 3, lambda newest: newest.question))
        assert [each.ending for each in await app.reports.incidents()] == ["", Ending.RESTARTED, Ending.RESTARTED]
    assert bench.witness.count("restarted") == 2


async def test_a_restart_that_raises_is_told_and_does_not_end_the_incident(bench: Bench) -> None:
    def restart() -> None:
        raise OSError("no such program")

    def check() -> bool:
        return False

    @agent(health=Health(check=check, restart=restart))
    async def search(_: Json) -> str:
        return "never"

    async with bench.app(search, monitor=SETTINGS) as app:
        incident = await only(bench, app, lambda each: "verify" in did(each))
    [restarted] = [action.found for action in incident.actions if action.what == "restart"]
    assert restarted == {"possible": True, "restarted": False, "why": "OSError: no such program"}


async def test_an_incident_goes_on_after_the_process_ended_and_closes_when_the_next_one_finds_the_agent_well(
    bench: Bench,
) -> None:
    service = Service(bench)
    service.up = False
    async with bench.app(service.agent(restart=False), monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "restart" in did(each))
    service.up = True
    async with bench.app(service.agent(restart=False), monitor=SETTINGS) as app:
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RECOVERED


async def test_many_failed_runs_are_one_incident_and_can_be_requeued_together(bench: Bench) -> None:
    broken = [True]

    @workflow
    async def imports(ctx: Context) -> str:
        if broken[0]:
            raise ValueError("the file is cut")
        return "imported"

    async with bench.app(imports, monitor=SETTINGS) as app:
        handles = [await app.start(imports) for _ in range(4)]
        await bench.clock.advance(10)
        asking = await only(bench, app, lambda each: each.question)
        assert asking.trouble.why == "4 runs failed within 60 s"
        [diagnosed] = [action.found for action in asking.actions if action.what == "diagnose"]
        assert diagnosed["reasons"] == {"ValueError: the file is cut": 4}
        broken[0] = False
        assert asking.question is not None
        await app.inbox.answer(asking.question, "requeue", by="ann")
        incident = await only(bench, app, lambda each: each.ending)
        assert [await each.result() for each in handles] == ["imported"] * 4
        await bench.clock.advance(30)
        assert len(await app.reports.incidents()) == 1
    assert incident.ending == Ending.REQUEUED


async def test_failed_runs_that_somebody_said_to_leave_are_not_asked_about_again(bench: Bench) -> None:
    @workflow
    async def imports(_: Context) -> str:
        raise ValueError("the file is cut")

    async with bench.app(imports, monitor=SETTINGS) as app:
        for _ in range(4):
            await app.start(imports)
        await bench.clock.advance(10)
        asking = await only(bench, app, lambda each: each.question)
        assert asking.question is not None
        await app.inbox.answer(asking.question, "leave it", by="ann")
        await bench.clock.advance(30)
        assert [each.ending for each in await app.reports.incidents()] == [Ending.LEFT]


async def test_what_is_still_in_trouble_after_its_incident_was_told_to_be_over_gets_another(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    async with bench.app(service.agent(restart=False), monitor=SETTINGS) as app:
        incident = await only(bench, app, lambda each: "restart" in did(each))
        await (await app.handle(incident.run)).signal("well", "well")
        await only(bench, app, lambda each: each.ending)
        await bench.clock.advance(10)
        await bench.clock.until(partial(are, app, 2, lambda newest: not newest.ending))
        assert [each.ending for each in await app.reports.incidents()] == ["", Ending.RECOVERED]


async def test_warnings_of_the_log_before_it_stand_in_the_incident(bench: Bench) -> None:
    service = Service(bench)
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        logging.getLogger("a.library").warning("connection to %s lost", "index")
        service.up = False
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
    assert "WARNING a.library: connection to index lost" in incident.actions[0].found["log"]


async def test_the_router_goes_round_an_ill_agent_without_waiting_for_a_call_to_find_out(bench: Bench) -> None:
    ill, other = Service(bench, mends=False), Service(bench)
    ill.up = False
    asks = asking(Task(capability="search"))
    cheap, dear = ill.agent("cheap", restart=False, usd=0.01), other.agent("dear", usd=1.0)
    async with bench.app(asks, cheap, dear, monitor=replace(SETTINGS, every=30.0)) as app:

        async def is_ill() -> object:
            return (await app.reports.health()).get(("cheap", "1"))

        await bench.clock.until(is_ill)
        await bench.clock.advance(15)
        assert await app.run(asks) == "dear 1"


@pytest.mark.parametrize("wrong", [{"every": 0}, {"restarts": -1}, {"evry": 1}])
async def test_a_wrong_setting_is_refused_with_its_name(bench: Bench, wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        async with bench.app(monitor=wrong):
            pass


async def test_a_worker_that_was_declared_dead_is_an_incident_of_its_own(bench: Bench) -> None:
    with closing(SqliteStore(str(bench.path))) as store:
        store.workers.join("w_gone", bench.clock.now())
        store.workers.reap("w_other", store.workers.beats("w_other"))
    await bench.clock.advance(100)
    async with bench.app(monitor=SETTINGS) as app:
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.TAKEN_OVER
    assert incident.trouble.why.startswith("worker w_gone on ")
    async with bench.app(monitor=SETTINGS) as app:
        await bench.clock.advance(20)
        assert len(await app.reports.incidents()) == 1


@workflow
async def waits(ctx: Context) -> str:
    return await ctx.signal("go", str)


async def quarantined(bench: Bench) -> str:
    run = await bench.parked(waits)
    with closing(sqlite3.connect(bench.path)) as connection, connection:
        connection.execute("UPDATE runs SET strikes = 5, state = 'ready' WHERE id = ?", (run,))
    return run


async def test_somebody_is_asked_about_a_quarantined_run_and_may_have_it_tried_again(bench: Bench) -> None:
    run = await quarantined(bench)
    async with bench.app(waits, monitor=SETTINGS) as app:
        await bench.clock.until(partial(is_blocked, app, run))
        await bench.clock.advance(10)
        asking = await only(bench, app, lambda each: each.question)
        assert asking.trouble.subject == run
        assert asking.question is not None
        await app.inbox.answer(asking.question, "requeue", by="ann")
        incident = await only(bench, app, lambda each: each.ending)
        assert incident.ending == Ending.REQUEUED
        await (await app.handle(run)).signal("go", "on")
        assert await (await app.handle(run)).result() == "on"


async def test_a_question_about_a_quarantined_run_is_withdrawn_once_somebody_saw_to_it(bench: Bench) -> None:
    run = await quarantined(bench)
    async with bench.app(waits, monitor=SETTINGS) as app:
        await bench.clock.until(partial(is_blocked, app, run))
        await bench.clock.advance(10)
        await only(bench, app, lambda each: each.question)
        await app.operations.discard(run, by="ann", why="it was a test")
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
        assert not await app.inbox.list()
    assert incident.ending == Ending.RECOVERED


async def test_another_process_does_not_close_an_incident_of_an_agent_that_is_well_only_there(bench: Bench) -> None:
    here, there = Service(bench), Service(bench)
    here.up = False
    async with bench.app(here.agent(restart=False), monitor=SETTINGS) as app:
        await only(bench, app, lambda each: "restart" in did(each))
        async with bench.app(there.agent(restart=False), monitor=SETTINGS) as other:
            await bench.clock.advance(30)
            assert [each.ending for each in await other.reports.incidents()] == [""]
        here.up = True
        await bench.clock.advance(10)
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RECOVERED


async def test_two_processes_that_see_the_same_have_one_incident(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    async with (
        bench.app(service.agent(restart=False), monitor=SETTINGS) as app,
        bench.app(service.agent(restart=False), monitor=SETTINGS) as other,
    ):
        await only(bench, app, lambda each: "restart" in did(each))
        await bench.clock.advance(30)
        assert len(await other.reports.incidents()) == 1


def fails(_: float) -> list[tuple[str, float]]:
    raise ZeroDivisionError


async def test_a_look_that_fails_is_not_the_last(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(bench)
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        with monkeypatch.context() as broken:
            broken.setattr(app.store, "failed_since", fails)
            await bench.clock.advance(10)
        service.up = False
        await bench.clock.advance(20)
        incident = await only(bench, app, lambda each: each.ending)
    assert incident.ending == Ending.RESTARTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[podium]\nmonitor = true", True),
        ("[podium.monitor]\nevery = 5\nto = 'ops'", MonitorSettings(every=5.0, to="ops")),
        ("[podium]\nslots = 5", False),
    ],
)
def test_it_is_set_in_the_file(tmp_path: Path, text: str, *, expected: MonitorSettings | bool) -> None:
    (tmp_path / "podium.toml").write_text(text)
    assert load_config(tmp_path, environment={}).monitor == expected
