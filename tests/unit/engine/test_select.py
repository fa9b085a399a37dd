"""`select` hands out branches as they end, and records in which order."""

from typing import Any

from podium import Context, workflow
from podium.errors import NotAwaitable
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


@workflow
async def growing(ctx: Context, seconds: list[float]) -> list[float]:
    """Sleep one after the other, each added when the one before has ended, beside one that goes on."""
    waiting, seen = list(seconds), list[float]()
    async with ctx.select(ctx.branch(sleep_then, 100.0)) as ended:
        ended.add(ctx.branch(sleep_then, waiting.pop(0)))
        async for branch in ended:
            seen.append(branch.value())
            if waiting:
                ended.add(ctx.branch(sleep_then, waiting.pop(0)))
    return seen


async def test_branches_can_be_added_while_others_run_also_after_a_crash(bench: Bench) -> None:
    async with bench.app(growing) as app:
        handle = await app.start(growing, [1.0, 2.0, 3.0])
        await bench.clock.advance(2)
    assert await bench.result(handle.id, growing, seconds=200) == [1.0, 2.0, 3.0, 100.0]


async def test_something_may_be_awaited_between_two_branches_and_a_cancel_reaches_both(bench: Bench) -> None:
    @workflow
    async def between(ctx: Context) -> None:
        async with ctx.select(ctx.branch(sleep_then, 1.0), ctx.call(hanging("never"))) as ended:
            await ended.next()
            await ctx.call(hanging("here"))

    async with bench.app(between) as app:
        handle = await app.start(between)
        await bench.clock.advance(2)
        await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state == "cancelled"


async def test_what_another_context_made_is_not_added(bench: Bench) -> None:
    async def inside(child: Context, ended: Any) -> None:
        ended.add(child.call(echo, "x"))

    @workflow
    async def wrong(ctx: Context) -> str:
        async with ctx.select(ctx.call(echo, "a")) as ended:
            try:
                await ctx.gather(ctx.branch(inside, ended))
            except NotAwaitable as error:
                return str(error)
        return "taken"

    async with bench.app(wrong) as app:
        assert "Make it with the context that joins it" in await app.run(wrong)
