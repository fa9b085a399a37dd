"""Limits, as runs see them: waits in memory and on disk, refusals, and who is next."""

import asyncio
from typing import Any

import pytest

from podium import Call, Config, Context, RunState, Steps, agent, workflow
from podium.errors import CallRefused
from podium.model.budget import Bound
from podium.model.json import Json
from podium.model.limit import Limit, LimitSettings
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench


def asking(member: Any, times: int, name: str = "asks") -> Any:
    @workflow(name=name)
    async def asks(ctx: Context) -> Json:
        answers = await ctx.gather(*(ctx.call(member, n) for n in range(times)), return_exceptions=True)
        return [answer.rule if isinstance(answer, CallRefused) else answer for answer in answers]

    return asks


def noting(bench: Bench, **options: Any) -> Any:
    @agent(name="notes", **options)
    async def notes(n: int) -> int:
        bench.witness.saw("at", bench.clock.now() - 1_700_000_000.0)
        return n

    return notes


def times(bench: Bench) -> list[float]:
    return [float(line.split(" ")[1]) for line in bench.witness.lines()]


async def test_what_has_to_wait_for_long_waits_on_disk_and_nobody_loses_their_turn(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=2, per=60.0)), 5)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        assert handle.status().state is RunState.PARKED
        await bench.clock.advance(59)
        assert len(times(bench)) == 2
        await bench.clock.advance(200)
        assert await handle.result() == [0, 1, 2, 3, 4]
    assert times(bench) == [0, 0, 60, 60, 120]


async def test_the_wait_goes_on_after_a_crash(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=1, per=60.0)), 2)
    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=60) == [0, 1]
    assert len(times(bench)) == 2


async def test_a_short_wait_is_in_memory_and_no_fact(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=1, per=1.0, patience=5.0)), 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(2)
        assert await handle.result() == [0, 1, 2]
        assert "HELD" not in {fact.kind.name for fact in app.facts(handle.id)}
    assert times(bench) == [0, 1, 2]


async def test_or_what_is_too_much_is_refused(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=2, when="refuse")), 3)
    async with bench.app(flow) as app:
        assert await app.run(flow) == [0, 1, "limit:agent:notes"]


async def test_no_more_run_at_once_than_are_allowed_and_the_urgent_first(bench: Bench) -> None:
    gate, seen = asyncio.Event(), list[str]()

    @agent(concurrency=1)
    async def works(_: int, call: Call) -> str:
        seen.append(call.run)
        await gate.wait()
        return call.run

    flow = asking(works, 1)
    async with bench.app(flow) as app:
        handles = [
            await app.start(flow, id=name, priority=priority) for name, priority in (("a", 0), ("b", 0), ("c", 5))
        ]
        await bench.clock.settle()
        assert seen == ["a"]
        gate.set()
        for handle in handles:
            await handle.result()
    assert seen == ["a", "c", "b"]


async def test_whoever_is_cancelled_while_waiting_frees_the_place(bench: Bench) -> None:
    gate = asyncio.Event()

    @agent(concurrency=1)
    async def works(_: int) -> str:
        await gate.wait()
        return "done"

    flow = asking(works, 1)
    async with bench.app(flow) as app:
        first, second, third = [await app.start(flow) for _ in range(3)]
        await bench.clock.settle()
        await second.cancel()
        await bench.clock.settle()
        gate.set()
        assert [await first.result(), await third.result()] == [["done"], ["done"]]


async def test_a_tenant_has_limits_of_its_own(bench: Bench) -> None:
    limits = LimitSettings(tenants={"*": Limit(requests=1, when="refuse")})
    flow = asking(noting(bench), 1)
    async with bench.app(flow, config=Config(limits=limits)) as app:
        said = [(await app.run(flow, tenant=tenant))[0] for tenant in ("a", "a", "b")]
    assert said == [0, "limit:tenant:a", 0]


@pytest.mark.parametrize("where", ["agent", "model", "tenant"])
async def test_tokens_are_bounded_by_what_was_used_in_the_end(bench: Bench, where: str) -> None:
    async def request() -> Json:
        bench.witness.saw("at", bench.clock.now() - 1_700_000_000.0)
        return "answer"

    def usage(_: Json) -> Usage:
        return Usage(input_tokens=20, output_tokens=20)

    limit = Limit(tokens=100, per=60.0)
    own = limit if where == "agent" else None

    @agent(limit=own)
    async def clerk(_: int, steps: Steps) -> Json:
        bound = Bound(input_tokens=30, output_tokens=30)
        return await steps.once("model", request, input={"model": "m"}, usage=usage, bound=bound)

    limits = LimitSettings(
        models={"m": limit} if where == "model" else {}, tenants={"default": limit} if where == "tenant" else {}
    )

    @workflow
    async def asks(ctx: Context) -> list[Json]:
        return [await ctx.call(clerk, n) for n in range(3)]

    async with bench.app(asks, config=Config(limits=limits)) as app:
        handle = await app.start(asks)
        await bench.clock.advance(60)
        assert await handle.result() == ["answer"] * 3
    assert times(bench) == [0, 0, 60]
