"""What one process learned that another one on the store goes by: kept answers, trust, and what was said in a run."""

import asyncio
from typing import Any

from podium import Context, agent, workflow
from podium.errors import CallFailed, CallRefused
from podium.model.json import Json
from podium.model.loops import Loops
from tests.unit.engine.bench import Bench

FRESH = 60.0
"""Seconds after which a process folds anew how far agents are trusted."""


def asking(member: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context, what: Json) -> Json:
        try:
            return await ctx.call(member, what)
        except CallFailed as error:
            return error.type

    return asks


def knowing(bench: Bench, process: str, gate: asyncio.Event | None = None) -> Any:
    @agent(name="knows", cache=60.0)
    async def knows(what: Json) -> Json:
        bench.witness.saw("asked")
        if gate is not None:
            await gate.wait()
        return f"{what} by {process}"

    return asking(knows)


async def test_an_answer_that_one_process_kept_is_given_by_the_other(bench: Bench) -> None:
    one, other = knowing(bench, "one"), knowing(bench, "other")
    async with bench.app(one) as first, bench.app(other) as second:
        assert await first.run(one, "tea") == await second.run(other, "tea") == "tea by one"
    assert bench.witness.count("asked") == 1


async def test_two_processes_that_ask_the_same_at_once_ask_once_each(bench: Bench) -> None:
    gate = asyncio.Event()
    one, other = knowing(bench, "one", gate), knowing(bench, "other", gate)
    async with bench.app(one) as first, bench.app(other) as second:
        runs = [await app.start(flow, "tea") for app, flow in ((first, one), (second, other)) for _ in range(3)]
        await bench.clock.settle()
        gate.set()
        found = [await run.result() for run in runs]
        assert set(found) <= {"tea by one", "tea by other"}
        assert bench.witness.count("asked") == 2
        assert await first.run(one, "tea") == await second.run(other, "tea")


async def test_what_lost_an_agent_its_trust_in_one_process_does_so_in_the_other_within_a_minute(bench: Bench) -> None:
    @agent
    async def shaky(what: Json) -> Json:
        raise ValueError(what)

    flow = asking(shaky)
    async with bench.app(flow, shaky) as first, bench.app(shaky) as second:
        before = await second.reports.trust("shaky")
        for n in range(5):
            await first.run(flow, n)
        assert await first.reports.trust("shaky") < before
        await bench.clock.advance(FRESH)
        assert await second.reports.trust("shaky") == await first.reports.trust("shaky")


async def test_who_goes_in_circles_is_stopped_also_where_another_process_goes_on_with_the_run(bench: Bench) -> None:
    @agent
    async def parrot(what: Json) -> str:
        bench.witness.saw("asked")
        if bench.witness.count("asked") == 3:
            await asyncio.Event().wait()
        return f"heard {what}"

    @workflow
    async def loops(ctx: Context) -> str:
        try:
            for _ in range(6):
                await ctx.call(parrot, "hello")
        except CallRefused as error:
            return error.rule
        return "never"

    rule = Loops(identical=3, then="stop")
    async with bench.app(loops, parrot, loops=rule) as app:
        run = (await app.start(loops)).id
        await bench.clock.until(lambda: bench.witness.count("asked") == 3)
    async with bench.app(loops, parrot, loops=rule) as app:
        assert await (await app.handle(run)).result() == "loop:identical"
    assert bench.witness.count("asked") == 3 + 1  # what was under way is asked again
