"""A fork after a join in which a branch started a child run, and lost, makes the same choice, and comes to its end."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import Context, RunState, agent, workflow
from podium.errors import CallError
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@agent
async def broken(value: Json = None) -> Json:
    raise LookupError("it is broken")


@workflow
async def child(ctx: Context, n: int) -> int:
    return n + await ctx.signal("go", int)


async def spawns(ctx: Context, n: int = 10) -> Json:
    started = await ctx.spawn(child, n)
    return await started.result()


async def spawns_late(ctx: Context) -> Json:
    await ctx.call(echo, "first something else")
    return await spawns(ctx)


async def quick(ctx: Context) -> Json:
    await ctx.call(echo, 1)
    return await ctx.call(echo, 2)


async def fails(ctx: Context) -> Json:
    await ctx.call(echo, 1)
    return await ctx.call(broken)


Branch = Callable[[Context], Awaitable[Json]]


async def race(ctx: Context, loser: Branch) -> Json:
    return await ctx.race(ctx.branch(loser), ctx.branch(quick))


async def race_of_calls(ctx: Context, loser: Branch) -> Json:
    return await ctx.race(ctx.branch(loser), ctx.call(echo, 1))


async def gather(ctx: Context, loser: Branch) -> Json:
    try:
        return [*await ctx.gather(ctx.branch(loser), ctx.branch(fails))]
    except CallError:
        return "one failed"


async def quorum(ctx: Context, loser: Branch) -> Json:
    found = await ctx.gather(ctx.branch(loser), ctx.branch(quick), ctx.branch(quick), quorum=2)
    return [each for each in found if isinstance(each, int)]


@workflow
async def part(ctx: Context, n: int) -> Json:
    return await [spawns, spawns_late, fails][n](ctx)


async def mapped(ctx: Context, loser: Branch) -> Json:
    try:
        return [*await ctx.map(part, [int(loser is spawns_late), 2])]
    except CallError:
        return "one failed"


async def select(ctx: Context, loser: Branch) -> Json:
    async with ctx.select(ctx.branch(loser), ctx.branch(quick)) as ended:
        async for each in ended:
            return each.value()
    return None


async def nested(ctx: Context, loser: Branch) -> Json:
    async def inner(ctx: Context) -> Json:
        return await race(ctx, loser)

    return await ctx.race(ctx.branch(inner), ctx.branch(loser))


JOINS = [race, race_of_calls, gather, quorum, mapped, select, nested]


@pytest.mark.parametrize("join", JOINS, ids=lambda join: join.__name__)
@pytest.mark.parametrize("loser", [spawns, spawns_late], ids=lambda loser: loser.__name__)
@pytest.mark.parametrize("crash", [False, True])
async def test_it_comes_to_its_end_wherever_it_is_cut(bench: Bench, join: Any, loser: Branch, *, crash: bool) -> None:
    @workflow(name="flow")
    async def flow(ctx: Context) -> Json:
        await ctx.call(echo, "before")
        found = await join(ctx, loser)
        return [found, await ctx.call(echo, "after")]

    async with bench.app(flow, part, child, echo, broken) as app:
        handle = await app.start(flow, id="r")
        await bench.clock.settle()
        expected = await handle.result()
        cuts = dict.fromkeys(fact.key for fact in await handle.facts() if fact.kind is FactKind.ASKED)
    forks = list[str]()
    async with bench.app(flow, part, child, echo, broken) as app:
        for cut in cuts:
            fork = await app.operations.fork("r", cut)
            forks.append(fork.id)
            if not crash:
                await bench.clock.settle()
    async with bench.app(flow, part, child, echo, broken) as app:
        await bench.clock.settle()
        for fork in forks:
            run = await (await app.handle(fork)).status()
            assert run.state is RunState.DONE, (fork, run.state, run.reason)
            assert await (await app.handle(fork)).result() == expected
