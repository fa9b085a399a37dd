"""An app that is closed begins nothing new, and lets what is under way end within its time of grace."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import Approval, Call, Config, Context, RunState, Steps, agent, workflow
from podium.config import override
from podium.errors import ConfigError
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.retry import Retry
from podium.store.operations import Placed
from podium.store.sqlite.workers import Workers
from tests.unit.engine.bench import Bench, facts

GRACE = 10.0


class Slow:
    """Agents that take some seconds of the driven clock, and whose effects the witness counts."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    async def sleep(self, seconds: float) -> None:
        await self.bench.clock.sleep_until(self.bench.clock.now() + seconds)

    def agent(self, name: str, **options: Any) -> Any:
        @agent(name=name, **options)
        async def slow(seconds: float) -> float:
            self.bench.witness.saw("began", name)
            await self.sleep(seconds)
            self.bench.witness.saw("ended", name)
            return seconds

        return slow


@pytest.fixture
def slow(bench: Bench) -> Slow:
    return Slow(bench)


async def left(
    bench: Bench, flow: Any, *, input: Json = None, passes: float = GRACE, before: float = 1.0, grace: float = GRACE
) -> str:
    """Start a run, leave the app while it is driven, let time pass until it is left, and return the run's id."""
    opened, leave = asyncio.Event(), asyncio.Event()
    run = ""

    async def app() -> None:
        nonlocal run
        async with bench.app(flow, grace=grace) as app:
            run = (await app.start(flow, input)).id
            opened.set()
            await leave.wait()

    closing = asyncio.create_task(app())
    await opened.wait()
    await bench.clock.advance(before)
    leave.set()
    await bench.clock.settle()
    await bench.clock.advance(passes)
    async with asyncio.timeout(120):
        await closing
    return run


async def state(bench: Bench, run: str) -> RunState:
    async with bench.app() as app:
        return (await (await app.handle(run)).status()).state


async def questions(bench: Bench) -> list[str]:
    async with bench.app() as app:
        return [question.ask.kind for question in (await app.inbox.list()).items]


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_a_call_that_ends_within_the_grace_time_is_recorded_and_the_next_is_not_begun(
    bench: Bench, slow: Slow, effects: str
) -> None:
    first, second = slow.agent("first", effects=effects), slow.agent("second", effects=effects)

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(first, 5.0) + await ctx.call(second, 1.0)

    run = await left(bench, flow)
    assert bench.witness.lines() == ["began first", "ended first"]
    assert await state(bench, run) is RunState.READY
    assert await bench.result(run, flow, seconds=10) == 6.0
    assert bench.witness.counts() == dict.fromkeys(["began first", "ended first", "began second", "ended second"], 1)


async def test_a_run_whose_last_call_ends_in_time_ends(bench: Bench, slow: Slow) -> None:
    only = slow.agent("only")

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(only, 5.0)

    assert await state(bench, await left(bench, flow)) is RunState.DONE


async def test_the_app_is_left_as_soon_as_nothing_is_under_way(bench: Bench, slow: Slow) -> None:
    first = slow.agent("first")

    @workflow
    async def flow(ctx: Context) -> None:
        while True:
            await ctx.call(first, 5.0)

    await left(bench, flow, passes=4.0, grace=1e6)  # it is waited for; one second had passed before
    assert bench.witness.lines() == ["began first", "ended first"]


async def test_what_is_idempotent_and_takes_longer_is_cut_and_done_again(
    bench: Bench, slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    long = slow.agent("long")

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(long, 100.0)

    run = await left(bench, flow)
    assert bench.witness.lines() == ["began long"]
    assert await bench.result(run, flow, seconds=100) == 100.0
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("place", ["call", "step", "ctx.once"])
async def test_what_happens_once_and_takes_longer_is_in_doubt_and_the_log_names_it(
    bench: Bench, slow: Slow, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    pay = slow.agent("pay", effects="once")

    async def paid() -> float:
        return await pay(100.0)

    @agent(name="desk")
    async def desk(_: None, steps: Steps) -> float:
        return await steps.once("pay", paid, effects="once")

    @workflow
    async def flow(ctx: Context) -> Any:
        match place:
            case "call":
                return await ctx.call(pay, 100.0)
            case "step":
                return await ctx.call(desk)
            case _:
                return await ctx.once("pay", paid, effects="once")

    run = await left(bench, flow)
    (told,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    key = {"call": "0", "step": "0/1/pay#0", "ctx.once": "0"}[place]
    who = {"call": "pay", "step": "pay of desk", "ctx.once": "pay"}[place]
    assert told.startswith(f"{who} (run {run}, key {key}) had not ended")
    async with bench.app(flow) as app:
        await bench.clock.settle()
        (question,) = (await app.inbox.list()).items
        assert question.ask.kind == "in_doubt"
    assert bench.witness.lines() == ["began pay"]


async def test_a_function_in_a_thread_is_waited_for_though_it_cannot_be_cancelled(bench: Bench) -> None:
    gate, begun = threading.Event(), threading.Event()

    @agent(effects="once")
    def pay(x: int) -> int:
        begun.set()
        gate.wait(120)
        bench.witness.saw("paid")
        return x

    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(pay, 1)

    async with bench.app(flow, grace=GRACE) as app:
        run = (await app.start(flow)).id
        await bench.clock.until(begun.is_set)
        asyncio.get_running_loop().call_soon(gate.set)
    assert bench.witness.lines() == ["paid"]
    assert await state(bench, run) is RunState.DONE


async def test_a_branch_that_pays_is_waited_for_while_others_are_held(bench: Bench, slow: Slow) -> None:
    pay, quick = slow.agent("pay", effects="once"), slow.agent("quick")

    async def often(ctx: Context) -> None:
        while True:
            await ctx.call(quick, 2.0)

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.race(ctx.branch(often), ctx.call(pay, 9.0))

    run = await left(bench, flow)
    assert bench.witness.count("ended", "pay") == 1
    assert bench.witness.count("began", "quick") == 1
    assert await questions(bench) == []
    assert await bench.result(run, flow) == 9.0
    assert bench.witness.count("began", "pay") == 1


async def test_steps_under_way_end_and_no_other_begins(bench: Bench, slow: Slow) -> None:
    def step(name: str, seconds: float) -> Callable[[], Awaitable[Json]]:
        async def body() -> Json:
            bench.witness.saw(name)
            await slow.sleep(seconds)
            return seconds

        return body

    @agent
    async def works(_: None, steps: Steps) -> float:
        begun = asyncio.gather(
            *(steps.once(f"step {name}", step(f"step {name}", 2.0 + name)) for name in range(2)),
            steps.once("pay", step("pay", 5.0), effects="once"),
        )
        before = await begun
        return sum([*before, await steps.once("last", step("last", 1.0))])

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(works)

    run = await left(bench, flow, passes=6.0, grace=1e6)
    assert sorted(bench.witness.lines()) == ["pay", "step 0", "step 1"]
    assert await bench.result(run, flow, seconds=10) == 11.0
    assert set(bench.witness.counts().values()) == {1}


async def test_what_is_part_of_an_effect_that_happens_once_still_begins(bench: Bench, slow: Slow) -> None:
    """A `once` call and a `once` step have parts of their own: without these they could not end."""

    async def part(name: str) -> Json:
        bench.witness.saw(name)
        await slow.sleep(1.0)
        return name

    @agent(effects="once")
    async def pays(_: None, steps: Steps) -> list[Json]:
        return [await steps.once(name, lambda name=name: part(name)) for name in ("a", "b")]

    @agent
    async def desk(_: None, steps: Steps) -> Json:
        async def tool() -> Json:
            return [await steps.once(name, lambda name=name: part(name)) for name in ("c", "d")]

        return await steps.once("tool", tool, effects="once")

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.gather(ctx.call(pays), ctx.call(desk))

    run = await left(bench, flow, before=0.5)
    assert sorted(bench.witness.lines()) == ["a", "b", "c", "d"]
    assert await state(bench, run) is RunState.DONE


async def test_a_step_inside_a_step_that_is_held_holds_both(bench: Bench, slow: Slow) -> None:
    """The outer step is under way, and cannot end before the inner one: nobody waits for it."""

    async def inner() -> Json:
        bench.witness.saw("inner")
        return "inner"

    @agent
    async def desk(_: None, steps: Steps) -> Json:
        async def outer() -> Json:
            await slow.sleep(2.0)
            return await steps.once("inner", inner)

        return await steps.once("outer", outer)

    @workflow
    async def flow(ctx: Context) -> Json:
        return await ctx.call(desk)

    run = await left(bench, flow, passes=3.0, grace=1e6)
    assert bench.witness.lines() == []
    assert await bench.result(run, flow, seconds=2) == "inner"


async def test_an_agent_that_gives_a_held_step_up_goes_on(bench: Bench, slow: Slow) -> None:
    async def never() -> Json:
        raise AssertionError

    @agent
    async def impatient(_: None, steps: Steps) -> str:
        await slow.sleep(2.0)
        step = asyncio.ensure_future(steps.once("never", never))
        await slow.sleep(2.0)
        step.cancel()
        return "without it"

    pay = slow.agent("pay", effects="once")

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.gather(ctx.call(impatient), ctx.call(pay, 6.0))

    run = await left(bench, flow)
    assert await state(bench, run) is RunState.DONE


async def test_a_failed_attempt_is_not_tried_again_before_the_next_worker(bench: Bench, slow: Slow) -> None:
    @agent(retry=Retry(attempts=3, delay=1.0))
    async def flaky(_: None, call: Call) -> int:
        bench.witness.saw("attempt", call.attempt)
        await slow.sleep(2.0)
        if call.attempt == 1:
            raise ConnectionError
        return call.attempt

    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(flaky)

    run = await left(bench, flow)
    assert bench.witness.lines() == ["attempt 1"]
    assert await state(bench, run) is RunState.PARKED  # until the second attempt is due
    assert await bench.result(run, flow, seconds=5) == 2


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("when", ["wait", "refuse"])
async def test_a_call_that_waits_for_room_is_not_begun_and_not_in_doubt(
    bench: Bench, slow: Slow, effects: str, when: Any
) -> None:
    limit = Limit(concurrency=1, max_wait=1e6)
    narrow = slow.agent("narrow", effects=effects, limit=limit)

    @workflow
    async def flow(ctx: Context) -> float:
        return sum(await ctx.map(narrow, [6.0, 7.0, 8.0]))

    run = await left(bench, flow, passes=30.0, grace=1e6)
    assert bench.witness.lines() == ["began narrow", "ended narrow"]
    assert await bench.result(run, flow, seconds=60) == 21.0
    assert bench.witness.counts() == {"began narrow": 3, "ended narrow": 3}
    assert await questions(bench) == []


async def test_what_waits_for_people_and_children_is_parked_at_once(bench: Bench) -> None:
    @workflow
    async def child(ctx: Context) -> Any:
        return await ctx.signal("go")

    @workflow
    async def flow(ctx: Context) -> Any:
        below = await ctx.spawn(child, None)
        return await ctx.gather(below.result(), ctx.ask(Approval("And I?"), to="boss"), ctx.sleep(1e6))

    run = await left(bench, flow, passes=0.0, grace=1e6)
    assert await state(bench, run) is RunState.PARKED


async def test_a_run_that_is_replayed_is_let_go_at_once(bench: Bench, slow: Slow) -> None:
    """It has not come to what is new, so nothing of it is under way."""
    quick = slow.agent("quick")
    hangs = False

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.call(quick, 1.0)
        if hangs:
            await asyncio.Event().wait()  # such code is not to be written, nor is it to hold a worker up
        await ctx.call(quick, 1.0)
        await ctx.call(quick, 1e5)

    run = await left(bench, flow, before=2.5, grace=0.0)
    hangs = True
    async with bench.app(flow, grace=1e6):
        await bench.clock.settle()
    hangs = False
    assert await state(bench, run) is RunState.READY


async def test_a_run_that_was_held_is_handed_back_before_its_worker_has_left(bench: Bench, slow: Slow) -> None:
    first, long = slow.agent("first"), slow.agent("long", effects="once")

    @workflow
    async def short(ctx: Context) -> float:
        return await ctx.call(first, 2.0) + await ctx.call(first, 3.0)

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(long, 1e5)

    leave = asyncio.Event()

    async def closing() -> None:
        async with bench.app(short, flow, grace=1e6) as app:
            await app.start(flow, id="r_long")
            await app.start(short, id="r_short")
            await leave.wait()

    leaving = asyncio.create_task(closing())
    await bench.clock.advance(1.0)
    leave.set()
    await bench.clock.settle()
    async with bench.app(short) as other:
        handle = await other.handle("r_short")
        await bench.clock.advance(1.5)

        async def taken() -> bool:
            await bench.clock.advance(1.0)
            return (await handle.status()).state is RunState.DONE

        await bench.clock.until(taken)
        assert not leaving.done()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_second_cancel_cuts_at_once(bench: Bench, slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    pay = slow.agent("pay", effects="once")

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(pay, 1e5)

    async def serve() -> None:
        async with bench.app(flow, grace=1e6) as app:
            await app.start(flow, id="r")
            await asyncio.Event().wait()

    serving = asyncio.create_task(serve())
    await bench.clock.settle()
    for _ in range(2):
        assert not serving.done()
        serving.cancel()
        await bench.clock.settle()
    await asyncio.wait([serving], timeout=120)
    assert serving.cancelled()
    assert "pay (run r, key 0) had not ended" in caplog.text
    assert await state(bench, "r") is RunState.READY


async def test_an_agent_that_swallows_its_cancel_does_not_keep_the_app_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("podium.engine.worker.draining._UNWIND_SECONDS", 0.01)
    enough = asyncio.Event()

    @agent
    async def stubborn(_: None) -> None:
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                continue

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.call(stubborn)

    await left(bench, flow)
    assert "was cut off, and what it called goes on" in caplog.text
    enough.set()


async def test_the_grace_time_ends_by_the_clock_of_the_machine_too(bench: Bench, slow: Slow) -> None:
    """Nobody drives the clock: a test that leaves something under way does not hang."""
    long = slow.agent("long")

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(long, 100.0)

    async with bench.app(flow, grace=0.05) as app:
        await app.start(flow)
        await bench.clock.settle()
    assert bench.witness.lines() == ["began long"]


async def test_facts_of_a_drained_run_are_those_of_one_that_was_never_stopped(bench: Bench, slow: Slow) -> None:
    first, second = slow.agent("first", effects="once"), slow.agent("second", effects="once")

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(first, 5.0) + await ctx.call(second, 1.0)

    run = await left(bench, flow)
    assert await bench.result(run, flow, seconds=1) == 6.0
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(6)
        assert await handle.result() == 6.0
        assert await facts(app, run) == await facts(app, handle.id)


def test_a_grace_time_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sets grace to -1; expected seconds, 0 or more"):
        override(Config(), {"grace": -1})


@pytest.mark.parametrize("cancels", [1, 2, 3])
async def test_runs_are_handed_back_though_cancels_come_meanwhile(
    bench: Bench, slow: Slow, monkeypatch: pytest.MonkeyPatch, cancels: int
) -> None:
    pay, leaving, may_leave = slow.agent("pay"), threading.Event(), threading.Event()
    leave = Workers.leave

    def slowly(workers: Workers, worker: str) -> list[Placed]:
        leaving.set()
        may_leave.wait(120)
        return leave(workers, worker)

    monkeypatch.setattr(Workers, "leave", slowly)

    @workflow
    async def flow(ctx: Context) -> float:
        return await ctx.call(pay, 1e5)

    async def serve() -> None:
        async with bench.app(flow, grace=0) as app:
            await app.start(flow, id="r")
            await bench.clock.settle()

    serving = asyncio.create_task(serve())
    await asyncio.to_thread(leaving.wait, 10)
    for _ in range(cancels):
        serving.cancel()
        await asyncio.sleep(0)
    may_leave.set()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert await state(bench, "r") is RunState.READY
