"""An agent names what undoes it: registered with its answer, called if the workflow fails later."""

from typing import Any

import pytest

from podium import Context, agent, workflow
from podium.errors import RunFailed
from podium.model.json import Json
from tests.unit.engine.bench import Bench


def booking(bench: Bench) -> Any:
    @agent(undo="cancel_booking")
    async def book(what: str) -> str:
        bench.witness.saw("booked", what)
        return f"ticket for {what}"

    @agent
    async def cancel_booking(input: str, value: str) -> None:
        bench.witness.saw("cancelled", input, value.replace(" ", "_"))

    @workflow(name="inner")
    async def inner(ctx: Context, what: str) -> str:
        return await ctx.call(book, what)

    @workflow(name="travels")
    async def travels(ctx: Context, end: str) -> Json:
        await ctx.call(book, "train")
        await ctx.call(inner, "hotel")
        await ctx.gather(ctx.call(book, "car"), ctx.call(book, "boat"))
        await ctx.sleep(10)
        if end == "fails":
            raise ValueError("no visa")
        return "travelled"

    return travels, cancel_booking


@pytest.mark.parametrize("life", ["one", "two"])
async def test_what_succeeded_is_undone_in_reverse(bench: Bench, life: str) -> None:
    travels, cancel = booking(bench)
    if life == "two":
        run = await bench.parked(travels, "fails", cancel)
        with pytest.raises(RunFailed, match="no visa"):
            await bench.result(run, travels, cancel, seconds=10)
    else:
        async with bench.app(travels, cancel) as app:
            handle = await app.start(travels, "fails")
            await bench.clock.advance(10)
            with pytest.raises(RunFailed, match="no visa"):
                await handle.result()
    undone = [line.split(" ")[1] for line in bench.witness.lines() if line.startswith("cancelled")]
    assert undone == ["boat", "car", "hotel", "train"]
    assert bench.witness.count("cancelled", "boat", "ticket_for_boat") == 1


async def test_nothing_is_undone_where_nothing_fails(bench: Bench) -> None:
    travels, cancel = booking(bench)
    run = await bench.parked(travels, "works", cancel)
    assert await bench.result(run, travels, cancel, seconds=10) == "travelled"
    assert bench.witness.count("cancelled") == 0


async def test_a_cancel_undoes_it_too(bench: Bench) -> None:
    travels, cancel = booking(bench)
    async with bench.app(travels, cancel) as app:
        handle = await app.start(travels, "works")
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
    assert bench.witness.count("cancelled") == 4


async def test_the_undo_is_looked_for_before_the_agent_is_asked(bench: Bench) -> None:
    travels, _ = booking(bench)
    async with bench.app(travels) as app:
        handle = await app.start(travels, "works")
        await bench.clock.settle()
        assert "cancel_booking" in (await handle.status()).reason
    assert bench.witness.count("booked") == 0
