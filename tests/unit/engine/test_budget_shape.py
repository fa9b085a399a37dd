"""How deep and how wide a run may become under its budget, and how many tools are used."""

import socket
from typing import Any

import httpx
import httpx2
import pytest

from podium import Budget, Context, Retry, Steps, agent, workflow
from podium.errors import CallError, CallRefused, RunFailed
from podium.model.budget import Amount
from podium.model.json import Json
from podium.model.question import Ask
from tests.unit.engine.bench import Bench


def nesting(how: str) -> Any:
    """Return a workflow that has itself inside itself, 9 deep, and says how deep it came."""

    @agent
    async def leaf(_: int) -> None:
        return None

    @workflow(name="nests")
    async def nests(ctx: Context, n: int) -> int:
        if "agent" in how:
            await ctx.call(leaf, n)
        if n == 9:
            return n
        try:
            if "spawn" in how:
                return await (await ctx.spawn(nests, n + 1)).result()
            return await ctx.call(nests, n + 1)
        except CallRefused as error:
            return n if error.rule == "budget:depth" else 0

    return nests


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("how", ["call", "spawn", "call with an agent", "spawn with an agent"])
async def test_workflows_are_no_deeper_than_the_budget_allows(bench: Bench, how: str, depth: int) -> None:
    flow = nesting(how)
    async with bench.app(flow) as app:
        assert await app.run(flow, 1, budget=Budget(depth=depth)) == depth


@pytest.mark.parametrize(("above", "own", "deepest"), [(3, 9, 3), (9, 1, 2), (9, 2, 3), (None, 2, 3), (3, None, 3)])
async def test_a_child_runs_own_depth_counts_from_itself_and_never_widens_that_above(
    bench: Bench, above: int | None, own: int | None, deepest: int
) -> None:
    flow = nesting("call")

    @workflow(name="sends")
    async def sends(ctx: Context) -> int:
        child = await ctx.spawn(flow, 2, budget=Budget(depth=own) if own else None)
        return await child.result()

    async with bench.app(sends, flow) as app:
        assert await app.run(sends, budget=Budget(depth=above) if above else None) == deepest


@agent
async def leaf(n: int) -> int:
    return n


@workflow(name="errand")
async def errand(ctx: Context, n: int) -> int:
    return await ctx.call(leaf, n)


async def many(ctx: Context, how: str, count: int) -> int:
    """Have so many branches, or child runs, in one way; returns how many there were."""
    done = 0
    if how == "select":
        async with ctx.select(ctx.call(leaf, 0)) as ended:
            for n in range(1, count):
                ended.add(ctx.call(leaf, n))
            async for _ in ended:
                done += 1
    elif how == "select, one at a time":
        async with ctx.select(ctx.call(leaf, 0)) as ended:
            async for _ in ended:
                done += 1
                if done < count:
                    ended.add(ctx.call(leaf, done))
    elif how == "spawn":
        children = [await ctx.spawn(errand, n) for n in range(count)]
        done = len([await child.result() for child in children])
    else:
        done = len(await ctx.map(leaf, list(range(count))))
    return done


WAYS = ["map", "select", "select, one at a time", "spawn"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("where", ["here", "called", "spawned, with a wider budget"])
async def test_no_workflow_has_more_branches_than_the_budget_allows(bench: Bench, how: str, where: str) -> None:
    @workflow(name="wide")
    async def wide(ctx: Context, count: int) -> str:
        try:
            return str(await many(ctx, how, count))
        except CallRefused as error:
            return error.rule

    @workflow(name="outer")
    async def outer(ctx: Context, count: int) -> str:
        if where == "called":
            return await ctx.call(wide, count)
        return await (await ctx.spawn(wide, count, budget=Budget(fan_out=50))).result()

    flow = wide if where == "here" else outer
    async with bench.app(flow, wide, errand) as app:
        assert await app.run(flow, 5, budget=Budget(fan_out=5)) == "5"
        assert await app.run(flow, 6, budget=Budget(fan_out=5)) == "budget:fan_out"


async def test_child_runs_that_were_awaited_make_room_for_others(bench: Bench) -> None:
    @workflow(name="in_turn")
    async def in_turn(ctx: Context) -> int:
        for n in range(5):
            await (await ctx.spawn(errand, n)).result()
        return 5

    async with bench.app(in_turn, errand) as app:
        assert await app.run(in_turn, budget=Budget(fan_out=1)) == 5


async def test_what_was_refused_for_its_shape_is_refused_in_a_replay_too(bench: Bench) -> None:
    @workflow(name="wide")
    async def wide(ctx: Context, how: str) -> str:
        try:
            said = str(await many(ctx, how, 6))
        except CallRefused as error:
            said = error.rule
        await ctx.signal("go")
        return said

    for how in WAYS:
        async with bench.app(wide, errand) as app:
            handle = await app.start(wide, how, budget=Budget(fan_out=5))
            await bench.clock.settle()
        async with bench.app(wide, errand) as app:
            handle = await app.handle(handle.id)
            await handle.signal("go")
            assert await handle.result() == "budget:fan_out"


def user(bench: Bench) -> Any:
    """Return an agent that uses a tool so often."""

    @agent
    async def uses(times: int, steps: Steps) -> int:
        async def use() -> Json:
            bench.witness.saw("used")
            return None

        for n in range(times):
            await steps.once("tool/look", use, input=n)
        return times

    return uses


@pytest.mark.parametrize(("calls", "used"), [(1, 0), (3, 2), (6, 5)])
async def test_uses_of_tools_count_where_calls_are_bounded(bench: Bench, calls: int, used: int) -> None:
    member = user(bench)

    @workflow(name="asks")
    async def asks(ctx: Context, times: int) -> str:
        try:
            return str(await ctx.call(member, times))
        except CallError as error:
            return str(error)

    async with bench.app(asks) as app:
        handle = await app.start(asks, 5, budget=Budget(calls=calls))
        said = await handle.result()
        [state] = await app.reports.budgets(prefix=f"run:{handle.id}")
        assert bench.witness.count("used") == used
        assert state.spent == Amount(calls=calls if used else 0)
        assert (said == "5") is (used == 5)
        assert used == 5 or "the use of look by uses may come to a call" in said
        assert await app.run(asks, 5, budget=Budget(usd=1.0)) == "5"


@pytest.mark.parametrize("waits_for", ["others", "people"])
async def test_an_agent_that_is_left_to_wait_counts_once(bench: Bench, waits_for: str) -> None:
    member = user(bench)

    @agent
    async def leaves(_: int, steps: Steps) -> int:
        async def use() -> Json:
            return None

        await steps.once("tool/look", use)
        for n in range(3):
            if waits_for == "others":
                await steps.call(member, 1)
            else:
                await steps.once(f"tool/ask{n}", lambda: steps.ask(Ask(text="?", to="ada")))
        return 3

    @workflow(name="asks")
    async def asks(ctx: Context) -> int:
        return await ctx.call(leaves, 1)

    below = 3 * 2 if waits_for == "others" else 3
    async with bench.app(asks) as app:
        handle = await app.start(asks, budget=Budget(calls=1 + 1 + below))
        for _ in range(3):
            await bench.clock.settle()
            for question in await app.inbox.list():
                await app.inbox.answer(question.id, "yes", by="ada")
        assert await handle.result() == 3
        [state] = await app.reports.budgets(prefix=f"run:{handle.id}")
    assert state.spent == Amount(calls=1 + 1 + below)


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_use_of_a_tool_counts_whose_own_request_was_not_sent(bench: Bench, library: Any) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and nobody listens there
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/"

        @agent(retry=Retry(attempts=9, delay=0.0))
        async def fetches(_: int, steps: Steps) -> Json:
            async def use() -> Json:
                bench.witness.saw("used")
                async with library.AsyncClient() as client:
                    await client.get(url)
                return None

            return await steps.once("tool/fetch", use)

        @workflow(name="asks")
        async def asks(ctx: Context) -> str:
            try:
                return str(await ctx.call(fetches, 1))
            except CallRefused as error:
                return error.rule

        async with bench.app(asks) as app:
            handle = await app.start(asks, budget=Budget(calls=6))
            assert (await handle.result()).startswith("budget:")
            [state] = await app.reports.budgets(prefix=f"run:{handle.id}")
    assert bench.witness.count("used") == 3
    assert state.spent == Amount(calls=6)


async def test_a_raised_failure_of_a_child_names_the_rule(bench: Bench) -> None:
    flow = nesting("spawn")

    @workflow(name="sends")
    async def sends(ctx: Context) -> str:
        try:
            return str(await (await ctx.spawn(flow, 1)).result())
        except (CallRefused, RunFailed) as error:
            return str(error)

    async with bench.app(sends, flow) as app:
        assert "sends > nests is deeper than the 1 that the budget allows" in await app.run(
            sends, budget=Budget(depth=1)
        )
