"""A fork does nothing again unasked that happens once: at whichever key it asks for it, and in whichever child run."""

from typing import Any

import pytest

from podium import App, Context, workflow
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench
from tests.unit.engine.paying import Desk

echo = scripted("echo", lambda value: value)


async def told_truly(bench: Bench, app: App, *, happened: int) -> int:
    """Answer those who ask whether it happened; returns how many asked."""
    asked = 0
    await bench.clock.settle()
    while questions := await app.inbox.list():
        for question in questions:
            assert question.ask.kind == "in_doubt"
            asked += 1
            await app.inbox.answer(question.id, {"happened": happened}, by="ann")
        await bench.clock.settle()
    return asked


async def test_an_effect_is_asked_about_at_another_key_too_and_stands_for_one_call(bench: Bench) -> None:
    desk = Desk(bench)

    @workflow
    async def flow(ctx: Context) -> Json:
        many = await ctx.call(echo, 1)
        for _ in range(many):
            await ctx.call(echo, "and so keys shift")
        found = [await ctx.call(desk.pay, 5)]
        return [*found, await ctx.call(desk.pay, 6)] if many == 3 else found

    async with bench.app(flow, desk.pay) as app:
        await app.run(flow, id="r")
        for many, value in ((2, [5]), (3, [5, 6])):
            fork = await app.operations.fork("r", "0", input=many)
            assert await told_truly(bench, app, happened=5) == 1
            assert await fork.result() == value
    assert bench.witness.lines() == ["paid 5", "paid 6"]


@pytest.mark.parametrize("by", ["pay", "clerk"])
@pytest.mark.parametrize("cut", ["0", "2"])
@pytest.mark.parametrize("deep", [False, True])
async def test_a_child_run_that_is_started_anew_asks_about_its_effects(
    bench: Bench, by: str, cut: str, *, deep: bool
) -> None:
    desk = Desk(bench)

    @workflow
    async def kid(ctx: Context, n: int) -> int:
        return await ctx.call(by, n)

    @workflow
    async def elder(ctx: Context, n: int) -> int:
        return await (await ctx.spawn(kid, n)).result()

    @workflow
    async def flow(ctx: Context) -> Any:
        await ctx.call(echo, "before")
        child = await ctx.spawn(elder if deep else kid, 5)
        await ctx.call(echo, "between")
        return await child.result()

    async with bench.app(flow, elder, kid, desk.pay, desk.clerk) as app:
        await app.run(flow, id="r")
        fork = await app.operations.fork("r", cut)
        again = [await app.operations.fork(fork.id, "0")] if cut != "0" else []  # before the first one has begun
        for each in (fork, *again):
            await told_truly(bench, app, happened=5)
            assert await each.result() == 5
    assert bench.witness.count("paid") == 1
