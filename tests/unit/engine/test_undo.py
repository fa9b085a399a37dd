"""Compensations: in reverse, durably, once; what stays undone is told."""

import asyncio

import pytest

from podium import CallError, Context, RunState, agent, workflow
from podium.agents.function import NOT_DONE, Verification
from podium.errors import RunCancelled, RunFailed
from podium.model.fact import FactKind
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench, facts


async def test_a_failed_run_is_undone_in_reverse_order(bench: Bench) -> None:
    undo = scripted("undo", lambda n: bench.witness.saw("undone", n))

    @workflow
    async def trip(ctx: Context) -> None:
        for n in (1, 2, 3):
            await ctx.on_undo(undo, n)
        raise ValueError("no more")

    async with bench.app(trip, undo) as app:
        with pytest.raises(RunFailed, match="no more"):
            await app.run(trip)
    assert bench.witness.lines() == ["undone 3", "undone 2", "undone 1"]


async def test_a_run_that_succeeds_is_not_undone(bench: Bench) -> None:
    undo = scripted("undo", lambda n: n, witness=bench.witness)

    @workflow
    async def trip(ctx: Context) -> int:
        await ctx.on_undo(undo, 1)
        return 5

    async with bench.app(trip, undo) as app:
        assert await app.run(trip) == 5
    assert bench.witness.lines() == []


async def test_an_undo_that_was_done_is_not_done_again_after_a_crash(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def undo(n: int) -> None:
        bench.witness.saw("undone", n)
        if n == 1:
            await stuck.wait()

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(undo, 1)
        await ctx.on_undo(undo, 2)
        raise ValueError("no more")

    run = await bench.parked(trip, None, undo)
    stuck.set()
    assert (await bench.ended(run, trip, undo)).state is RunState.FAILED
    assert bench.witness.lines() == ["undone 2", "undone 1", "undone 1"]


async def test_undos_registered_in_branches_survive_a_crash_in_their_middle(bench: Bench) -> None:
    """In which order branches registered them must not matter when they are replayed."""
    stuck, order = asyncio.Event(), {"a": asyncio.Event(), "b": asyncio.Event()}

    @agent
    async def undo(name: str) -> None:
        bench.witness.saw("undone", name)
        if bench.witness.count("undone") == 2:
            await stuck.wait()

    @agent
    async def gated(name: str) -> None:
        await order[name].wait()

    async def part(ctx: Context, name: str) -> None:
        await ctx.call(gated, name)
        await ctx.on_undo(undo, name)

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.gather(ctx.branch(part, "a"), ctx.branch(part, "b"))
        raise ValueError("no more")

    async with bench.app(trip, undo) as app:
        handle = await app.start(trip)
        for name in ("b", "a"):
            await bench.clock.settle()
            order[name].set()
        await bench.clock.settle()
        assert bench.witness.count("undone") == 2
    stuck.set()
    stands = await bench.ended(handle.id, trip, undo)
    assert (stands.state, stands.reason) == (RunState.FAILED, "ValueError: no more")


async def test_what_stays_uncompensated_is_listed_in_the_end(bench: Bench) -> None:
    broken = failing("broken", error=ValueError("cannot"))
    fine = scripted("fine", lambda n: n, witness=bench.witness)

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(fine, 1)
        await ctx.on_undo(broken, 2)
        raise ValueError("no more")

    async with bench.app(trip, fine, broken) as app:
        handle = await app.start(trip)
        await bench.clock.advance(1_000)
        with pytest.raises(RunFailed, match=r"no more; not undone: broken \(1\).*cannot"):
            await handle.result()
        assert bench.witness.count("fine") == 1


async def test_a_cancelled_run_that_cannot_be_undone_ends_as_failed(bench: Bench) -> None:
    broken = failing("broken", error=ValueError("cannot"))

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(broken, 2)
        await ctx.sleep(1_000)

    async with bench.app(trip, broken) as app:
        handle = await app.start(trip)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.advance(1_000)
        stands = await handle.status()
        assert stands.state is RunState.FAILED
        assert "not undone: broken" in stands.reason


async def test_the_undos_of_an_inline_workflow_are_promoted_to_its_caller(bench: Bench) -> None:
    undo = scripted("undo", lambda n: bench.witness.saw("undone", n))

    @workflow
    async def leg(ctx: Context, n: int) -> int:
        await ctx.on_undo(undo, n)
        return n

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(undo, 0)
        await ctx.call(leg, 1)
        await ctx.call(leg, 2)
        await ctx.sleep(10)
        raise ValueError("no more")

    run = await bench.parked(trip, None, leg, undo)
    assert bench.witness.lines() == []
    assert (await bench.ended(run, trip, leg, undo, seconds=10)).state is RunState.FAILED
    assert bench.witness.lines() == ["undone 2", "undone 1", "undone 0"]


async def test_an_inline_workflow_that_fails_is_undone_before_its_caller_hears_of_it(bench: Bench) -> None:
    undo = scripted("undo", lambda n: bench.witness.saw("undone", n))

    @workflow
    async def leg(ctx: Context) -> None:
        await ctx.on_undo(undo, 1)
        raise ValueError("no more")

    @workflow
    async def trip(ctx: Context) -> list[str]:
        try:
            await ctx.call(leg)
        except CallError:
            bench.witness.saw("caught")
        return bench.witness.lines()

    async with bench.app(trip, leg, undo) as app:
        assert await app.run(trip) == ["undone 1", "caught"]


async def test_cancelling_undoes_and_a_second_cancel_does_not_stop_that(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def undo(n: int) -> None:
        await stuck.wait()
        bench.witness.saw("undone", n)

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(undo, 1)
        await ctx.call(hanging("never"))

    async with bench.app(trip, undo) as app:
        handle = await app.start(trip)
        await bench.clock.settle()
        assert [await handle.cancel("why"), await handle.cancel()] == [True, False]
        await bench.clock.settle()
        stuck.set()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert bench.witness.lines() == ["undone 1"]
        assert (await facts(app, handle.id))[-1] == (FactKind.ENDED, "")


async def test_a_missing_agent_blocks_the_run_and_undoes_nothing(bench: Bench) -> None:
    undo = scripted("undo", lambda n: n, witness=bench.witness)

    @workflow
    async def trip(ctx: Context) -> str:
        await ctx.on_undo(undo, 1)
        return await ctx.call("guide", "where")

    async with bench.app(trip, undo) as app:
        handle = await app.start(trip)
        await bench.clock.settle()
        stands = await handle.status()
        assert stands.state is RunState.BLOCKED
        assert "no agent is called 'guide'" in stands.reason
    assert bench.witness.lines() == []
    assert await bench.result(handle.id, trip, undo, scripted("guide", lambda _: "here")) == "here"


async def test_a_once_effect_that_is_done_when_a_cancel_comes_is_undone_as_well(bench: Bench) -> None:
    """A started `once` effect is not cut, so the cancel comes to the line that registers its compensation."""
    paying, undo = asyncio.Event(), scripted("undo", lambda n: bench.witness.saw("undone", n))

    @agent(effects="once")
    async def pay(n: int) -> int:
        await paying.wait()
        bench.witness.saw("paid", n)
        return n

    @workflow
    async def trip(ctx: Context) -> None:
        paid = await ctx.call(pay, 1)
        await ctx.on_undo(undo, paid)
        await ctx.call(hanging("never"))

    async with bench.app(trip, undo) as app:
        handle = await app.start(trip)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
        paying.set()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert bench.witness.lines() == ["paid 1", "undone 1"]
        assert await app.reports.verify(handle.id) == []


@pytest.mark.parametrize(("verdict", "seen"), [(1, ["undone 1"]), (NOT_DONE, [])])
async def test_a_cancel_waits_until_an_effect_in_doubt_is_verified(
    bench: Bench, verdict: int | Verification, seen: list[str]
) -> None:
    async def was_paid(n: int) -> int | Verification:
        return verdict

    @agent(effects="once", verify=was_paid)
    async def pay(n: int) -> int:
        bench.witness.saw("began")
        await asyncio.get_running_loop().create_future()
        return n

    undo = scripted("undo", lambda n: bench.witness.saw("undone", n))

    @workflow
    async def trip(ctx: Context, n: int) -> None:
        await ctx.on_undo(undo, await ctx.call(pay, n))
        await ctx.sleep(10)

    run = await bench.parked(trip, 1, undo)
    async with bench.app(undo) as app:
        assert await (await app.handle(run)).cancel()
    assert (await bench.ended(run, trip, undo)).state is RunState.CANCELLED
    assert bench.witness.lines() == ["began", *seen]


async def test_a_compensation_may_be_named_and_keeps_its_version(bench: Bench) -> None:
    undo, newer = scripted("undo", lambda n: bench.witness.saw("undone", n)), scripted("undo", [], version="2")

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo("undo", 1)
        await ctx.sleep(10)
        raise ValueError("no more")

    run = await bench.parked(trip, None, undo)
    assert (await bench.ended(run, trip, undo, newer, seconds=10)).state is RunState.FAILED
    assert bench.witness.lines() == ["undone 1"]


async def test_a_named_compensation_that_is_not_there_blocks_the_run_and_undoes_nothing(bench: Bench) -> None:
    first = scripted("first", lambda n: n, witness=bench.witness)

    @workflow
    async def trip(ctx: Context) -> str:
        await ctx.on_undo(first, 0)
        await ctx.on_undo("undo", 1)
        return "there"

    async with bench.app(trip, first) as app:
        handle = await app.start(trip)
        await bench.clock.settle()
        stands = await handle.status()
        assert stands.state is RunState.BLOCKED
        assert "no agent is called 'undo'" in stands.reason
    assert await bench.result(handle.id, trip, first, scripted("undo", lambda n: n)) == "there"
    assert bench.witness.lines() == []
