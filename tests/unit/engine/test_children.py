"""Child runs: their own journal, told to their parent, reached by its cancel."""

from typing import Any

import pytest

from podium import Context, RunState, agent, workflow
from podium.errors import CallError, RunCancelled, RunFailed
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def child(ctx: Context, n: int) -> int:
    await ctx.sleep(10)
    return n * 2


@workflow
async def parent(ctx: Context) -> int:
    started = await ctx.spawn(child, 4)
    value = await started.result()
    await ctx.sleep(1_000)
    return value


async def test_a_parent_gets_the_value_of_its_child_over_a_restart(bench: Bench) -> None:
    run = await bench.parked(parent, None, child)
    async with bench.app(parent, child) as app:
        await bench.clock.advance(10)
        (born,) = await app.runs.list(parent=run)
        assert (born.state, born.root, born.id) == (RunState.DONE, run, f"{run}.0")
    assert await bench.result(run, parent, child, seconds=1_000) == 8


async def test_a_spawn_is_not_repeated(bench: Bench) -> None:
    run = await bench.parked(parent, None, child)
    for _ in range(3):
        await bench.ended(run, parent, child)
    async with bench.app(parent, child) as app:
        assert len(await app.runs.list(parent=run)) == 1


async def test_the_failure_of_a_child_is_raised_where_its_result_is_awaited(bench: Bench) -> None:
    @workflow
    async def bad(ctx: Context) -> None:
        await ctx.call(failing("broken"))

    @workflow
    async def catches(ctx: Context) -> str:
        started = await ctx.spawn(bad, None)
        try:
            await started.result()
        except RunFailed as error:
            return str(error)
        return "no error"

    async with bench.app(catches, bad) as app:
        assert "broken fails as told" in await app.run(catches)


async def test_cancelling_reaches_child_runs_and_waits_for_them(bench: Bench) -> None:
    undone = scripted("undone", lambda n: n, witness=bench.witness)

    @workflow
    async def careful(ctx: Context) -> None:
        await ctx.on_undo(undone, 1)
        await ctx.call(hanging("never"))

    @workflow
    async def parents(ctx: Context) -> None:
        await ctx.spawn(careful, None)
        await ctx.sleep(1_000)

    async with bench.app(parents, careful, undone) as app:
        handle = await app.start(parents)
        await bench.clock.settle()
        await handle.cancel("enough")
        with pytest.raises(RunCancelled):
            await handle.result()
        (born,) = await app.runs.list(parent=handle.id)
        assert born.state is RunState.CANCELLED
        assert bench.witness.count("undone") == 1


async def test_a_parent_whose_child_has_ended_can_be_cancelled(bench: Bench) -> None:
    async with bench.app(parent, child) as app:
        handle = await app.start(parent)
        await bench.clock.advance(20)
    async with bench.app(parent, child) as app:
        await (await app.handle(handle.id)).cancel()
        await bench.clock.settle()
        assert (await (await app.handle(handle.id)).status()).state is RunState.CANCELLED


async def test_a_parent_that_never_asks_for_the_result_ends_without_it(bench: Bench) -> None:
    @workflow
    async def careless(ctx: Context) -> str:
        await ctx.spawn(child, 1)
        return "gone"

    async with bench.app(careless, child) as app:
        assert await app.run(careless) == "gone"
        await bench.clock.advance(10)
        assert {run.state for run in await app.runs.list()} == {RunState.DONE}


async def test_a_child_whose_workflow_was_not_registered_is_driven_all_the_same(bench: Bench) -> None:
    @workflow
    async def stranger(ctx: Context) -> int:
        return 1

    @workflow
    async def parents(ctx: Context) -> Any:
        started = await ctx.spawn(stranger, None)
        return await started.result()

    async with bench.app(parents) as app:
        assert await app.run(parents) == 1


async def test_many_children_of_one_parent_each_give_their_own(bench: Bench) -> None:
    @workflow
    async def doubles(ctx: Context, n: int) -> int:
        return await ctx.call(echo, n * 2)

    @workflow
    async def spreads(ctx: Context) -> list[int]:
        started = await ctx.gather(*[ctx.spawn(doubles, n) for n in range(20)])
        return await ctx.gather(*[each.result() for each in started])

    async with bench.app(spreads, doubles, slots=3) as app:
        assert await app.run(spreads) == [n * 2 for n in range(20)]


async def test_a_run_that_was_started_under_the_id_of_a_child_run_is_told_and_not_waited_for(bench: Bench) -> None:
    async with bench.app(child, parent) as app:
        await app.start(child, 7, id="order-7.0")
        handle = await app.start(parent, id="order-7")
        await bench.clock.settle()
        with pytest.raises(RunFailed, match=r"order-7\.0 is the id of another run, which was started under it"):
            await handle.result()
        await bench.clock.advance(10)
        assert await (await app.handle("order-7.0")).result() == 14


async def test_a_child_run_that_a_retry_has_taken_the_place_of_another_is_another_run(bench: Bench) -> None:
    up = False

    @workflow
    async def other(ctx: Context, n: int) -> int:
        return -n

    @workflow
    async def turns(ctx: Context) -> int:
        """Spawn one child or another at the same key, by whether a call worked."""
        try:
            await ctx.call(bench_agent)
            spawned = await ctx.spawn(other, 4)
        except CallError:
            spawned = await ctx.spawn(child, 4)
        value = await spawned.result()
        if not up:
            raise LookupError("the call did not work")
        return value

    @agent(name="away")
    async def bench_agent(_: None = None) -> None:
        if not up:
            raise ConnectionError("the line is down")

    async with bench.app(turns, child, other) as app:
        handle = await app.start(turns, id="t")
        await bench.clock.advance(10)
        with pytest.raises(RunFailed):
            await handle.result()
        up = True
        assert await (await app.operations.retry("t")).result() == -4
        assert [run.id for run in (await app.runs.list(workflow="other")).items] == ["t.1.r2"]


@pytest.mark.parametrize("after", [5, 20], ids=["after the retry", "before it"])
async def test_a_child_that_nobody_awaited_yet_is_heard_of_though_its_parent_had_failed(
    bench: Bench, after: float
) -> None:
    tries = [ValueError("not yet")]

    @agent
    async def moody() -> int:
        if tries:
            raise tries.pop()
        return 1

    @workflow
    async def late(ctx: Context) -> int:
        started = await ctx.spawn(child, 4)
        await ctx.call(moody)
        return await started.result()

    async with bench.app(late, child) as app:
        handle = await app.start(late)
        with pytest.raises(RunFailed, match="not yet"):
            await handle.result()
        await bench.clock.advance(after)
        await app.operations.retry(handle.id)
        await bench.clock.advance(20)
        assert await handle.result() == 8


async def test_a_result_that_two_branches_await_is_told_to_be_one_too_many(bench: Bench) -> None:
    @workflow
    async def naps(ctx: Context, seconds: float) -> float:
        await ctx.sleep(seconds)
        return seconds

    @workflow
    async def doubles(ctx: Context) -> list[str]:
        child = await ctx.spawn(naps, 5.0)
        ends = await ctx.gather(child.result(), child.result(), return_exceptions=True)
        return [str(end) for end in ends]

    run = await bench.parked(doubles, None, naps)
    told = f"child run {run}.0 is not known, or its result is awaited elsewhere: keep its value."
    assert await bench.result(run, doubles, naps, seconds=10) == ["5.0", told]
