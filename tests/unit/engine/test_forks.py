"""A fork shares what is over; what is under way is the old run's, and is begun anew."""

from typing import Any

from podium import Context, RunState, workflow
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def child(ctx: Context, n: int) -> int:
    return n + await ctx.signal("go", int)


@workflow
async def asks_late(ctx: Context) -> int:
    started = await ctx.spawn(child, 10)
    await ctx.call(echo, "here it is cut")
    return await started.result()


@workflow
async def asks_early(ctx: Context) -> int:
    started = await ctx.spawn(child, 10)
    value = await started.result()
    return await ctx.call(echo, value)


async def children(app: Any, run: str) -> list[str]:
    return [each.id for each in await app.runs.list(parent=run)]


async def test_a_child_run_that_has_not_ended_is_left_behind_and_a_new_one_is_started(bench: Bench) -> None:
    async with bench.app(asks_late, child) as app:
        old = await app.start(asks_late)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1")
        await bench.clock.settle()
        assert await children(app, fork.id) == [f"{fork.id}.0"]
        await (await app.handle(f"{fork.id}.0")).signal("go", 2)
        assert await fork.result() == 12
        assert (await old.status()).state is RunState.PARKED
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11


async def test_a_child_run_that_ended_before_its_result_was_asked_for_is_left_behind_too(bench: Bench) -> None:
    async with bench.app(asks_late, child) as app:
        old = await app.start(asks_late)
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11
        fork = await app.operations.fork(old.id, "1")
        await bench.clock.settle()
        await (await app.handle(f"{fork.id}.0")).signal("go", 2)
        assert await fork.result() == 12


async def test_a_child_run_whose_result_is_awaited_still_is_left_behind_with_the_wait(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    async def awaits(ctx: Context) -> int:
        return await (await ctx.spawn(child, 10)).result()

    @workflow
    async def both(ctx: Context) -> list[int]:
        return [*await ctx.gather(ctx.branch(awaits), ctx.branch(calls_twice))]

    async with bench.app(both, child) as app:
        old = await app.start(both)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.settle()
        await (await app.handle(f"{fork.id}.0.0")).signal("go", 2)
        assert await fork.result() == [12, 2]


async def test_the_recorded_result_of_a_child_run_is_shared(bench: Bench) -> None:
    async with bench.app(asks_early, child) as app:
        old = await app.start(asks_early)
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11
        fork = await app.operations.fork(old.id, "2")
        assert await fork.result() == 11
        assert await children(app, fork.id) == []


async def test_an_open_question_is_left_behind_and_asked_anew(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    @workflow
    async def asks(ctx: Context) -> list[Any]:
        return [*await ctx.gather(ctx.ask("How many?", answer=int), ctx.branch(calls_twice))]

    async with bench.app(asks) as app:
        old = await app.start(asks)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.settle()
        for handle, count in ((old, 5), (fork, 7)):
            [question] = await app.inbox.list(run=handle.id)
            await app.inbox.answer(question.id, count, by="ann")
            assert await handle.result() == [count, 2]


async def test_a_wait_that_is_not_over_goes_on_in_both_runs_each_for_itself(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    @workflow
    async def waits(ctx: Context) -> list[Any]:
        return [*await ctx.gather(ctx.signal("go", int, within=100, default=0), ctx.branch(calls_twice))]

    async with bench.app(waits) as app:
        old = await app.start(waits)
        await bench.clock.advance(60)
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.advance(60)
        assert await old.result() == [0, 2]
        await fork.signal("go", 7)
        assert await fork.result() == [7, 2]
