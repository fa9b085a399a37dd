"""An agent that a workflow calls as a function is refused; inside an agent it stays a function."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import App, Context, Steps, agent, run_sync, workflow
from podium.engine.workflow import Workflow
from podium.errors import CalledDirectly, CallFailed, RunFailed
from podium.guards import guard
from podium.model.json import Json
from podium.patterns import sequence
from tests.unit.engine.bench import Bench


@agent
async def double(x: int) -> int:
    return 2 * x


@agent(name="double")
def double_in_thread(x: int) -> int:
    return 2 * x


@agent
async def broken(x: int) -> int:
    raise ValueError


async def helper(x: int) -> int:
    return await double(x)


async def _body(ctx: Context) -> object:
    return await double(1)


async def _of_a_thread(ctx: Context) -> object:
    return double_in_thread(1)


async def _after_a_call(ctx: Context) -> object:
    await ctx.call(double, 1)
    return await double(1)


async def _after_a_failure(ctx: Context) -> object:
    try:
        return await ctx.call(broken, 1)
    except CallFailed:
        return await double(1)


async def _after_an_effect(ctx: Context) -> object:
    await ctx.once("pay", lambda: 1, effects="once")
    return await double(1)


async def _between_branches(ctx: Context) -> object:
    async with ctx.select(ctx.call(double, 1)) as ended:
        async for branch in ended:
            return await double(branch.value())
    return None


@workflow
async def inner(ctx: Context) -> int:
    return await double(1)


BODIES: dict[str, Callable[[Context], Awaitable[object]]] = {
    "its first line": _body,
    "a function of its own": lambda ctx: helper(1),
    "an agent that runs in a thread": _of_a_thread,
    "after a call": _after_a_call,
    "after a failure": _after_a_failure,
    "after an effect": _after_an_effect,
    "between branches": _between_branches,
    "a branch": lambda ctx: ctx.gather(ctx.branch(_body)),
    "a branch alone": lambda ctx: ctx.branch(_body),
    "a workflow inside": lambda ctx: ctx.call(inner),
    "a workflow inside a branch": lambda ctx: ctx.gather(ctx.call(inner)),
}


async def fails(bench: Bench, flow: Workflow[None, Any]) -> str:
    """Return why a run of a workflow fails."""
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed) as caught:
            await app.run(flow)
    return str(caught.value)


@pytest.mark.parametrize("where", BODIES)
async def test_an_agent_that_a_workflow_calls_as_a_function_is_refused(bench: Bench, where: str) -> None:
    body = BODIES[where]

    @workflow
    async def wrong(ctx: Context) -> Any:
        return await body(ctx)

    why = await fails(bench, wrong)
    assert "double was called as a function by a workflow, which would do it again on every replay" in why
    assert "Write `await ctx.call(double, …)`" in why


async def test_it_is_refused_again_when_the_run_is_replayed(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> int:
        await ctx.sleep("1h")
        with pytest.raises(CalledDirectly):
            double_in_thread(1)
        return await ctx.call(double, 1)

    run = await bench.parked(wrong)
    assert await bench.result(run, wrong, seconds=3_600) == 2


async def test_a_workflow_that_is_called_as_a_function_is_refused(bench: Bench) -> None:
    called: Any = inner

    @workflow
    async def wrong(ctx: Context) -> int:
        return await called(ctx)

    assert "inner is a workflow, not a function. Write `await ctx.call(inner, …)`" in await fails(bench, wrong)
    with pytest.raises(CalledDirectly, match=r"`await app.run\(inner, …\)` outside"):
        called()


@agent
async def directly(x: int) -> int:
    return await double(x) + double_in_thread(x)


@agent
def in_a_thread(x: int) -> int:
    return double_in_thread(x) + asyncio.run(helper(x))


@agent
async def in_a_task(x: int) -> int:
    return await asyncio.create_task(helper(x)) + await helper(x)


@agent
async def in_a_step(x: int, steps: Steps) -> int:
    return await steps.once("twice", lambda: helper(x)) + await helper(x)


@agent(effects="once")
async def as_an_effect(x: int) -> int:
    return await helper(x) + await helper(x)


async def _verified(x: int) -> int:
    return 2 * await helper(x)


@agent(effects="once", verify=_verified)
async def in_doubt(x: int) -> int:
    raise ConnectionError


PLAIN: list[Any] = [directly, in_a_thread, in_a_task, in_a_step, as_an_effect, in_doubt]


@pytest.mark.parametrize("caller", PLAIN)
async def test_inside_an_agent_it_stays_a_function(bench: Bench, caller: Any) -> None:
    async def branch(ctx: Context) -> int:
        return await ctx.call(caller, 1)

    @workflow
    async def right(ctx: Context) -> list[int]:
        return [await ctx.call(caller, 1), *await ctx.gather(ctx.call(caller, 1), ctx.branch(branch))]

    async with bench.app(right) as app:
        assert await app.run(right) == [4, 4, 4]


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_inside_a_step_of_the_workflow_it_stays_a_function(bench: Bench, effects: Any) -> None:
    @workflow
    async def right(ctx: Context) -> int | None:
        return await ctx.once("twice", lambda: helper(1), effects=effects)

    async with bench.app(right) as app:
        assert await app.run(right) == 2


async def test_inside_what_undoes_it_stays_a_function(bench: Bench) -> None:
    undone: list[int] = []

    @agent
    async def undo(x: int) -> None:
        undone.append(await helper(x))

    @workflow
    async def late(ctx: Context) -> None:
        await ctx.on_undo(undo, 2)
        raise ValueError

    async with bench.app(late, undo) as app:
        with pytest.raises(RunFailed, match="ValueError"):
            await app.run(late)
    assert undone == [4]


async def test_inside_a_guard_it_stays_a_function(bench: Bench) -> None:
    async def small(value: Json) -> str | None:
        return None if await helper(value) < 10 else "it is too large"

    @agent(guards=(guard(small),))
    async def guarded(x: int) -> int:
        return x

    @workflow
    async def right(ctx: Context) -> int:
        return await ctx.call(guarded, 3)

    async with bench.app(right) as app:
        assert await app.run(right) == 3


async def test_inside_a_pattern_it_stays_a_function(bench: Bench) -> None:
    made = sequence(directly, double, name="two")
    async with bench.app(made) as app:
        assert await app.run(made, 1) == 8


def test_without_a_run_it_is_the_function() -> None:
    async def main() -> int:
        async with App.open(":memory:"):
            return await helper(2)

    assert run_sync(main()) == 4
    assert double_in_thread(2) == 4
