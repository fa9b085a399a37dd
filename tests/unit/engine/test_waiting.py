"""Sleeps, signals and deadlines: durable, in order, and each signal taken once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from podium import Context, RunState, agent, workflow
from podium.errors import CallCancelled, InvalidValue, NotPossible, UnknownRun
from podium.model.retry import FailureKind, Retry
from podium.model.run import Signal
from podium.store.operations import Committed, Operation, Park, Send, Write
from podium.store.sqlite.store import SqliteStore
from podium.testing import hanging, scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def two_sleeps(ctx: Context) -> list[float]:
    start = ctx.now()
    await ctx.sleep(100)
    middle = ctx.now()
    await ctx.sleep(50)
    return [middle - start, ctx.now() - start]


async def test_sleeps_last_as_long_as_they_say(bench: Bench) -> None:
    async with bench.app(two_sleeps) as app:
        handle = await app.start(two_sleeps)
        await bench.clock.advance(149)
        assert (await handle.status()).state is RunState.PARKED
        await bench.clock.advance(1)
        assert await handle.result() == [100, 150]


async def test_a_sleep_goes_on_while_no_process_is_there(bench: Bench) -> None:
    run = await bench.parked(two_sleeps)
    await bench.clock.advance(1_000)
    async with bench.app(two_sleeps) as app:
        await bench.clock.advance(49)
        assert (await (await app.handle(run)).status()).state is RunState.PARKED
        await bench.clock.advance(1)
        assert (await (await app.handle(run)).result())[0] == 1_000


async def test_runs_parked_by_a_process_that_is_gone_wake_each_at_its_time(bench: Bench) -> None:
    @workflow
    async def nap(ctx: Context, seconds: float) -> None:
        await ctx.sleep(seconds)

    async with bench.app(nap) as app:
        handles = [await app.start(nap, seconds) for seconds in (100.0, 200.0, 300.0)]
        await bench.clock.settle()
    async with bench.app(nap) as app:
        for done in (1, 2, 3):
            await bench.clock.advance(100)
            states = [(await (await app.handle(handle.id)).status()).state for handle in handles]
            assert states.count(RunState.DONE) == done


@workflow
async def one_signal(ctx: Context) -> Any:
    return await ctx.signal("go", within=10, default="too late")


async def test_a_signal_wakes_a_parked_run(bench: Bench) -> None:
    async with bench.app(one_signal) as app:
        handle = await app.start(one_signal)
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
        await handle.signal("other", 1)
        await handle.signal("go", 2)
        assert await handle.result() == 2


async def test_a_signal_that_comes_before_it_is_waited_for_is_kept(bench: Bench) -> None:
    @workflow
    async def late(ctx: Context) -> Any:
        await ctx.sleep(100)
        return [await ctx.signal("go"), await ctx.signal("go")]

    async with bench.app(late) as app:
        handle = await app.start(late)
        await handle.signal("go", 1)
        await bench.clock.advance(50)
        await handle.signal("go", 2)
        await bench.clock.advance(50)
        assert await handle.result() == [1, 2]


async def test_the_same_signal_twice_counts_once(bench: Bench) -> None:
    @workflow
    async def two(ctx: Context) -> Any:
        return [await ctx.signal("go"), await ctx.signal("go", within=10, default="none")]

    async with bench.app(two) as app:
        handle = await app.start(two)
        assert [await handle.signal("go", 1, id="x"), await handle.signal("go", 2, id="x")] == [True, False]
        await bench.clock.advance(10)
        assert await handle.result() == [1, "none"]


async def test_signals_that_come_at_once_are_each_taken_once(bench: Bench) -> None:
    @workflow
    async def three(ctx: Context) -> Any:
        pair = await ctx.gather(ctx.signal("go"), ctx.signal("go"))
        return [*sorted(pair), await ctx.signal("go", within=10, default="none")]

    async with bench.app(three) as app:
        handle = await app.start(three)
        await bench.clock.settle()
        await asyncio.gather(handle.signal("go", 1), handle.signal("go", 2))
        await bench.clock.advance(10)
        assert await handle.result() == [1, 2, "none"]


async def test_a_deadline_gives_the_default(bench: Bench) -> None:
    run = await bench.parked(one_signal)
    assert await bench.result(run, one_signal, seconds=10) == "too late"


async def test_a_signal_after_the_deadline_is_late_even_if_nobody_was_there_at_the_deadline(bench: Bench) -> None:
    run = await bench.parked(one_signal)
    await bench.clock.advance(50)
    store = SqliteStore(str(bench.path))
    await store.commit("outside", [Send(run, Signal("s", "user", "go", "late", bench.clock.now()))])
    store.close()
    assert await bench.result(run, one_signal) == "too late"


async def test_a_signal_before_the_deadline_counts_even_if_nobody_was_there(bench: Bench) -> None:
    run = await bench.parked(one_signal)
    await bench.clock.advance(9)
    store = SqliteStore(str(bench.path))
    await store.commit("outside", [Send(run, Signal("s", "user", "go", "in time", bench.clock.now()))])
    store.close()
    await bench.clock.advance(100)
    assert await bench.result(run, one_signal) == "in time"


async def test_a_signal_before_the_deadline_counts_even_if_this_process_has_not_looked_for_it(bench: Bench) -> None:
    done = asyncio.Event()

    @agent
    async def works(_: None) -> None:
        await done.wait()

    @workflow
    async def busy(ctx: Context) -> Any:
        _, got = await ctx.gather(ctx.call(works, None), ctx.signal("go", within=10, default="too late"))
        return got

    async with bench.app(busy, poll=60.0) as app:
        handle = await app.start(busy)
        await bench.clock.advance(9)
        store = SqliteStore(str(bench.path))
        await store.commit("outside", [Send(handle.id, Signal("s", "user", "go", "in time", bench.clock.now()))])
        store.close()
        await bench.clock.advance(5)
        done.set()
        assert await handle.result() == "in time"


class Waking(SqliteStore):
    """Has a signal come for the run just before it is parked, as from another process, once for each name."""

    def __init__(self, bench: Bench, names: Sequence[str]) -> None:
        super().__init__(str(bench.path))
        self._now = bench.clock.now
        self._names = list(names)
        self.parks = 0

    async def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Committed:
        for each in operations:
            if isinstance(each, Write) and isinstance(each.close, Park):
                self.parks += 1
                if self._names:
                    sent = Signal(f"s{self.parks}", "user", self._names.pop(0), self.parks, self._now())
                    await super().commit("outside", [Send("r", sent)])
        return await super().commit(worker, operations, alone=alone)


@workflow
async def two_signals(ctx: Context) -> Any:
    return [await ctx.signal("go"), await ctx.signal("go")]


async def test_a_run_that_is_woken_while_it_is_parked_goes_on_without_being_parked_again(bench: Bench) -> None:
    store = Waking(bench, ["go", "go"])
    async with bench.app(two_signals, store=store, poll=60.0) as app:
        handle = await app.start(two_signals, id="r")
        await bench.clock.settle()
        assert await handle.result() == [1, 2]
        assert store.parks == 2


async def test_a_run_that_is_woken_while_it_is_parked_by_what_it_does_not_wait_for_is_parked_after_all(
    bench: Bench,
) -> None:
    store = Waking(bench, ["else"])
    async with bench.app(two_signals, store=store, poll=60.0) as app:
        handle = await app.start(two_signals, id="r")
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
        assert store.parks == 2


async def test_a_signal_can_be_typed(bench: Bench) -> None:
    @workflow
    async def typed(ctx: Context) -> list[int]:
        return await ctx.signal("go", list[int])

    async with bench.app(typed) as app:
        handle = await app.start(typed)
        await handle.signal("go", [1, 2])
        assert await handle.result() == [1, 2]


async def test_an_ended_or_unknown_run_takes_no_signal(bench: Bench) -> None:
    async with bench.app(one_signal) as app:
        handle = await app.start(one_signal)
        await handle.signal("go")
        await handle.result()
        with pytest.raises(NotPossible, match=f"run {handle.id} has ended \\(done\\)"):
            await handle.signal("go", id="again")
        with pytest.raises(UnknownRun, match="podium runs list"):
            await app.handle("nobody")


async def test_a_signal_that_is_no_json_is_refused_and_harms_nobody(bench: Bench) -> None:
    async with bench.app(one_signal) as app:
        handle, other = await app.start(one_signal), await app.start(one_signal)
        await bench.clock.settle()
        refused = asyncio.create_task(handle.signal("go", object()))
        await other.signal("go", "fine")
        with pytest.raises(InvalidValue):
            await refused
        assert await other.result() == "fine"
        await handle.signal("go", "now")
        assert await handle.result() == "now"


async def test_a_signal_that_loses_a_race_is_kept_for_the_next_wait(bench: Bench) -> None:
    @workflow
    async def job(ctx: Context) -> Any:
        await ctx.race(ctx.sleep(5), ctx.signal("go"))
        return await ctx.signal("go", within=100, default="lost")

    async with bench.app(job) as app:
        handle = await app.start(job)
        await bench.clock.advance(5)
        await handle.signal("go", "kept")
        assert await handle.result() == "kept"


async def test_a_signal_whose_wait_is_cut_in_the_moment_in_which_it_is_found_is_kept(bench: Bench) -> None:
    """A process that was stopped looks into the inbox for the last time, and finds in the same turn that time is up."""

    @workflow
    async def job(ctx: Context) -> None:
        try:
            await ctx.gather(ctx.call(hanging("busy")), ctx.signal("go", within=50))
        except CallCancelled:
            bench.witness.saw(await ctx.signal("go", within=100, default="nothing"))
            raise

    async with bench.app(job, poll=1_000.0) as app:
        run = await app.start(job, within=60)
        await bench.clock.advance(40)
        store = SqliteStore(str(bench.path))
        store.commit("outside", [Send(run.id, Signal("s", "user", "go", "came", bench.clock.now()))])
        store.close()
        bench.jump(30)
        await bench.clock.advance(0)
        assert bench.witness.lines() == ["came"]


def test_a_pause_is_at_most_the_longest_however_many_attempts_failed() -> None:
    retry = Retry(attempts=10_000, delay=1.0, factor=2.0, max_delay=300.0, jitter=0.0)
    assert [retry.pause(FailureKind.RATE, attempt, 0.5) for attempt in (1, 5, 20, 1_025, 9_999)] == [
        1,
        16,
        300,
        300,
        300,
    ]
    assert Retry(delay=0.0, jitter=0.0).pause(FailureKind.RATE, 5_000, 0.5) == 0.0
