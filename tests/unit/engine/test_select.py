"""`select` hands out branches as they end, and records in which order."""

from typing import Any

from podium import Context, workflow
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


async def sleep_then(ctx: Context, seconds: float) -> float:
    await ctx.sleep(seconds)
    return seconds


@workflow
async def in_order(ctx: Context, seconds: list[float]) -> list[Any]:
    async with ctx.select(*[ctx.branch(sleep_then, each) for each in seconds]) as ended:
        seen: list[Any] = [[branch.index, branch.value()] async for branch in ended]
    await ctx.sleep(10)
    return seen


async def test_branches_come_as_they_end_and_in_the_same_order_on_replay(bench: Bench) -> None:
    async with bench.app(in_order) as app:
        handle = await app.start(in_order, [3.0, 1.0, 2.0])
        await bench.clock.advance(5)
    assert await bench.result(handle.id, in_order, seconds=10) == [[1, 1.0], [2, 2.0], [0, 3.0]]


async def test_a_crash_in_the_middle_keeps_what_was_handed_out(bench: Bench) -> None:
    async with bench.app(in_order) as app:
        handle = await app.start(in_order, [3.0, 1.0, 2.0])
        await bench.clock.advance(1)
    async with bench.app(in_order) as app:
        await bench.clock.advance(1)
    assert await bench.result(handle.id, in_order, seconds=20) == [[1, 1.0], [2, 2.0], [0, 3.0]]


async def test_leaving_early_cancels_the_rest_and_the_run_goes_on_also_on_replay(bench: Bench) -> None:
    @workflow
    async def first_only(ctx: Context) -> Any:
        async with ctx.select(ctx.call(hanging("never")), ctx.sleep(1_000), ctx.call(echo, "quick")) as ended:
            first = await ended.next()
            assert first is not None
        await ctx.sleep(10)
        return [first.index, first.value()]

    run = await bench.parked(first_only)
    assert await bench.result(run, first_only, seconds=10) == [2, "quick"]


async def test_a_failed_branch_is_handed_out_with_its_error(bench: Bench) -> None:
    @workflow
    async def errors(ctx: Context) -> list[str]:
        async with ctx.select(ctx.call(failing("bad"))) as ended:
            return [str(branch.error) async for branch in ended]

    async with bench.app(errors) as app:
        (message,) = await app.run(errors)
    assert "bad fails as told" in message


async def test_now_after_a_branch_is_when_that_branch_ended_also_on_replay(bench: Bench) -> None:
    @workflow
    async def times(ctx: Context) -> list[float]:
        start, seen = ctx.now(), list[float]()
        async with ctx.select(ctx.branch(sleep_then, 7), ctx.branch(sleep_then, 3)) as ended:
            async for _ in ended:
                seen.append(ctx.now() - start)
        await ctx.sleep(10)
        return seen

    async with bench.app(times) as app:
        handle = await app.start(times)
        await bench.clock.advance(8)
    assert await bench.result(handle.id, times, seconds=10) == [3.0, 7.0]
