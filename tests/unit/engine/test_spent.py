"""`ctx.spent`: what a workflow has spent so far, with all below it and nothing beside it; the same on every replay."""

from typing import Any

from podium import Context, agent, workflow
from tests.unit.engine.bench import Bench


@agent(usd=0.25)
async def pays(task: str) -> str:
    return task


@workflow
async def inner(ctx: Context, times: int) -> list[float]:
    found: list[float] = []
    for _ in range(times):
        await ctx.call(pays, "x")
        (so_far,) = await ctx.spent()
        found.append(so_far.usd)
    return found


@workflow
async def child(ctx: Context, times: int) -> None:
    for _ in range(times):
        await ctx.call(pays, "x")


@workflow
async def outer(ctx: Context, _: None = None) -> Any:
    (nothing,) = await ctx.spent()
    await ctx.call(pays, "x")
    one, two = await ctx.gather(ctx.call(inner, 1), ctx.call(inner, 3))
    (before,) = await ctx.spent()
    await (await ctx.spawn(child, 2)).result()
    (after,) = await ctx.spent()
    return [nothing.usd, one, two, before.usd, after.usd, after.tokens]


@workflow
async def spawns(ctx: Context, _: None = None) -> float:
    await ctx.call(pays, "x")
    await (await ctx.spawn(child, 2)).result()
    (so_far,) = await ctx.spent()
    return so_far.usd


@workflow
async def beside(ctx: Context, _: None = None) -> Any:
    return await ctx.gather(ctx.call(spawns, None), ctx.call(spawns, None), ctx.call(pays, "y"))


async def test_a_workflow_is_told_what_it_has_spent_with_all_below_it(bench: Bench) -> None:
    async with bench.app(outer, inner, child, pays) as app:
        assert await app.run(outer) == [0, [0.25], [0.25, 0.5, 0.75], 1.25, 1.75, 0]


async def test_child_runs_count_for_the_workflow_that_started_them_alone(bench: Bench) -> None:
    async with bench.app(beside, spawns, child, pays) as app:
        assert await app.run(beside) == [0.75, 0.75, "y"]


async def test_another_generation_begins_at_nothing(bench: Bench) -> None:
    @workflow
    async def again(ctx: Context, left: int) -> float:
        await ctx.call(pays, "x")
        if left:
            await ctx.restart(left - 1)
        (so_far,) = await ctx.spent()
        return so_far.usd

    async with bench.app(again, pays) as app:
        assert await app.run(again, 2) == 0.25


async def test_what_was_learnt_is_recorded(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context, _: None = None) -> list[float]:
        await ctx.call(pays, "x")
        (first,) = await ctx.spent()
        await ctx.sleep(60)
        await ctx.call(pays, "x")
        (second,) = await ctx.spent()
        return [first.usd, second.usd]

    run = await bench.parked(waits, None, pays)
    assert await bench.result(run, waits, pays, seconds=61) == [0.25, 0.5]
