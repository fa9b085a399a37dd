"""A service that is killed for real: its breaker opens, others do its work, and the monitor starts it again."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, Task, agent, workflow
from podium.agents.http import http
from podium.errors import CallFailed
from podium.model.breaker import Breaker, CircuitState
from podium.model.health import Health
from podium.model.incident import Ending, MonitorSettings
from podium.model.json import Json
from podium.testing import Witness
from tests.faults.children import program
from tests.faults.services import Service

SETTINGS = MonitorSettings(every=0.1, restarts=1, max_wait=2.0)


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    service = Service(tmp_path)
    service.start()
    yield service
    service.kill()


def staff(service: Service) -> tuple[Any, Any, Any, Any]:
    primary = http(
        service.url, name="primary", input=str, output=str, capabilities={"search"}, usd=0.01,
        breaker=Breaker(min_calls=3, failures=0.6, open_for=1.0),
        health=Health(check=service.answers, every=60.0, restart=service.start),
    )  # fmt: skip

    @agent(capabilities={"search"}, usd=1.0)
    async def reserve(_: Json) -> str:
        return "from the reserve"

    @workflow
    async def routed(ctx: Context) -> str:
        return await ctx.call(Task(capability="search"), "tea")

    @workflow
    async def direct(ctx: Context) -> str:
        try:
            return await ctx.call("primary", "tea")
        except CallFailed as error:
            return error.type

    return primary, reserve, routed, direct


async def has_ended(app: App) -> bool:
    """Whether the newest incident has ended."""
    return any(each.ending for each in (await app.reports.incidents()).items[:1])


async def has_ended_or_is_tried_again(app: App) -> bool:
    """Do the same, where a machine that is busy may not have had the service up in time."""
    for question in (await app.inbox.list()).items:
        await app.inbox.answer(question.id, "try again", by="ann")
    return await has_ended(app)


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(120):
        while not await holds():
            await asyncio.sleep(0.01)


async def test_it_is_gone_round_and_restarted_and_the_incident_closes(tmp_path: Path, service: Service) -> None:
    primary, reserve, routed, direct = staff(service)
    members = [primary, reserve, routed, direct]
    async with App.open(tmp_path / "podium.db", agents=members, monitor=SETTINGS) as app:
        assert await app.run(routed) == "from the service"
        service.kill()
        assert {await app.run(direct) for _ in range(2)} == {"podium.errors.NotDone"}
        assert await app.reports.breakers() == {("primary", "1"): CircuitState.OPEN}
        assert await app.run(routed) == "from the reserve"
        await until(partial(has_ended, app))
        [incident] = await app.reports.incidents()
        assert incident.ending == Ending.RESTARTED
        assert [each.what for each in incident.actions] == ["diagnose", "restart", "verify"]
        assert "circuit breaker is open: 2 of 3 calls failed" in incident.trouble.why
        assert await app.run(routed) == "from the service"
        assert not await app.inbox.list()
    await primary.aclose()


async def test_where_it_cannot_be_restarted_a_question_is_in_the_inbox(tmp_path: Path, service: Service) -> None:
    primary, reserve, routed, direct = staff(service)
    members = [primary, reserve, routed, direct]
    async with App.open(tmp_path / "podium.db", agents=members, monitor=SETTINGS) as app:
        program, service.program = service.program, str(tmp_path / "no-such-program")
        assert await app.run(direct) == "from the service"
        service.kill()
        for _ in range(2):
            await app.run(direct)
        await until(app.inbox.list)
        assert await app.run(routed) == "from the reserve"
        [question] = await app.inbox.list()
        assert question.ask.text.startswith("primary 1 cannot work: its circuit breaker is open")
        service.program = program
        await app.inbox.answer(question.id, "try again", by="ann")
        await until(partial(has_ended_or_is_tried_again, app))
        [incident] = await app.reports.incidents()
        assert incident.ending == Ending.RESTARTED
        restarts = [each.found for each in incident.actions if each.what == "restart"]
        tried = [each["restarted"] for each in restarts]
        assert (tried[0], tried[-1]) == (False, True)
        assert restarts[0]["why"].startswith("FileNotFoundError")
    await primary.aclose()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_incident_goes_on_where_its_process_is_killed_while_it_restarts(
    tmp_path: Path, service: Service, moment: str
) -> None:
    service.kill()
    tending = program("tending.py")
    assert not tending.run(str(tmp_path), service.port, moment)
    assert tending.run(str(tmp_path), service.port, "never")
    assert service.answers()
    assert Witness(tmp_path / "witness").count("ended", Ending.RESTARTED) == 1
