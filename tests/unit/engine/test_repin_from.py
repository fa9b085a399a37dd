"""A repin from a call does again what was recorded since; what happened once is asked about first."""

from typing import Any

import pytest

from podium import Context, agent, workflow
from podium.agents.function import NOT_DONE
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench
from tests.unit.engine.paying import Desk

echo = scripted("echo", lambda value: value)


class Till(Desk):
    """Has workflows that pay, too."""

    def flow(self, version: str, by: str, *, shifted: bool = False, n: int = 5) -> Any:
        @workflow(name="flow", version=version)
        async def flow(ctx: Context) -> Json:
            await ctx.call(echo, "before")
            if shifted:
                await ctx.call(echo, "one more call, so that keys shift")
            paid = await ctx.call(by, n)
            return [paid, await ctx.signal("go", str)]

        return flow


@pytest.mark.parametrize("by", ["pay", "clerk"])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("n", [5, 6])
@pytest.mark.parametrize(("answer", "paid"), [({"happened": 5}, 1), ({"not_done": True}, 2)])
async def test_an_effect_that_happened_once_is_asked_about(
    bench: Bench, by: str, n: int, answer: Json, paid: int, *, shifted: bool
) -> None:
    desk = Till(bench)
    old, new = desk.flow("1", by), desk.flow("2", by, shifted=shifted, n=n)
    run = await bench.parked(old, None, desk.pay, desk.clerk)
    async with bench.app(old, new, desk.pay, desk.clerk) as app:
        await app.operations.repin(run, "2", from_key="1")
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        assert question.ask.kind == "in_doubt"
        await app.inbox.answer(question.id, answer, by="ann")
        handle = await app.handle(run)
        await handle.signal("go", "on")
        value = await handle.result()
        assert value == [5 if paid == 1 else n, "on"]
    assert bench.witness.count("paid") == paid


async def test_each_effect_stands_for_one_call(bench: Bench) -> None:
    desk = Till(bench)
    old = desk.flow("1", "pay")

    @workflow(name="flow", version="2")
    async def pays_twice(ctx: Context) -> Json:
        await ctx.call(echo, "before")
        return [await ctx.call(desk.pay, 5), await ctx.call(desk.pay, 6)]

    run = await bench.parked(old, None, desk.pay)
    async with bench.app(old, pays_twice, desk.pay) as app:
        await app.operations.repin(run, "2", from_key="1")
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, {"happened": 5}, by="ann")
        assert await (await app.handle(run)).result() == [5, 6]
    assert bench.witness.lines() == ["paid 5", "paid 6"]


async def test_what_verify_knows_nobody_is_asked(bench: Bench) -> None:
    async def verify(n: int) -> Any:
        return n if bench.witness.count("paid", n) else NOT_DONE

    desk = Till(bench, verify=verify)
    old, new = desk.flow("1", "pay"), desk.flow("2", "pay")
    run = await bench.parked(old, None, desk.pay)
    async with bench.app(old, new, desk.pay) as app:
        await app.operations.repin(run, "2", from_key="1")
        handle = await app.handle(run)
        await handle.signal("go", "on")
        assert await handle.result() == [5, "on"]
    assert bench.witness.count("paid") == 1


async def test_signals_that_were_consumed_and_child_runs_are_handed_on(bench: Bench) -> None:
    desk = Till(bench)

    @workflow
    async def kid(ctx: Context, n: int) -> int:
        return await ctx.call(desk.pay, n)

    def flow(version: str, *, shifted: bool = False) -> Any:
        @workflow(name="flow", version=version)
        async def flow(ctx: Context) -> Json:
            await ctx.call(echo, "before")
            if shifted:
                await ctx.call(echo, "one more call, so that keys shift")
            word = await ctx.signal("go", str)
            paid = await (await ctx.spawn(kid, 5)).result()
            return [word, paid, await ctx.signal("end", str)]

        return flow

    old, new = flow("1"), flow("2", shifted=True)
    async with bench.app(old, new, kid, desk.pay) as app:
        handle = await app.start(old)
        await handle.signal("go", "on")
        await bench.clock.settle()
        await app.operations.repin(handle.id, "2", from_key="1")
        await bench.clock.settle()
        await handle.signal("end", "there")
        assert await handle.result() == ["on", 5, "there"]
    assert bench.witness.count("paid") == 1


async def test_a_repin_after_another_one_cuts_at_what_is_recorded_now(bench: Bench) -> None:
    @agent
    async def note(n: int) -> int:
        bench.witness.saw("did", n)
        return n

    @workflow
    async def flow(ctx: Context) -> None:
        for n in range(4):
            await ctx.call(note, n)
        await ctx.signal("go")

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        for cut in (2, 0, 2, 3, 1):
            before = [bench.witness.count("did", n) for n in range(4)]
            await app.operations.repin(handle.id, "1", from_key=str(cut))
            await bench.clock.settle()
            again = [bench.witness.count("did", n) - before[n] for n in range(4)]
            assert again == [0] * cut + [1] * (4 - cut)
