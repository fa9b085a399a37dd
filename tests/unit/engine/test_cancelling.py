"""A cancel is recorded, reaches every branch at its open key, and replays at exactly that key."""

import asyncio

import pytest

from podium import Context, RunState, agent, workflow
from podium.errors import CallCancelled, RunCancelled
from podium.model.fact import FactKind
from podium.testing import hanging, scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


async def test_a_cancelled_run_ends_as_cancelled_with_its_reason(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.sleep(1_000)

    async with bench.app(waits) as app:
        handle = await app.start(waits)
        await bench.clock.settle()
        assert await handle.cancel("not needed") is True
        with pytest.raises(RunCancelled, match=handle.id):
            await handle.result()
        assert [
            fact.body["reason"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.CANCELLING
        ] == ["not needed"]


async def test_every_branch_is_cancelled_at_its_open_key(bench: Bench) -> None:
    @workflow
    async def branches(ctx: Context) -> None:
        await ctx.gather(ctx.call(hanging("never")), ctx.sleep(1_000), ctx.signal("go"))

    async with bench.app(branches) as app:
        handle = await app.start(branches)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
        keys = [fact.body["keys"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.CANCELLED]
        assert sorted(keys[0]) == ["0", "1", "2"]
        assert (await handle.status()).state is RunState.CANCELLED


async def test_cleaning_up_after_a_cancel_is_recorded_and_not_cancelled_itself(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def clean(n: int) -> None:
        bench.witness.saw("clean", n)
        if n == 2:
            await stuck.wait()

    @workflow
    async def careful(ctx: Context) -> None:
        try:
            await ctx.sleep(1_000)
        finally:
            await ctx.call(clean, 1)
            await ctx.call(clean, 2)

    async with bench.app(careful, clean) as app:
        handle = await app.start(careful)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
    stuck.set()
    assert (await bench.ended(handle.id, careful, clean)).state is RunState.CANCELLED
    assert bench.witness.counts() == {"clean 1": 1, "clean 2": 2}


async def test_a_cancel_that_came_while_no_process_was_there_is_taken_up(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.sleep(1_000)

    run = await bench.parked(waits)
    async with bench.app() as app:
        await (await app.handle(run)).cancel()
    assert (await bench.ended(run, waits)).state is RunState.CANCELLED


async def test_a_run_that_is_cancelled_before_it_began_does_nothing(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.call(scripted("seen", lambda n: n, witness=bench.witness), 1)

    @workflow(name="busy")
    async def busy(ctx: Context) -> None:
        await ctx.call(hanging("never"))

    async with bench.app(waits, busy, slots=1) as app:
        await app.start(busy)
        handle = await app.start(waits)
        await handle.cancel()
    assert (await bench.ended(handle.id, waits)).state is RunState.CANCELLED
    assert bench.witness.lines() == []


async def test_a_once_call_in_flight_is_not_cut_by_a_cancel(bench: Bench) -> None:
    going = asyncio.Event()

    @agent(effects="once")
    async def pay() -> str:
        await going.wait()
        bench.witness.saw("paid")
        return "receipt"

    @workflow
    async def pays(ctx: Context) -> None:
        await ctx.call(pay)
        await ctx.call(scripted("after", lambda n: n, witness=bench.witness), 1)

    async with bench.app(pays) as app:
        handle = await app.start(pays)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
        going.set()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert bench.witness.lines() == ["paid"]
        assert any(fact.kind is FactKind.ANSWERED and fact.key == "0" for fact in await app.runs.facts(handle.id))


async def test_a_workflow_sees_the_cancel_as_an_error_it_must_let_pass(bench: Bench) -> None:
    seen: list[str] = []

    @workflow
    async def looks(ctx: Context) -> None:
        try:
            await ctx.sleep(1_000)
        except CallCancelled as error:
            seen.append(str(error))
            raise

    async with bench.app(looks) as app:
        handle = await app.start(looks)
        await bench.clock.settle()
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
    assert seen == ["cancelled at 0"]
