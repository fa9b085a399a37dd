"""Time limits over several attempts, and what they shorten below them."""

from typing import Any

import pytest

from podium import Call, Context, Retry, agent, human, workflow
from podium.errors import CallFailed, RateLimited, TransportFailed
from podium.model.retry import Backoff, FailureKind
from podium.testing import failing
from tests.unit.engine.bench import Bench


def calling(target: Any, **options: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        try:
            return await ctx.call(target, None, **options)
        except CallFailed as error:
            return [error.kind, error.type]

    return calls


async def test_an_attempt_that_would_begin_too_late_is_not_waited_for(bench: Bench) -> None:
    slow = Retry(attempts=9, delay=40.0, factor=1.0, jitter=0.0)
    flow = calling(failing("away", witness=bench.witness, retry=slow), within=100)
    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=80) == ["timeout", "DeadlinePassed"]
    assert bench.witness.count("away") == 3


async def test_the_time_that_is_left_bounds_each_attempt(bench: Bench) -> None:
    seen: list[float | None] = []

    @agent(timeout=50, retry=Retry(attempts=2, delay=30.0, jitter=0.0))
    async def looks(_: None, call: Call) -> str:
        seen.append(call.timeout)
        raise TransportFailed("away")

    flow = calling(looks, within=60)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(30)
        await handle.result()
    assert seen == [50, 30]


async def test_a_deadline_is_passed_down_to_what_an_inline_workflow_calls(bench: Bench) -> None:
    seen: list[float | None] = []

    @agent
    async def looks(_: None, call: Call) -> str:
        seen.append(call.timeout)
        return "looked"

    @workflow(name="inner")
    async def inner(ctx: Context, _: None) -> str:
        await ctx.sleep(10)
        return await ctx.call(looks, None)

    flow = calling(inner, timeout=25)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        assert await handle.result() == "looked"
    assert seen == [15]


async def test_a_workflow_that_takes_longer_than_the_call_may_is_cut(bench: Bench) -> None:
    @workflow(name="inner")
    async def inner(ctx: Context, _: None) -> str:
        await ctx.sleep(10)
        return "late"

    flow = calling(inner, within=5)
    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=5) == ["timeout", "TimeoutError"]


async def test_a_person_has_no_longer_than_the_call(bench: Bench) -> None:
    flow = calling(human("editor", text="Write it.", answer=str, within=1000), within=60)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(60)
        assert await handle.result() == ["final", "QuestionExpired"]


@pytest.mark.parametrize(("error", "attempts"), [(RateLimited("slow down"), 4), (TransportFailed("away"), 2)])
async def test_each_kind_of_failure_has_its_own_patience(bench: Bench, error: Exception, attempts: int) -> None:
    rate = {FailureKind.RATE: Backoff(attempts=4, delay=100.0, factor=1.0)}
    retry = Retry(attempts=2, delay=1.0, jitter=0.0, per=rate)
    flow = calling(failing("agent", error=error, witness=bench.witness, retry=retry))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(1)
        await bench.clock.advance(99)
        assert bench.witness.count("agent") == 2
        await bench.clock.advance(300)
        await handle.result()
    assert bench.witness.count("agent") == attempts


async def test_a_kind_of_failure_that_is_named_is_tried_again_though_it_is_not_by_default(bench: Bench) -> None:
    retry = Retry(per={FailureKind.VALIDATION: Backoff(attempts=3, delay=0.0)})

    @agent(retry=retry)
    async def counts(_: None, call: Call) -> int:
        bench.witness.saw("asked")
        return "many" if call.attempt < 3 else 3  # type: ignore[return-value]

    async with bench.app(flow := calling(counts)) as app:
        handle = await app.start(flow)
        await bench.clock.advance(0)
        assert await handle.result() == 3
    assert bench.witness.count("asked") == 3
