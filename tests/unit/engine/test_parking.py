"""A run in which every branch waits costs nothing but its rows."""

import asyncio
import gc
from pathlib import Path

from podium import Context, RunState, workflow
from podium.engine.context import Context as EngineContext
from podium.engine.run.active_run import ActiveRun
from podium.testing import hanging
from tests.unit.engine.bench import Bench

RUNS = 300


@workflow
async def waits(ctx: Context) -> None:
    await ctx.gather(ctx.sleep(1_000), ctx.signal("go"))


def alive(kind: type[object]) -> int:
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


async def test_parked_runs_hold_no_task_no_drive_and_no_context(bench: Bench) -> None:
    async with bench.app(waits) as app:
        await app.start(waits)
        await bench.clock.settle()
        before = len(asyncio.all_tasks()), alive(ActiveRun), alive(EngineContext)
        for _ in range(RUNS):
            await app.start(waits)
        await bench.clock.settle()
        assert len(await app.runs.list(state=RunState.PARKED, limit=1_000)) == RUNS + 1
        assert (len(asyncio.all_tasks()), alive(ActiveRun), alive(EngineContext)) == before


async def test_a_parked_run_takes_at_most_a_kilobyte_of_disk(bench: Bench) -> None:
    @workflow
    async def naps(ctx: Context) -> None:
        await ctx.sleep(1_000)

    async with bench.app(naps) as app:
        for _ in range(RUNS):
            await app.start(naps)
        await bench.clock.settle()
    other = bench.path.parent / "other"
    other.mkdir()
    empty = Bench(other)
    async with empty.app(naps):
        pass
    assert size(bench.path) - size(empty.path) <= RUNS * 1_024


def size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.parent.glob(path.name + "*"))


async def test_a_run_with_one_branch_at_work_is_not_parked(bench: Bench) -> None:
    @workflow
    async def half(ctx: Context) -> None:
        await ctx.gather(ctx.sleep(1_000), ctx.call(hanging("never")))

    async with bench.app(half) as app:
        handle = await app.start(half)
        await bench.clock.advance(10)
        assert (await handle.status()).state is RunState.RUNNING


async def test_a_signal_and_a_park_at_the_same_time_lose_nothing(bench: Bench) -> None:
    @workflow
    async def counts(ctx: Context) -> list[int]:
        return [await ctx.signal("n") for _ in range(20)]

    async with bench.app(counts) as app:
        handle = await app.start(counts)
        for n in range(20):
            await handle.signal("n", n)
            for _ in range(n % 7):
                await asyncio.sleep(0)
        assert await handle.result() == list(range(20))


async def test_a_parked_run_frees_its_slot(bench: Bench) -> None:
    @workflow
    async def quick(ctx: Context) -> str:
        return "done"

    async with bench.app(waits, quick, slots=1) as app:
        await app.start(waits)
        assert await app.run(quick) == "done"


async def test_the_most_urgent_of_the_waiting_runs_goes_first(bench: Bench) -> None:
    order: list[int] = []

    @workflow
    async def holds(ctx: Context) -> None:
        await ctx.call(holder)

    @workflow
    async def notes(ctx: Context, n: int) -> None:
        order.append(n)

    holder = hanging("holder", timeout=0.05)
    async with bench.app(holds, notes, slots=1) as app:
        await app.start(holds)
        handles = [await app.start(notes, n, priority=n) for n in (1, 3, 2)]
        for handle in handles:
            await handle.result()
    assert order == [3, 2, 1]
