"""Attempts: delays, lineages and time-outs; what was recorded of them survives a crash."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from podium import Call, CallError, Context, Retry, RunState, Steps, agent, workflow
from podium.errors import NotDone, RateLimited, Refusal, RunFailed
from podium.model.fact import FactKind
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench

PATIENT = Retry(attempts=4, delay=10.0, factor=2.0, jitter=0.0)


def calling(target: Any, **options: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target, None, **options)

    return calls


async def test_delays_grow_and_are_kept_on_the_clock(bench: Bench) -> None:
    flow = calling(failing("flaky", times=3, then="ok", witness=bench.witness, retry=PATIENT))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        for seconds, attempts in ((0, 1), (9, 1), (1, 2), (19, 2), (1, 3), (39, 3), (1, 4)):
            await bench.clock.advance(seconds)
            assert bench.witness.count("flaky") == attempts
        assert await handle.result() == "ok"


async def test_a_crash_does_not_reset_the_count(bench: Bench) -> None:
    flow = calling(failing("flaky", witness=bench.witness, retry=PATIENT))
    run = await bench.parked(flow)
    for seconds in (10, 20, 40):
        stands = await bench.ended(run, flow, seconds=seconds)
    assert stands.state is RunState.FAILED
    assert bench.witness.count("flaky") == 4


async def test_the_other_side_may_ask_for_a_longer_delay(bench: Bench) -> None:
    flow = calling(
        failing(
            "busy",
            times=1,
            then=1,
            error=RateLimited("slow down", retry_after=500),
            witness=bench.witness,
            retry=PATIENT,
        )
    )
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(499)
        assert bench.witness.count("busy") == 1
        await bench.clock.advance(1)
        assert await handle.result() == 1


def busy(bench: Bench, seconds: float, retry: Retry = PATIENT, fallback: tuple[str, ...] = ()) -> Any:
    error = RateLimited("slow down", retry_after=seconds)
    return failing("busy", times=1, then=1, error=error, witness=bench.witness, retry=retry, fallback=fallback)


async def test_as_long_as_was_agreed_is_waited_for_whoever_asks_for_it(bench: Bench) -> None:
    flow = calling(busy(bench, 3_600))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(3_600)
        assert await handle.result() == 1


async def test_who_asks_for_longer_than_was_agreed_makes_the_call_fail_at_once_and_says_when(bench: Bench) -> None:
    flow = calling(busy(bench, 86_400))
    async with bench.app(flow) as app:
        again = datetime.fromtimestamp(bench.clock.now() + 86_400, UTC).strftime("%Y-%m-%d %H:%M")
        with pytest.raises(RunFailed, match=rf"slow down; it wants to be asked again in 86400 s at {again}:\d\d UTC, "):
            await app.run(flow)
    assert bench.witness.count("busy") == 1


async def test_a_day_is_waited_for_where_that_was_agreed(bench: Bench) -> None:
    flow = calling(busy(bench, 86_400, retry=Retry(attempts=2, max_retry_after="1d")))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(86_400)
        assert await handle.result() == 1


async def test_a_fallback_is_taken_at_once_where_the_other_side_asks_for_too_long(bench: Bench) -> None:
    flow = calling(busy(bench, 1e300, fallback=("other",)))
    async with bench.app(flow, scripted("other", ["in its stead"])) as app:
        handle = await app.start(flow)
        assert await handle.result() == "in its stead"
        [fell] = [fact.body["why"] for fact in await handle.facts() if fact.kind is FactKind.RETRY]
        assert "longer than the 3600 s that it may have us wait (max_retry_after of the Retry of busy)" in fell


async def test_a_refusal_is_not_tried_again(bench: Bench) -> None:
    flow = calling(failing("strict", error=Refusal("no"), witness=bench.witness, retry=PATIENT))
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed, match="Refusal: no"):
            await app.run(flow)
    assert bench.witness.count("strict") == 1


async def test_a_call_may_bring_its_own_retry(bench: Bench) -> None:
    flow = calling(failing("flaky", times=1, then="ok"), retry=PATIENT)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        assert await handle.result() == "ok"


@pytest.mark.parametrize(
    ("error", "lineage"), [(ConnectionError("cut"), 1), (TimeoutError("late"), 1), (ValueError("bug"), 2)]
)
async def test_a_lineage_goes_on_after_a_transport_error_and_starts_afresh_after_a_bug(
    bench: Bench, error: Exception, lineage: int
) -> None:
    @agent(retry=PATIENT)
    async def staged(steps: Steps, call: Call) -> int:
        async def paid() -> int:
            bench.witness.saw("paid")
            return 1

        await steps.once("pay", paid)
        if call.attempt == 1:
            raise error
        return call.lineage

    flow = calling(staged)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        assert await handle.result() == lineage
    assert bench.witness.count("paid") == 1


async def test_a_hanging_agent_times_out(bench: Bench) -> None:
    flow = calling(hanging("never"), timeout=0.01)
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed, match=r"never failed at 0: TimeoutError: no answer within 0.01 s"):
            await app.run(flow)


async def test_an_inline_workflow_times_out_by_a_durable_timer(bench: Bench) -> None:
    @workflow(timeout=100)
    async def slow(ctx: Context) -> None:
        await ctx.sleep(1_000)

    @workflow
    async def outer(ctx: Context) -> str:
        try:
            await ctx.call(slow)
        except CallError as error:
            return str(error)
        return "no error"

    run = await bench.parked(outer, None, slow)
    await bench.clock.advance(60)
    assert (await bench.ended(run, outer, slow)).state is RunState.PARKED
    assert "no answer within 100 s" in await bench.result(run, outer, slow, seconds=40)


async def test_an_inline_workflow_that_is_tried_again_goes_on_with_what_it_did(bench: Bench) -> None:
    @workflow(retry=PATIENT)
    async def inner(ctx: Context) -> int:
        n = len(bench.witness.lines())
        await ctx.call(scripted("seen", lambda n: n, witness=bench.witness), 1)
        if n == 0:
            raise ConnectionError("cut")
        return n

    flow = calling(inner)
    run = await bench.parked(flow, None, inner)
    assert await bench.result(run, flow, inner, seconds=10) == 1
    assert bench.witness.lines() == ["seen 0.0"]


async def test_a_failed_call_is_raised_with_its_kind_and_key_also_on_replay(bench: Bench) -> None:
    seen: list[tuple[str, str, str]] = []

    @workflow
    async def catches(ctx: Context) -> None:
        try:
            await ctx.call(failing("bad", error=KeyError("x")))
        except CallError as error:
            seen.append((type(error).__name__, str(error), getattr(error, "kind", "")))
        await ctx.sleep(10)

    run = await bench.parked(catches)
    await bench.result(run, catches, seconds=10)
    assert len(seen) == 2
    assert seen[0] == seen[1] == ("CallFailed", "bad failed at 0: KeyError: 'x'", "bug")


async def test_each_attempt_that_will_be_followed_is_a_fact(bench: Bench) -> None:
    flow = calling(failing("flaky", times=2, then="ok", error=NotDone("x"), retry=PATIENT))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(30)
        await handle.result()
        retries = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.RETRY]
        assert [(each["attempt"], each["lineage"], each["kind"]) for each in retries] == [
            (2, 1, "transport"),
            (3, 1, "transport"),
        ]


async def test_a_call_in_flight_at_a_crash_is_tried_again_as_the_same_attempt(bench: Bench) -> None:
    stuck = asyncio.Event()
    attempts: list[tuple[int, str]] = []

    @agent
    async def work(call: Call) -> str:
        attempts.append((call.attempt, call.idempotency_key))
        await stuck.wait()
        return "ok"

    flow = calling(work)
    run = await bench.parked(flow, None, work)
    stuck.set()
    assert await bench.result(run, flow, work) == "ok"
    assert attempts == [(1, f"{run}:0"), (1, f"{run}:0")]
