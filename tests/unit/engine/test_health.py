"""Who cannot work gets no work, and the router knows."""

import asyncio
from typing import Any

import pytest

from podium import Context, Task, agent, workflow
from podium.errors import CallFailed
from podium.model.breaker import Breaker
from podium.model.fact import FactKind
from podium.model.health import Health
from podium.model.json import Json
from tests.unit.engine.bench import Bench


def asking(target: Any, name: str = "asks") -> Any:
    @workflow(name=name)
    async def asks(ctx: Context) -> Json:
        try:
            return await ctx.call(target, None)
        except CallFailed as error:
            return error.type

    return asks


def worker(bench: Bench, name: str, health: Health | None, **options: Any) -> Any:
    @agent(name=name, health=health, capabilities={"work"}, **options)
    async def works(_: Json) -> str:
        bench.witness.saw("asked", name)
        return name

    return works


async def test_an_agent_that_is_ill_is_not_called_and_is_again_once_it_is_well(bench: Bench) -> None:
    ill = [True]

    async def check() -> bool:
        bench.witness.saw("checked")
        return not ill[0]

    asks = asking(worker(bench, "works", Health(check=check, every=30.0)))
    async with bench.app(asks) as app:
        for _ in range(3):
            assert await app.run(asks) == "Unhealthy"
        assert bench.witness.lines() == ["checked"]
        assert await app.reports.health() == {("works", "1"): "its check says no"}
        ill[0] = False
        await bench.clock.advance(30)
        handle = await app.start(asks)
        assert await handle.result() == "works"
        [notice] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
    assert (notice["guard"], notice["state"]) == ("health", "well")
    assert bench.witness.count("asked") == 1


def raising() -> bool:
    raise ConnectionError("nobody there")


async def hanging() -> bool:
    await asyncio.Event().wait()
    return True


@pytest.mark.parametrize(
    ("check", "seconds", "why"),
    [(raising, 30.0, "ConnectionError: nobody there"), (hanging, 0.01, "its check took longer than 0.01 s")],
)
async def test_a_check_that_raises_or_hangs_says_no(bench: Bench, check: Any, seconds: float, why: str) -> None:
    asks = asking(worker(bench, "works", Health(check=check, timeout=seconds)))
    async with bench.app(asks) as app:
        assert await app.run(asks) == "Unhealthy"
        assert await app.reports.health() == {("works", "1"): why}


async def test_many_calls_at_once_make_one_check(bench: Bench) -> None:
    async def check() -> None:
        bench.witness.saw("checked")
        await asyncio.sleep(0)

    member = worker(bench, "works", Health(check=check))

    @workflow
    async def maps(ctx: Context) -> Json:
        return await ctx.map(member, [1] * 10)

    async with bench.app(maps) as app:
        assert await app.run(maps) == ["works"] * 10
    assert bench.witness.count("checked") == 1


async def test_the_router_goes_to_somebody_who_can_work(bench: Bench) -> None:
    cheap = worker(bench, "cheap", Health(check=raising, every=60.0), usd=0.01)
    dear = worker(bench, "dear", None, usd=1.0)
    asks = asking(Task(capability="work"))
    async with bench.app(asks, cheap, dear) as app:
        assert await app.run(asks) == "Unhealthy"
        handle = await app.start(asks)
        assert await handle.result() == "dear"
        [asked] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ASKED]
    assert asked["why"].endswith("1 not available")


async def test_the_router_goes_round_an_open_breaker_and_back_to_an_older_version(bench: Bench) -> None:
    @agent(name="works", version="2", capabilities={"work"}, breaker=Breaker(min_calls=1, failures=1.0))
    async def newest(_: Json) -> str:
        raise ConnectionError("away")

    older = worker(bench, "works", None)
    asks = asking(Task(capability="work"))
    async with bench.app(asks, newest, older) as app:
        assert [await app.run(asks) for _ in range(2)] == ["ConnectionError", "works"]


async def test_where_nobody_can_work_it_says_so(bench: Bench) -> None:
    asks = asking(Task(capability="work"))
    async with bench.app(asks, worker(bench, "works", Health(check=raising))) as app:
        await app.run(asks)
        handle = await app.start(asks)
        assert await handle.result() == "Unhealthy"
        [asked] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ASKED]
    assert asked["why"].endswith("none of them is available")
