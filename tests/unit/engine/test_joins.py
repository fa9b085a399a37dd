"""gather, quorum, map and race: values in order, winners recorded, losers cancelled before they return."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from podium import CallError, Context, RunState, agent, workflow
from podium.errors import NotAwaitable, RunFailed
from podium.model.fact import FactKind
from podium.testing import failing, hanging, scripted, slow
from tests.unit.engine.bench import Bench, facts

echo = scripted("echo", lambda value: value)


async def test_gather_gives_values_in_the_order_given(bench: Bench) -> None:
    @workflow
    async def all_of_them(ctx: Context) -> Any:
        return await ctx.gather(
            ctx.call(slow("late", 5, then=1, clock=bench.clock)), ctx.call(echo, 2), ctx.call(echo, 3)
        )

    async with bench.app(all_of_them) as app:
        handle = await app.start(all_of_them)
        await bench.clock.advance(5)
        assert await handle.result() == [1, 2, 3]


async def test_the_first_failure_cancels_the_others_and_is_raised(bench: Bench) -> None:
    @workflow
    async def one_fails(ctx: Context) -> str:
        try:
            await ctx.gather(ctx.call(hanging("never")), ctx.call(failing("bad")))
        except CallError as error:
            return str(error)
        return "no error"

    async with bench.app(one_fails) as app:
        handle = await app.start(one_fails)
        assert "bad fails as told" in await handle.result()
        assert (FactKind.CANCELLED, "2") in await facts(app, handle.id)


async def test_failures_can_be_returned(bench: Bench) -> None:
    @workflow
    async def mixed(ctx: Context) -> Any:
        got = await ctx.gather(ctx.call(failing("bad")), ctx.call(echo, 2), return_exceptions=True)
        return [type(got[0]).__name__, got[1]]

    async with bench.app(mixed) as app:
        assert await app.run(mixed) == ["CallFailed", 2]


async def test_a_quorum_gives_the_first_k_and_cancels_the_rest(bench: Bench) -> None:
    @workflow
    async def first_two(ctx: Context) -> Any:
        got = await ctx.gather(
            ctx.call(hanging("never")), ctx.call(echo, "b"), ctx.call(failing("bad")), ctx.call(echo, "d"), quorum=2
        )
        await ctx.sleep(10)
        return got

    run = await bench.parked(first_two)
    assert await bench.result(run, first_two, seconds=10) == [[1, "b"], [3, "d"]]


async def test_a_quorum_that_cannot_be_had_is_an_error_that_names_the_failures(bench: Bench) -> None:
    @workflow
    async def too_few(ctx: Context) -> None:
        await ctx.gather(ctx.call(failing("x")), ctx.call(failing("y")), ctx.call(echo, 1), quorum=2)

    async with bench.app(too_few) as app:
        with pytest.raises(RunFailed, match=r"x fails as told.*y fails as told"):
            await app.run(too_few)


async def test_a_quorum_larger_than_its_branches_is_refused(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> None:
        one = ctx.call(echo, 1)
        with pytest.raises(NotAwaitable, match="quorum=3 of 1"):
            ctx.gather(one, quorum=3)
        one.close()

    async with bench.app(wrong) as app:
        await app.run(wrong)


@pytest.mark.parametrize("at_once", [1, 3, None])
async def test_map_runs_at_most_so_many_at_once(bench: Bench, at_once: int | None) -> None:
    running, most = 0, 0

    @agent
    async def watched(n: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1
        return n * n

    @workflow
    async def squares(ctx: Context) -> list[int]:
        return await ctx.map(watched, range(8), concurrency=at_once)

    async with bench.app(squares) as app:
        assert await app.run(squares) == [n * n for n in range(8)]
    assert most == (at_once or 8)


async def test_a_map_that_was_cut_short_goes_on_with_what_is_missing(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def work(n: int) -> int:
        bench.witness.saw("work", n)
        if n in (1, 4):
            await stuck.wait()
        return n

    @workflow
    async def job(ctx: Context) -> list[int]:
        return await ctx.map(work, range(6), concurrency=2)

    async with bench.app(job) as app:
        handle = await app.start(job)
        await bench.clock.settle()
    stuck.set()
    assert await bench.result(handle.id, job) == list(range(6))
    assert bench.witness.counts() == {"work 0": 1, "work 1": 2, "work 2": 1, "work 3": 1, "work 4": 2, "work 5": 1}


async def test_the_losers_of_a_race_are_cancelled_and_recorded_before_it_returns(bench: Bench) -> None:
    ended: list[str] = []

    @agent
    async def loser() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("loser")

    @workflow
    async def race(ctx: Context) -> Any:
        value = await ctx.race(ctx.call(loser), ctx.call(echo, "winner"))
        ended.append("race")
        return await ctx.call(echo, value)

    async with bench.app(race) as app:
        handle = await app.start(race)
        assert await handle.result() == "winner"
        kinds = [kind for kind, key in await facts(app, handle.id) if key in ("", "2", "3")]
        assert kinds == [
            FactKind.STARTED, FactKind.CHOSEN, FactKind.CANCELLED, FactKind.ASKED, FactKind.ANSWERED, FactKind.ENDED,
        ]  # fmt: skip
    assert ended == ["loser", "race"]


async def test_the_winner_stays_the_winner_after_a_crash(bench: Bench) -> None:
    first = asyncio.Event()

    @agent
    async def tortoise() -> str:
        await first.wait()
        return "tortoise"

    async def through_two_calls(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, "hare")

    @workflow
    async def race(ctx: Context) -> Any:
        winner = await ctx.race(ctx.call(tortoise), ctx.branch(through_two_calls))
        await ctx.sleep(10)
        return winner

    run = await bench.parked(race)
    first.set()
    assert await bench.result(run, race, seconds=10) == "hare"


async def test_a_recorded_loser_that_was_quicker_in_another_order_does_not_win_a_replay(bench: Bench) -> None:
    """Both branches end in one turn: which of them was taken is what counts, not which comes first in the code."""
    gate = asyncio.Event()

    @agent
    async def gated(name: str) -> str:
        await gate.wait()
        if name == "first":
            await asyncio.sleep(0)
        return name

    @workflow
    async def race(ctx: Context) -> str:
        winner = await ctx.race(ctx.call(gated, "first"), ctx.call(gated, "second"))
        await ctx.sleep(10)
        return winner

    async with bench.app(race) as app:
        handle = await app.start(race)
        await bench.clock.settle()
        gate.set()
        await bench.clock.settle()
        chosen = next(fact.body["winner"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.CHOSEN)
    assert await bench.result(handle.id, race, seconds=10) == ("first", "second")[chosen]


async def test_a_race_in_which_all_fail_raises_a_failure(bench: Bench) -> None:
    @workflow
    async def race(ctx: Context) -> None:
        await ctx.race(ctx.call(failing("x")), ctx.call(failing("y")))

    async with bench.app(race) as app:
        with pytest.raises(RunFailed, match="fails as told"):
            await app.run(race)


async def test_a_race_of_a_call_against_a_sleep_parks_nothing_while_the_call_works(bench: Bench) -> None:
    @workflow
    async def deadline(ctx: Context) -> Any:
        return await ctx.race(
            ctx.call(slow("late", 100, then="done", clock=bench.clock, witness=bench.witness)), ctx.sleep(50)
        )

    async with bench.app(deadline) as app:
        handle = await app.start(deadline)
        await bench.clock.advance(49)
        assert (await handle.status()).state is RunState.RUNNING
        await bench.clock.advance(1)
        assert await handle.result() is None
        assert bench.witness.count("late") == 1


async def join_as(name: str, ctx: Context, calls: Sequence[Any]) -> None:
    match name:
        case "race":
            await ctx.race(*calls)
        case "quorum":
            await ctx.gather(*calls, quorum=1)
        case "gather":
            await ctx.gather(*calls)
        case _:
            async with ctx.select(*calls) as ended:
                async for _ in ended:
                    return


@pytest.mark.parametrize("join", ["race", "quorum", "gather", "select"])
async def test_no_join_is_decided_before_all_that_is_recorded_was_asked_for(bench: Bench, join: str) -> None:
    """The journal ends before the choice: code that leaves out a recorded call is blocked before anything is chosen."""
    changed: list[bool] = []
    first = failing("first") if join == "gather" else echo

    async def joins(ctx: Context) -> Any:
        calls = [ctx.call(first, 1), ctx.call(hanging("never"))]
        if not changed:
            return await ctx.gather(*calls, return_exceptions=True)
        with suppress(CallError):
            await join_as(join, ctx, calls)
        return None

    async def calls_twice(ctx: Context) -> None:
        await ctx.call(echo, 1)
        if not changed:
            await ctx.call(echo, 2)
            await ctx.signal("go")

    @workflow(name="both")
    async def both(ctx: Context) -> Any:
        return await ctx.gather(ctx.branch(joins), ctx.branch(calls_twice), return_exceptions=True)

    run = await bench.parked(both)
    async with bench.app() as app:
        recorded = await facts(app, run)
    changed.append(True)
    assert (await bench.ended(run, both)).state is RunState.BLOCKED
    async with bench.app() as app:
        assert await facts(app, run) == recorded


@pytest.mark.parametrize("late", [0, 1])
async def test_a_retry_of_a_race_that_everybody_lost_asks_all_of_them_again(bench: Bench, late: int) -> None:
    away = True

    async def fails(ctx: Context, n: int) -> int:
        await ctx.sleep(float(n == late))
        return await ctx.call(flaky, n)

    @agent
    async def flaky(n: int) -> int:
        bench.witness.saw("asked", n)
        if away or n != late ^ 1:
            raise ValueError("away")
        return n

    @workflow
    async def races(ctx: Context) -> int:
        return await ctx.race(ctx.branch(fails, 0), ctx.branch(fails, 1))

    async with bench.app(races) as app:
        handle = await app.start(races)
        await bench.clock.advance(10)
        with pytest.raises(RunFailed):
            await handle.result()
        away = False
        retried = await app.operations.retry(handle.id)
        await bench.clock.advance(10)
        assert await retried.result() == late ^ 1
    assert bench.witness.count("asked", late ^ 1) == 2
