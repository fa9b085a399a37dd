"""Limits, as runs see them: waits in memory and on disk, refusals, and who is next."""

import asyncio
from typing import Any

import pytest

from podium import Call, Config, Context, RunState, Steps, agent, workflow
from podium.errors import CallFailed, CallRefused
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
        assert (await handle.status()).state is RunState.PARKED
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
    flow = asking(noting(bench, limit=Limit(requests=1, per=1.0, max_wait=5.0)), 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(2)
        assert await handle.result() == [0, 1, 2]
        assert "HELD" not in {fact.kind.name for fact in await app.runs.facts(handle.id)}
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


async def test_whoever_waits_on_disk_is_not_overtaken_by_those_who_come_later(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=1, per=60.0)), 1)
    async with bench.app(flow) as app:
        for name in ("first", "patient"):
            await app.start(flow, id=name)
            await bench.clock.advance(1)
        await bench.clock.advance(57)
        await app.start(flow, id="newcomer")  # in memory already when the window opens
        await bench.clock.advance(1)
        ends = {name: (await (await app.handle(name)).status()).state for name in ("patient", "newcomer")}
    assert ends == {"patient": RunState.DONE, "newcomer": RunState.PARKED}


async def test_the_urgent_go_first_on_disk_too(bench: Bench) -> None:
    seen: list[str] = []

    @agent(limit=Limit(requests=1, per=60.0))
    async def works(_: int, call: Call) -> None:
        seen.append(call.run)

    flow = asking(works, 1)
    async with bench.app(flow) as app:
        for n in range(4):
            await app.start(flow, id=f"plain {n}")
            await bench.clock.advance(1)
        await app.start(flow, id="urgent", priority=10)
        await bench.clock.advance(300)
    assert seen == ["plain 0", "urgent", "plain 1", "plain 2", "plain 3"]


async def test_whoever_is_sent_away_by_one_limit_takes_no_place_in_another(bench: Bench) -> None:
    limits = LimitSettings(tenants={"small": Limit(requests=1, per=60.0)})
    flow = asking(noting(bench, limit=Limit(requests=2, per=60.0)), 1)
    async with bench.app(flow, config=Config(limits=limits)) as app:
        for tenant in ("small", "small", "large"):
            await app.start(flow, tenant=tenant)
            await bench.clock.settle()
    assert times(bench) == [0, 0]


async def test_a_call_does_not_queue_beyond_its_deadline(bench: Bench) -> None:
    gate = asyncio.Event()

    @agent(concurrency=1)
    async def works(_: int) -> str:
        await gate.wait()
        return "done"

    @workflow
    async def hurried(ctx: Context) -> str:
        try:
            return await ctx.call(works, 0, within=5)
        except CallFailed as error:
            return error.type

    busy = asking(works, 1)
    async with bench.app(busy, hurried) as app:
        first = await app.start(busy)
        await bench.clock.settle()
        second = await app.start(hurried)
        await bench.clock.advance(5)
        assert await second.result() == "DeadlinePassed"
        gate.set()
        assert await first.result() == ["done"]


async def test_whoever_waits_too_long_for_an_end_waits_on_disk(bench: Bench) -> None:
    gate = asyncio.Event()

    @agent(limit=Limit(concurrency=1, max_wait=2.0))
    async def works(_: int) -> str:
        await gate.wait()
        return "done"

    flow = asking(works, 1)
    async with bench.app(flow) as app:
        first, second = await app.start(flow), await app.start(flow)
        await bench.clock.advance(1)
        assert (await second.status()).state is RunState.RUNNING
        await bench.clock.advance(1)
        assert (await second.status()).state is RunState.PARKED
        gate.set()
        await bench.clock.advance(5)
        assert [await first.result(), await second.result()] == [["done"], ["done"]]


async def test_whoever_waits_for_an_end_by_the_card_alone_waits_in_memory(bench: Bench) -> None:
    gate = asyncio.Event()

    @agent(concurrency=1)
    async def works(_: int) -> str:
        await gate.wait()
        return "done"

    flow = asking(works, 1)
    async with bench.app(flow) as app:
        first, second = await app.start(flow), await app.start(flow)
        await bench.clock.advance(100)
        assert (await second.status()).state is RunState.RUNNING
        gate.set()
        assert [await first.result(), await second.result()] == [["done"], ["done"]]


async def test_a_card_can_bound_both_what_is_at_once_and_the_rate(bench: Bench) -> None:
    most, now = 0, 0

    @agent(concurrency=2, limit=Limit(requests=3, when="refuse"))
    async def works(n: int) -> int:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return n

    flow = asking(works, 4)
    async with bench.app(flow) as app:
        assert await app.run(flow) == [0, 1, 2, "limit:agent:works"]
    assert most == 2


async def test_whoever_is_cancelled_on_disk_gives_the_place_back_at_once(bench: Bench) -> None:
    flow = asking(noting(bench, limit=Limit(requests=1, per=60.0)), 1)
    async with bench.app(flow) as app:
        await app.start(flow)
        await bench.clock.settle()
        gone = await app.start(flow)
        await bench.clock.settle()
        await gone.cancel()
        await bench.clock.advance(59)
        await app.start(flow)
        await bench.clock.advance(1)
    assert times(bench) == [0, 60]


async def test_a_branch_that_loses_a_race_gives_its_place_back_at_once(bench: Bench) -> None:
    member = noting(bench, limit=Limit(requests=1, per=60.0))

    @workflow
    async def races(ctx: Context) -> Json:
        await ctx.call(member, 0)
        return await ctx.race(ctx.call(member, 1), ctx.sleep(10))

    flow = asking(member, 1)
    async with bench.app(races, flow) as app:
        await app.start(races)
        await bench.clock.advance(30)
        await app.start(flow)
        await bench.clock.advance(30)
    assert times(bench) == [0, 60]
