"""Monitors of several processes on one store: one of them leads, and another goes on where it ended."""

import json
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest

from podium import App, Context, workflow
from podium.errors import StoreUnavailable
from podium.model.incident import Ending
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_monitor import SETTINGS, Service, did, is_blocked, only, quarantined, waits


async def leader(app: App) -> str:
    """Return the name of the worker whose monitor leads."""
    assert app.store.states is not None
    return json.loads(await app.store.states.get("monitor"))[0]


async def monitored(bench: Bench, stack: AsyncExitStack, *agents: Any, count: int = 3) -> list[App]:
    """Open so many apps, one after the other, each with a monitor that has looked."""
    apps: list[App] = []
    for _ in range(count):
        apps.append(await stack.enter_async_context(bench.app(*agents, monitor=SETTINGS)))
        await bench.clock.settle()
    return apps


def counted(app: App, monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """Return a list that grows with each question of that name that an app asks its store."""
    asked, own = list[int](), getattr(app.store, name)

    async def ask(*given: Any, **named: Any) -> Any:
        asked.append(1)
        return await own(*given, **named)

    monkeypatch.setattr(app.store, name, ask)
    return asked


async def test_of_three_processes_one_looks_at_the_runs_of_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        apps = await monitored(bench, stack)
        asked = [counted(app, monkeypatch, "failed_since") for app in apps]
        await bench.clock.advance(30)
        assert [len(each) for each in asked] == [3, 0, 0]
        assert [await leader(app) for app in apps] == [apps[0].worker.id] * 3


async def test_another_leads_once_the_one_that_led_has_gone(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        await monitored(bench, first, count=1)
        apps = await monitored(bench, stack, count=2)
        await first.aclose()
        await bench.clock.advance(10)
        assert await leader(apps[0]) in {each.worker.id for each in apps}


async def test_another_leads_once_the_one_that_led_was_declared_dead(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        apps = await monitored(bench, stack, count=2)
        dead, workers = apps[0].worker.id, apps[1].store.workers
        workers.reap(apps[1].worker.id, {name: beat for name, beat in workers.beats("").items() if name == dead})
        await bench.clock.advance(10)

        async def is_followed() -> bool:
            return await leader(apps[1]) != dead

        await bench.clock.until(is_followed)


async def test_what_a_person_said_to_leave_is_not_asked_about_by_whoever_leads_next(bench: Bench) -> None:
    run = await quarantined(bench)
    async with bench.app(waits, monitor=SETTINGS) as app:
        await bench.clock.until(partial(is_blocked, app, run))
        await bench.clock.advance(10)
        asking = await only(bench, app, lambda each: each.question)
        assert asking.question is not None
        await app.inbox.answer(asking.question, "leave it", by="ann")
        await only(bench, app, lambda each: each.ending)
    async with bench.app(waits, monitor=SETTINGS) as app:
        await bench.clock.advance(30)
        assert [each.ending for each in await app.reports.incidents()] == [Ending.LEFT]


async def test_failed_runs_have_one_incident_whoever_leads(bench: Bench) -> None:
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
        await only(bench, app, lambda each: each.ending)
        await bench.clock.advance(10)
    async with bench.app(imports, monitor=SETTINGS) as app:
        await bench.clock.advance(30)
        assert [each.ending for each in await app.reports.incidents()] == [Ending.LEFT]


async def test_an_agent_that_somebody_said_to_leave_is_left_by_all_until_it_was_well(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    async with AsyncExitStack() as stack:
        apps = await monitored(bench, stack, service.agent(restart=False))
        await only(bench, apps[0], lambda each: "restart" in did(each))
        await bench.clock.advance(60)
        asking = await only(bench, apps[0], lambda each: each.question)
        assert asking.question is not None
        await apps[0].inbox.answer(asking.question, "leave it", by="ann")
        await bench.clock.advance(60)
        assert [each.ending for each in await apps[2].reports.incidents()] == [Ending.LEFT]
        service.up = True
        await bench.clock.advance(20)
        service.up = False
        await bench.clock.advance(20)
        await bench.clock.until(partial(_are, apps[1], 2))
        assert [each.ending for each in await apps[1].reports.incidents()] == ["", Ending.LEFT]


async def _are(app: App, count: int) -> bool:
    return len(await app.reports.incidents()) == count


async def test_an_agent_is_watched_by_whoever_has_it_not_by_whoever_leads(bench: Bench) -> None:
    service = Service(bench)
    async with bench.app(monitor=SETTINGS) as leads, bench.app(service.agent(), monitor=SETTINGS):
        await bench.clock.advance(10)
        service.up = False
        await bench.clock.advance(20)
        incident = await only(bench, leads, lambda each: each.ending)
        assert incident.ending == Ending.RESTARTED
        assert bench.witness.count("restarted") == 1


async def test_processes_with_monitors_make_one_check_for_all_of_them(bench: Bench) -> None:
    checks: list[int] = []
    service = Service(bench)
    check = service.check

    async def checked() -> bool:
        checks.append(1)
        return await check()

    service.check = checked
    async with AsyncExitStack() as stack:
        await monitored(bench, stack, service.agent())
        await bench.clock.advance(100)
    assert len(checks) in range(10, 13)


@pytest.mark.parametrize("minutes", [1, 70])
async def test_how_often_an_agent_was_restarted_is_known_to_whoever_restarts_it_next(
    bench: Bench, minutes: float
) -> None:
    service = Service(bench, mends=False)
    service.up = False
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        await bench.clock.advance(60)
        await only(bench, app, lambda each: did(each).count("verify") == 2)
    bench.jump(60.0 * minutes)
    async with bench.app(service.agent(), monitor=SETTINGS) as app:
        assert app._monitor is not None  # pyright: ignore[reportPrivateUsage] - what an incident calls
        said: Json = await app._monitor.restart("search", "1", anew=False)  # pyright: ignore[reportPrivateUsage]
        assert said["possible"] == (minutes > 60)


async def test_where_it_is_not_known_how_often_it_was_restarted_it_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(str(bench.path))

    async def broken(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    service = Service(bench)
    async with bench.app(service.agent(), store=store, monitor=SETTINGS) as app:
        monkeypatch.setattr(store.states, "get", broken)
        assert app._monitor is not None  # pyright: ignore[reportPrivateUsage] - what an incident calls
        said: Json = await app._monitor.restart("search", "1", anew=False)  # pyright: ignore[reportPrivateUsage]
        monkeypatch.undo()
    assert (said["possible"], said["why"]) == (False, "how often it was restarted is not known: the disk is full")
    assert bench.witness.count("restarted") == 0


async def test_where_no_other_process_can_open_the_store_its_own_monitor_leads(bench: Bench) -> None:
    @workflow
    async def imports(_: Context) -> str:
        raise ValueError("the file is cut")

    async with App.open(":memory:", agents=[imports], clock=bench.clock, monitor=SETTINGS) as app:
        for _ in range(4):
            await app.start(imports)
        await bench.clock.advance(20)
        await only(bench, app, lambda each: each.question)
