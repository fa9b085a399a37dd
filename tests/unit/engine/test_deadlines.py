"""A run that has a time to be done in ends when it is over: cancelled, undone, failed, wherever it stands then."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from podium import Call, Context, RunState, agent, workflow
from podium.errors import CallFailed, ConfigError, RunFailed, UsageError
from podium.model.fact import FactKind
from podium.testing import hanging, scripted
from tests.unit.engine.bench import Bench, facts

echo = scripted("echo", lambda value: value)


@workflow
async def sleeps(ctx: Context, seconds: float) -> str:
    await ctx.sleep(seconds)
    return "slept"


async def test_a_run_that_is_done_in_time_is_left_alone(bench: Bench) -> None:
    async with bench.app(sleeps) as app:
        handle = await app.start(sleeps, 59.0, within=60)
        await bench.clock.advance(100)
        assert await handle.result() == "slept"
        assert FactKind.CANCELLING not in [kind for kind, _ in await facts(app, handle.id)]


async def test_a_run_whose_time_is_up_has_failed_and_says_so(bench: Bench) -> None:
    async with bench.app(sleeps) as app:
        handle = await app.start(sleeps, 1_000.0, within=60)
        await bench.clock.advance(59)
        assert not (await handle.status()).state.ended
        await bench.clock.advance(1)
        with pytest.raises(RunFailed, match="RunTimedOut: it was not done within 60 s"):
            await handle.result()
        (cancelling,) = [fact for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.CANCELLING]
        assert cancelling.body == {"reason": (await handle.status()).reason, "deadline": True}
        assert (await handle.status()).state is RunState.FAILED


async def test_a_run_that_waits_for_a_signal_is_not_parked_past_its_time(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.signal("never")

    async with bench.app(waits) as app:
        handle = await app.start(waits, within=60)
        await bench.clock.settle()
        run = await handle.status()
        assert (run.state, run.wake_at) == (RunState.PARKED, run.created_at + 60)
    assert (await bench.ended(run.id, waits, seconds=60)).state is RunState.FAILED


async def test_a_run_whose_time_was_up_while_no_process_was_there_ends_when_one_comes(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.call(hanging("never"))

    async with bench.app(waits) as app:
        run = await app.start(waits, within=60)
        await bench.clock.settle()
    await bench.clock.advance(500)
    ended = await bench.ended(run.id, waits)
    assert (ended.state, ended.reason) == (RunState.FAILED, "RunTimedOut: it was not done within 60 s")


async def test_what_it_did_is_undone_with_time_of_its_own(bench: Bench) -> None:
    seen: list[float | None] = []

    @agent
    async def undo(what: str, call: Call) -> None:
        seen.append(call.timeout)
        bench.witness.saw("undone", what)

    @agent
    async def tidy(_: None, call: Call) -> None:
        seen.append(call.timeout)

    @workflow
    async def books(ctx: Context) -> None:
        await ctx.on_undo(undo, "flight")
        try:
            await ctx.sleep(1_000)
        finally:
            await ctx.call(tidy, None)

    async with bench.app(books, undo, tidy) as app:
        handle = await app.start(books, within=60)
        await bench.clock.advance(60)
        with pytest.raises(RunFailed, match="RunTimedOut"):
            await handle.result()
    assert bench.witness.counts() == {"undone flight": 1}
    assert seen == [None, None]


async def test_a_crash_while_it_is_undone_does_not_change_how_it_ends(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def undo(_: None) -> None:
        bench.witness.saw("undone")
        await stuck.wait()

    @workflow
    async def books(ctx: Context) -> None:
        await ctx.on_undo(undo, None)
        await ctx.sleep(1_000)

    async with bench.app(books, undo) as app:
        handle = await app.start(books, within=60)
        await bench.clock.advance(60)
        await handle.cancel("an operator, too late")
        await bench.clock.settle()
    stuck.set()
    ended = await bench.ended(handle.id, books, undo)
    assert (ended.state, ended.reason) == (RunState.FAILED, "RunTimedOut: it was not done within 60 s")


async def test_a_cancel_by_a_person_before_it_stays_a_cancel(bench: Bench) -> None:
    async with bench.app(sleeps) as app:
        handle = await app.start(sleeps, 1_000.0, within=60)
        await bench.clock.advance(10)
        await handle.cancel("not needed")
        await bench.clock.advance(100)
        assert (await handle.status()).state is RunState.CANCELLED


async def test_a_run_that_is_never_at_rest_is_stopped_too(bench: Bench) -> None:
    @agent
    async def tick(_: None) -> None:
        bench.witness.saw("tick")
        await bench.clock.sleep_until(bench.clock.now() + 10)

    @workflow
    async def stubborn(ctx: Context) -> None:
        for _ in range(100):
            with suppress(CallFailed):
                await ctx.call(tick, None)

    async with bench.app(stubborn, tick) as app:
        handle = await app.start(stubborn, within=65)
        await bench.clock.advance(65)
        assert (await handle.status()).reason.startswith("RunTimedOut")
    assert bench.witness.count("tick") == 7


@pytest.mark.parametrize(("own", "left"), [(None, 50), (900.0, 50), (20.0, 20)])
async def test_a_child_run_has_no_more_time_than_who_started_it(bench: Bench, own: float | None, left: float) -> None:
    @workflow
    async def parent(ctx: Context) -> str:
        await ctx.sleep(10)
        child = await ctx.spawn(sleeps, 1_000.0, within=own)
        return await child.result()

    async with bench.app(parent, sleeps) as app:
        handle = await app.start(parent, within=60)
        await bench.clock.advance(10)
        child = next(run for run in await app.runs.list() if run.parent is not None)
        assert child.wake_at == child.created_at + left
        await bench.clock.advance(50)
        ended = await (await app.handle(child.id)).status()
        assert ended.ended_at is not None
        assert (ended.state, ended.ended_at - ended.created_at) == (RunState.FAILED, left)
        assert (await handle.status()).state is RunState.FAILED


async def test_calls_and_inline_workflows_are_told_the_time_that_is_left(bench: Bench) -> None:
    seen: list[Any] = []

    @agent
    async def looks(_: None, call: Call) -> None:
        seen.append(call.timeout)

    @workflow(name="inner")
    async def inner(ctx: Context, _: None) -> None:
        await ctx.sleep(10)
        await ctx.call(looks, None)

    @workflow(name="outer")
    async def outer(ctx: Context) -> None:
        await ctx.call(looks, None)
        await ctx.call(inner, None)

    async with bench.app(outer, inner, looks) as app:
        handle = await app.start(outer, within=60)
        await bench.clock.advance(10)
        await handle.result()
    assert seen == [60, 50]


async def test_a_question_does_not_outlive_its_run(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> Any:
        return await ctx.ask("Well?")

    async with bench.app(asks) as app:
        handle = await app.start(asks, within=60)
        await bench.clock.settle()
        assert len(await app.inbox.list()) == 1
        await bench.clock.advance(60)
        assert not await app.inbox.list()
        with pytest.raises(RunFailed, match="RunTimedOut"):
            await handle.result()


async def test_a_failure_after_the_time_was_up_says_that_too(bench: Bench) -> None:
    @workflow
    async def late(ctx: Context) -> None:
        await bench.clock.sleep_until(bench.clock.now() + 100)
        raise ValueError("gone")

    async with bench.app(late) as app:
        handle = await app.start(late, within=60)
        await bench.clock.advance(200)
        assert (await handle.status()).reason == "RunTimedOut: it was not done within 60 s (ValueError: gone)"


async def test_the_settings_give_a_time_to_every_run_that_says_none(bench: Bench) -> None:
    async with bench.app(sleeps, run_within=30) as app:
        short, long = await app.start(sleeps, 100.0), await app.start(sleeps, 100.0, within=200)
        await bench.clock.advance(200)
        assert ((await short.status()).state, (await long.status()).state) == (RunState.FAILED, RunState.DONE)


@pytest.mark.parametrize("within", [0, -1.0, float("nan"), float("inf")])
async def test_a_time_that_is_none_is_refused(bench: Bench, within: float) -> None:
    async with bench.app(sleeps) as app:
        with pytest.raises(UsageError, match="more than 0"):
            await app.start(sleeps, 1.0, within=within)
        assert not await app.runs.list()


async def test_a_setting_that_is_no_time_is_refused(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="run_within"):
        async with bench.app(sleeps, run_within="soon"):
            pass
