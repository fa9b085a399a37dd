"""After a retry or a fork the code may go another way: nothing is done twice unasked, lost, or waited for in vain."""

from typing import Any

import pytest

from podium import App, Approval, Context, Retry, RunState, Steps, agent, workflow
from podium.errors import CallError, CallFailed, NotPossible, RunFailed
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


class Line:
    """An agent that is away until the line is up."""

    def __init__(self) -> None:
        self.up = False

        @agent(name="away")
        async def away(value: Json = None) -> Json:
            if not self.up:
                raise ConnectionError("the line is down")
            return value

        self.agent = away


def shifting(line: Line, part: Any, *, nested: bool = False) -> Any:
    """Return a workflow that asks for a part at another key once the line is up, and fails of its own until then."""

    @workflow(name="shifting")
    async def shifts(ctx: Context) -> Json:
        worked = None
        try:
            worked = await ctx.call(line.agent, "there")
            await ctx.call(echo, "one more call, so that keys shift")
        except CallFailed:
            pass
        value = await part(ctx, worked)
        if worked is None:
            line.up = line.up or nested
            raise LookupError("the line was down")
        return value

    @workflow(name="around")
    async def around(ctx: Context) -> Json:
        return await ctx.call(shifts, retry=Retry(attempts=2, delay=1))

    return around if nested else shifts


async def brought_to_its_end(bench: Bench, app: App, flow: Any, line: Line) -> Any:
    handle = await app.start(flow, id="r")
    await bench.clock.advance(5)
    if (await handle.status()).state is RunState.FAILED:
        line.up = True
        handle = await app.operations.retry("r")
        await bench.clock.advance(5)
    return await handle.result()


@pytest.mark.parametrize("nested", [False, True])
async def test_a_signal_that_was_consumed_is_not_waited_for_again_at_another_key(bench: Bench, *, nested: bool) -> None:
    line = Line()

    async def part(ctx: Context, _: Json) -> Json:
        return await ctx.signal("go", str)

    flow = shifting(line, part, nested=nested)
    async with bench.app(flow) as app:
        handle = await app.start(flow, id="r")
        await handle.signal("go", "now")
        assert await brought_to_its_end(bench, app, flow, line) == "now"


@workflow
async def kid(ctx: Context, value: Json) -> Json:
    return await ctx.call("pay", value)


@pytest.mark.parametrize("nested", [False, True])
async def test_a_child_run_is_not_spawned_again_at_another_key(bench: Bench, *, nested: bool) -> None:
    line, pay = Line(), scripted("pay", lambda value: value, effects="once", witness=bench.witness)

    async def part(ctx: Context, _: Json) -> Json:
        return await (await ctx.spawn(kid, 5)).result()

    flow = shifting(line, part, nested=nested)
    async with bench.app(flow, kid, pay) as app:
        assert await brought_to_its_end(bench, app, flow, line) == 5
    assert bench.witness.count("pay") == 1


async def test_what_is_asked_with_another_input_is_asked_anew(bench: Bench) -> None:
    """A child run, and an approval: what was approved for one thing does not count for another."""
    line, pay = Line(), scripted("pay", lambda value: value)

    async def part(ctx: Context, worked: Json) -> Json:
        child = await ctx.spawn(kid, worked or "instead")
        decision = await ctx.ask(Approval("Publish?", worked or "instead"))
        return [await child.result(), decision.approved]

    @workflow
    async def flow(ctx: Context) -> Json:
        try:
            worked = await ctx.call(line.agent, "there")
        except CallFailed:
            worked = None
        found = await part(ctx, worked)
        if worked is None:
            raise LookupError("the line was down")
        return found

    async with bench.app(flow, kid, pay) as app:
        await app.start(flow, id="r")
        await bench.clock.settle()
        (first,) = await app.inbox.list()
        await app.inbox.answer(first.id, {"approved": True}, by="ann")
        await bench.clock.settle()
        line.up = True
        handle = await app.operations.retry("r")
        await bench.clock.settle()
        (second,) = await app.inbox.list()
        assert (first.ask.subject, second.ask.subject) == ("instead", "there")
        await app.inbox.answer(second.id, {"approved": False}, by="ann")
        assert await handle.result() == ["there", False]


async def test_a_once_step_asks_before_it_is_done_with_another_input(bench: Bench) -> None:
    line = Line()

    @agent
    async def pays(value: str, steps: Steps) -> str:
        async def pay() -> str:
            bench.witness.saw("paid", value)
            return value

        return await steps.once("pay", pay, input=value, effects="once")

    @workflow
    async def flow(ctx: Context) -> Json:
        try:
            worked = await ctx.call(line.agent, "there")
        except CallFailed:
            worked = None
        paid = await ctx.call(pays, worked or "instead")
        if worked is None:
            raise LookupError("the line was down")
        return paid

    async with bench.app(flow) as app:
        with pytest.raises(RunFailed):
            await app.run(flow, id="r")
        line.up = True
        await app.operations.retry("r")
        await bench.clock.settle()
        assert [question.key for question in await app.inbox.list()] == ["1"]
    assert bench.witness.lines() == ["paid instead"]


async def test_a_fork_asks_about_once_effects_of_agents_and_steps_that_this_process_has_not_met(bench: Bench) -> None:
    @agent(effects="once")
    async def pay(value: int) -> int:
        bench.witness.saw("paid", value)
        return value

    @agent
    async def pays(value: int, steps: Steps) -> int:
        return await steps.once("pay", lambda: pay(value), input=value, effects="once")

    @workflow
    async def flow(ctx: Context) -> list[int]:
        await ctx.call(echo, 0)
        return [await ctx.call(pay, 1), await ctx.once("own", lambda: pay(2), effects="once"), await ctx.call(pays, 3)]

    async with bench.app(flow) as app:
        await app.run(flow, id="r")
    async with bench.app(flow) as app:
        fork = await app.operations.fork("r", "1")
        for key in ("1", "2", "3"):
            await bench.clock.settle()
            (question,) = await app.inbox.list()
            assert question.key == key
            await app.inbox.answer(question.id, {"happened": int(key)}, by="ann")
        assert await fork.result() == [1, 2, 3]
    assert bench.witness.count("paid") == 3


async def test_a_quorum_that_was_not_reached_and_caught_is_replayed(bench: Bench) -> None:
    line = Line()

    @workflow
    async def flow(ctx: Context) -> str:
        try:
            await ctx.gather(ctx.call(echo, 1), ctx.call(line.agent), quorum=2)
        except CallError:
            await ctx.sleep(10)
            return "too few"
        return "enough"

    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=10) == "too few"


async def test_a_retry_gives_a_call_as_much_time_again(bench: Bench) -> None:
    line = Line()

    @workflow
    async def inner(ctx: Context) -> str:
        await ctx.sleep(5)
        await ctx.call(line.agent)
        return "done"

    @workflow
    async def outer(ctx: Context) -> str:
        return await ctx.call(inner, within=8)

    async with bench.app(outer) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(60)
        with pytest.raises(RunFailed):
            await handle.result()
        line.up = True
        assert await (await app.operations.retry("r")).result() == "done"


async def test_a_retry_asks_a_question_again_that_nobody_answered_in_time(bench: Bench) -> None:
    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.ask("Which?", answer=str, within=10)

    async with bench.app(flow) as app:
        handle = await app.start(flow, id="r")
        await bench.clock.advance(20)
        with pytest.raises(RunFailed, match="nobody answered"):
            await handle.result()
        handle = await app.operations.retry("r")
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, "this one", by="ann")
        assert await handle.result() == "this one"


async def test_a_retry_that_is_refused_for_one_child_run_retries_none(bench: Bench) -> None:
    line, refund = Line(), scripted("refund", lambda _: None)

    @workflow
    async def plain_kid(ctx: Context, n: int) -> int:
        bench.witness.saw("plain")
        await ctx.call(line.agent)
        return n

    @workflow
    async def undone_kid(ctx: Context, n: int) -> int:
        await ctx.on_undo(refund, n)
        raise LookupError("no stock")

    @workflow
    async def parent(ctx: Context) -> list[int]:
        kids = [await ctx.spawn(plain_kid, 1), await ctx.spawn(undone_kid, 2)]
        found = await ctx.gather(*(each.result() for each in kids), return_exceptions=True)
        for each in found:
            if isinstance(each, Exception):
                raise ExceptionGroup("kids", [each for each in found if isinstance(each, Exception)])
        return []

    async with bench.app(parent, plain_kid, undone_kid, refund) as app:
        with pytest.raises(RunFailed):
            await app.run(parent, id="p")
        before = bench.witness.count("plain")
        with pytest.raises(NotPossible, match="has begun to undo"):
            await app.operations.retry("p")
        await bench.clock.settle()
        assert bench.witness.count("plain") == before


async def test_a_join_that_is_closed_need_not_be_awaited_nor_what_it_joins(bench: Bench) -> None:
    @workflow
    async def flow(ctx: Context) -> str:
        ctx.gather(ctx.call(echo, 1), ctx.call(echo, 2)).close()
        ctx.race(ctx.call(echo, 1), ctx.call(echo, 2)).close()
        return "done"

    async with bench.app(flow) as app:
        assert await app.run(flow) == "done"
