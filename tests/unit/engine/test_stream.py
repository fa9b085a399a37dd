"""Chunks go to whoever watches; they are no facts, and a replay repeats none."""

import asyncio

from podium import Call, Context, Retry, Steps, agent, workflow
from podium.facade.handle import AnyHandle
from podium.services.stream import Chunk
from podium.testing import scripted
from tests.unit.engine.bench import Bench


async def watch(handle: AnyHandle, chunks: list[Chunk]) -> None:
    chunks.extend([chunk async for chunk in handle.stream()])


async def test_chunks_arrive_in_order_are_numbered_and_are_no_facts(bench: Bench) -> None:
    @agent
    async def writer(_: None, steps: Steps) -> str:
        for word in ("a", "b"):
            steps.emit(word)
        return "ab"

    @workflow
    async def writes(ctx: Context) -> str:
        await ctx.sleep(1)
        return await ctx.call(writer)

    chunks: list[Chunk] = []
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        watching = asyncio.create_task(watch(handle, chunks))
        await bench.clock.advance(1)
        await watching
        assert [(each.key, each.attempt, each.n, each.data) for each in chunks] == [("1", 1, 0, "a"), ("1", 1, 1, "b")]
        assert b'"a"' not in [fact.payload for fact in await app.runs.facts(handle.id)]


async def test_a_new_attempt_says_that_what_was_streamed_is_void(bench: Bench) -> None:
    @agent(retry=Retry(attempts=2, delay=5, jitter=0))
    async def writer(_: None, steps: Steps, call: Call) -> str:
        steps.emit(f"try {call.attempt}")
        if call.attempt == 1:
            raise ConnectionError("cut")
        return "ok"

    @workflow
    async def writes(ctx: Context) -> str:
        await ctx.sleep(1)
        return await ctx.call(writer)

    chunks: list[Chunk] = []
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        watching = asyncio.create_task(watch(handle, chunks))
        await bench.clock.advance(10)
        await watching
    assert [(each.data, each.reset) for each in chunks] == [("try 1", False), ("try 2", True)]


async def test_a_replay_streams_nothing_again(bench: Bench) -> None:
    @agent
    async def writer(_: None, steps: Steps) -> str:
        steps.emit("once")
        return "ok"

    @workflow
    async def writes(ctx: Context) -> None:
        ctx.emit("begun")
        await ctx.call(writer)
        await ctx.signal("go")
        ctx.emit("went on")
        await ctx.call(scripted("end", lambda n: n), 1)

    run = await bench.parked(writes)
    chunks: list[Chunk] = []
    async with bench.app(writes) as app:
        watching = asyncio.create_task(watch(await app.handle(run), chunks))
        await bench.clock.settle()
        await (await app.handle(run)).signal("go")
        await watching
    assert [each.data for each in chunks] == ["went on"]
