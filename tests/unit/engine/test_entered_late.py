"""A called workflow that a rule turned away before it was entered is tried again like any other call."""

from podium import Context, Retry, workflow
from podium.guards import guard
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


async def test_a_workflow_whose_guard_was_broken_at_first_is_tried_again(bench: Bench) -> None:
    def check(_: Json) -> None:
        bench.witness.saw("checked")
        if bench.witness.count("checked") == 1:
            raise ConnectionError("the guard cannot be reached")

    @workflow(name="inner", guards=(guard(check, name="moody", on=["input"]),))
    async def inner(ctx: Context, text: str) -> Json:
        return await ctx.call(echo, text)

    @workflow
    async def outer(ctx: Context) -> Json:
        return await ctx.call(inner, "x", retry=Retry(attempts=3, delay=1))

    async with bench.app(outer, inner) as app:
        handle = await app.start(outer)
        await bench.clock.advance(20)
        assert await handle.result() == "x"
    assert bench.witness.count("checked") == 2
