"""What was spent, added up from the facts."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from podium import Budget, Context, Steps, agent, workflow
from podium.errors import RunFailed
from podium.model.cost import Cost
from podium.model.json import Json
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench


def clerk(name: str, model: str, usd: float | None) -> Any:
    async def request() -> Json:
        return usd

    def usage(value: Json) -> Usage:
        return Usage(model=model, input_tokens=10, output_tokens=5, requests=1, usd=value)

    @agent(name=name)
    async def ask(_: Json, steps: Steps) -> Json:
        return [await steps.once("model", request, usage=usage) for _ in range(2)]

    return ask


CHEAP, DEAR, FREE = clerk("cheap", "small", 0.25), clerk("dear", "large", 1.0), clerk("odd", "own", None)


@workflow
async def errand(ctx: Context, member: str) -> Json:
    return await ctx.call({"cheap": CHEAP, "dear": DEAR}[member], None)


@workflow
async def desk(ctx: Context, how: str) -> Json:
    await ctx.call(CHEAP, None)
    await (await ctx.spawn(errand, "dear")).result()
    await ctx.call(errand, "cheap")
    if how == "fails":
        raise ValueError("no")
    return how


def by_part(found: Iterable[Cost]) -> dict[str, tuple[int, int, float]]:
    return {cost.part: (cost.calls, cost.requests, cost.usd) for cost in found}


async def test_costs_are_added_up_by_whatever_one_asks_for(bench: Bench) -> None:
    async with bench.app(desk, errand) as app:
        one = await app.start(desk, "works", tenant="acme")
        await one.result()
        await bench.clock.advance(86_400)
        await app.run(errand, "cheap")
        assert by_part(await app.reports.costs(by="agent")) == {
            "dear": (1, 2, 2.0), "cheap": (3, 6, 1.5), "errand": (1, 0, 0.0)
        }  # fmt: skip
        assert by_part(await app.reports.costs(by="model"))["large"] == (1, 2, 2.0)
        assert by_part(await app.reports.costs(by="tenant")) == {"acme": (4, 6, 3.0), "default": (1, 2, 0.5)}
        assert [cost.usd for cost in await app.reports.costs(by="day")] == [3.0, 0.5]
        assert [cost.usd for cost in await app.reports.costs(by="day", since=bench.clock.now())] == [0.5]
        assert by_part(await app.reports.costs(by="workflow")) == {"desk": (4, 6, 3.0), "errand": (1, 2, 0.5)}
        assert by_part(await app.reports.costs(by="run"))[one.id] == (4, 6, 3.0)
        assert by_part(await app.reports.costs(by="agent", run=one.id))["cheap"] == (2, 4, 1.0)


async def test_what_failed_runs_cost_is_borne_by_those_that_were_done(bench: Bench) -> None:
    async with bench.app(desk, errand) as app:
        await app.run(desk, "works")
        with pytest.raises(RunFailed):
            await app.run(desk, "fails")
        [cost] = [each for each in await app.reports.costs(by="workflow") if each.part == "desk"]
    assert (cost.runs, cost.done, cost.usd_per_done) == (2, 1, 6.0)


async def test_a_fork_does_not_pay_again_for_what_it_shares(bench: Bench) -> None:
    async with bench.app(desk, errand) as app:
        handle = await app.start(desk, "works")
        await handle.result()
        before = sum(cost.usd for cost in await app.reports.costs(by="run"))
        fork = await app.operations.fork(handle.id, "3")
        await fork.result()
        costs = by_part(await app.reports.costs(by="run"))
    assert costs[fork.id][2] == 0.5
    assert sum(usd for _, _, usd in costs.values()) == before + 0.5


async def test_a_price_that_is_not_known_is_said(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> Json:
        return await ctx.call(FREE, None)

    async with bench.app(asks) as app:
        await app.run(asks)
        [cost] = await app.reports.costs(by="model")
    assert (cost.part, cost.usd, cost.unpriced) == ("own", 0.0, 2)


async def test_what_a_dead_process_had_set_aside_is_in_doubt(bench: Bench) -> None:
    begun = asyncio.Event()

    @agent(usd=0.25)
    async def hangs(_: Json) -> str:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        return "done"

    @workflow
    async def asks(ctx: Context) -> Json:
        return await ctx.call(hangs, 1)

    async with bench.app(asks) as app:
        handle = await app.start(asks, budget=Budget(usd=1.0))
        await begun.wait()
    async with bench.app(asks) as app:
        await (await app.handle(handle.id)).result()
        [cost] = await app.reports.costs(by="agent")
    assert (cost.part, cost.in_doubt) == ("hangs", 0.25)
