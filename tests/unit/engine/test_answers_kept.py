"""Nobody is asked the same twice: an answer is handed back where a retry or a repin has the code ask at another key."""

from typing import Any

import pytest

from podium import App, Approval, Context, Retry, agent, workflow
from podium.errors import CallFailed, RunFailed
from podium.model.json import Json
from podium.reports.audit import audit
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


async def shift(ctx: Context, line: Line) -> bool:
    """Make one more call than before once the line is up."""
    try:
        await ctx.call(line.agent, "there")
        await ctx.call(echo, "one more call, so that keys shift")
    except CallFailed:
        return False
    return True


async def answered(bench: Bench, app: App, value: Json) -> None:
    (question,) = await app.inbox.list()
    await app.inbox.answer(question.id, value, by="ann")
    await bench.clock.settle()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("crash", [False, True])
async def test_a_question_that_was_answered_is_not_asked_again_at_another_key(
    bench: Bench, *, nested: bool, crash: bool
) -> None:
    line = Line()

    @workflow
    async def flow(ctx: Context) -> Json:
        shifted = await shift(ctx, line)
        word = await ctx.ask("Which?", answer=str)
        decision = await ctx.ask(Approval("Publish?", {"n": 1}))
        if not shifted:
            line.up = True
            raise LookupError("the line was down")
        return [word, decision.approved, decision.by]

    @workflow
    async def around(ctx: Context) -> Json:
        return await ctx.call(flow, retry=Retry(attempts=2, delay=1))

    outer = around if nested else flow
    async with bench.app(outer, flow) as app:
        await app.start(outer, id="r")
        await bench.clock.settle()
        await answered(bench, app, "this one")
        await answered(bench, app, {"approved": True})
        if not nested:
            await app.operations.retry("r")
        await bench.clock.advance(0.0 if crash else 5)
    async with bench.app(outer, flow) as app:
        await bench.clock.advance(5)
        assert await (await app.handle("r")).result() == ["this one", True, ["ann"]]
        assert await app.inbox.list() == await app.inbox.list(run="nobody")
        assert (await audit(app.store)).faults == []


async def test_one_answer_stands_for_one_question(bench: Bench) -> None:
    """What was approved once is approved once: whoever asks the same again for another effect is answered anew."""
    line = Line()

    @workflow
    async def flow(ctx: Context) -> Json:
        shifted = await shift(ctx, line)
        found = [(await ctx.ask(Approval("Pay?", 5))).approved]
        if not shifted:
            raise LookupError("the line was down")
        return [*found, (await ctx.ask(Approval("Pay?", 5))).approved]

    async with bench.app(flow) as app:
        await app.start(flow, id="r")
        await bench.clock.settle()
        await answered(bench, app, {"approved": True})
        line.up = True
        handle = await app.operations.retry("r")
        await bench.clock.settle()
        await answered(bench, app, {"approved": False})
        assert await handle.result() == [True, False]


@pytest.mark.parametrize(
    ("other", "to", "quorum"),
    [(("Pay?", 6), "ann", 1), (("Pay!", 5), "ann", 1), (("Pay?", 5), "boss", 1), (("Pay?", 5), "ann", 2)],
)
async def test_another_question_is_asked(bench: Bench, other: tuple[str, int], to: str, quorum: int) -> None:
    line = Line()

    @workflow
    async def flow(ctx: Context) -> Json:
        shifted = await shift(ctx, line)
        if shifted:
            return (await ctx.ask(Approval(*other), to=to, quorum=quorum)).approved
        decision = await ctx.ask(Approval("Pay?", 5), to="ann")
        raise LookupError(f"the line was down: {decision.approved}")

    async with bench.app(flow) as app:
        await app.start(flow, id="r")
        await bench.clock.settle()
        await answered(bench, app, {"approved": True})
        with pytest.raises(RunFailed):
            await (await app.handle("r")).result()
        line.up = True
        await app.operations.retry("r")
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        assert (question.ask.text, question.ask.to, question.ask.quorum) == (other[0], to, quorum)


@pytest.mark.parametrize("shifted", [False, True])
async def test_a_repin_from_a_call_asks_nobody_again(bench: Bench, *, shifted: bool) -> None:
    def flow(version: str, *, shifted: bool = False) -> Any:
        @workflow(name="flow", version=version)
        async def flow(ctx: Context) -> Json:
            await ctx.call(echo, "before")
            if shifted:
                await ctx.call(echo, "one more")
            return [await ctx.ask("Which?", answer=str), await ctx.signal("go", str)]

        return flow

    old, new = flow("1"), flow("2", shifted=shifted)
    async with bench.app(old, new) as app:
        handle = await app.start(old)
        await bench.clock.settle()
        await answered(bench, app, "this one")
        await app.operations.repin(handle.id, "2", from_key="0")
        await handle.signal("go", "on")
        assert await handle.result() == ["this one", "on"]
