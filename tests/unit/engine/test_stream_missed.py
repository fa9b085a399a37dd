"""A reader is told what it missed, what is void, and never what was deleted."""

import asyncio
from contextlib import nullcontext

import pytest

from podium import Context, Retry, RunStream, Steps, agent, workflow
from podium.errors import UnknownRun, UsageError
from podium.model.streams import (
    Gone,
    RequestStarted,
    StreamContent,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from podium.model.streams.numbers import told_number
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_stream import emitted, watch, writer, writes

pytestmark = pytest.mark.usefixtures("facts_at_once")


async def test_a_number_that_the_run_cannot_have_given_is_refused(bench: Bench) -> None:
    """It is of another run, or of another store: whoever reads would wait for ever, or miss the end."""
    async with bench.app(writes) as app:
        async with app.run_stream(writes) as stream:
            with pytest.raises(UsageError, match=r"expected the number of an event of run run_1, which has not come"):
                await anext(stream.handle.stream(after=told_number(20, 0)))
            await bench.clock.advance(1)
            assert await stream.result() == "ab"
        for after in (told_number(20, 0), 1 << 60, 1 << 200):
            with pytest.raises(UsageError, match="which has not come so far"):
                await anext(stream.handle.stream(after=after))


@workflow
async def parks(ctx: Context) -> str:
    await ctx.call(writer)
    await ctx.signal("go")
    return await ctx.call(writer)


def lost(events: list[StreamEvent]) -> list[int | None]:
    return [event.content.lost for event in events if isinstance(event.content, Gone)]


async def test_what_was_told_before_the_run_left_memory_is_missed_by_a_reader_that_comes_then(bench: Bench) -> None:
    events: list[StreamEvent] = []
    async with bench.app(parks) as app:
        handle = await app.start(parks)
        await bench.clock.settle()
        watching = asyncio.create_task(watch(handle, events, after=0))
        await bench.clock.settle()
        await handle.signal("go")
        await watching
    assert emitted(events) == ["a", "b"]
    assert lost(events) == [2]


async def test_what_a_process_told_that_is_gone_is_missed_and_nobody_knows_how_much(bench: Bench) -> None:
    run = await bench.parked(parks)
    events: list[StreamEvent] = []
    async with bench.app(parks) as app:
        handle = await app.handle(run)
        watching = asyncio.create_task(watch(handle, events, after=0))
        await bench.clock.settle()
        await handle.signal("go")
        await watching
    assert emitted(events) == ["a", "b"]
    assert lost(events) == [None]


async def test_nothing_is_missed_where_a_run_leaves_memory_while_it_is_read(bench: Bench) -> None:
    async with bench.app(parks) as app, app.run_stream(parks) as stream:
        reading = asyncio.create_task(_all(stream))
        await bench.clock.settle()
        await stream.handle.signal("go")
        events = await reading
        assert emitted(events) == ["a", "b", "a", "b"]
        assert lost(events) == []
        for cut in events:
            again: list[StreamEvent] = []
            await watch(stream.handle, again, after=cut.number)
            assert again == events[events.index(cut) + 1 :], cut


async def test_a_reader_that_comes_after_the_end_gets_what_is_recorded_and_no_gone(bench: Bench) -> None:
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        await bench.clock.advance(1)
        await handle.result()
        events: list[StreamEvent] = []
        await watch(handle, events, after=0)
    assert [event.type for event in events] == ["run_started", "call_ended", "call_started", "call_ended", "run_ended"]


async def test_now_begins_now_though_somebody_else_reads_already(bench: Bench) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @workflow
    async def talking(ctx: Context) -> str:
        ctx.emit("before")
        begun.set()
        await go.wait()
        ctx.emit("after")
        return "ok"

    from_now: list[StreamEvent] = []
    async with bench.app(talking) as app, app.run_stream(talking) as stream:
        await begun.wait()
        reading = asyncio.create_task(watch(stream.handle, from_now))
        await bench.clock.settle()
        go.set()
        await reading
        assert [event.type for event in from_now] == ["emitted", "run_ended"]
        assert emitted(from_now) == ["after"]


async def _all(stream: RunStream[str]) -> list[StreamEvent]:
    return [event async for event in stream]


@pytest.mark.parametrize("how", ["redact", "prune"])
async def test_what_is_redacted_or_pruned_is_told_no_more(bench: Bench, how: str) -> None:
    async with bench.app(writes) as app:
        async with app.run_stream(writes) as stream:
            await bench.clock.advance(1)
            events = [event async for event in stream]
        run = stream.handle.id
        if how == "redact":
            await app.operations.redact(run, why="asked for")
        else:
            await bench.clock.advance(10)
            assert (await app.operations.prune(1, why="old")).runs == 1
        for after in (0, events[0].number, events[3].number):
            again: list[StreamEvent] = []
            with nullcontext() if how == "redact" else pytest.raises(UnknownRun):
                await watch(stream.handle, again, after=after)
            assert emitted(again) == []
            assert lost(again) == ([None] if how == "redact" and after else [])


async def test_a_call_that_a_called_workflow_makes_again_says_that_what_was_streamed_is_void(bench: Bench) -> None:
    tries: list[str] = []

    @agent
    async def flaky(_: None, steps: Steps) -> str:
        tries.append(f"try {len(tries) + 1}")
        steps.emit(tries[-1])
        if len(tries) < 3:
            raise ConnectionError("cut")
        return "ok"

    @workflow(retry=Retry(attempts=3, delay=5, jitter=0))
    async def inner(ctx: Context) -> str:
        return await ctx.call(flaky)

    @workflow
    async def outer(ctx: Context) -> str:
        return await ctx.call(inner)

    async with bench.app(outer) as app, app.run_stream(outer) as stream:
        reading = asyncio.create_task(_all(stream))
        for _ in range(3):
            await bench.clock.advance(5)
        events = await reading
    assert [event.type for event in events if event.key == "0.0"] == [
        "call_started", "emitted", "call_ended", "call_started", "stream_reset", "emitted", "call_ended",
        "call_started", "stream_reset", "emitted", "call_ended",
    ]  # fmt: skip


async def test_a_call_that_an_operator_retries_says_that_what_was_streamed_is_void(bench: Bench) -> None:
    tries: list[str] = []

    @agent
    async def flaky(_: None, steps: Steps) -> str:
        tries.append(f"try {len(tries) + 1}")
        steps.emit(tries[-1])
        if len(tries) < 2:
            raise ValueError("no")
        return "ok"

    @workflow
    async def fails(ctx: Context) -> str:
        return await ctx.call(flaky)

    async with bench.app(fails) as app:
        async with app.run_stream(fails) as stream:
            first = await _all(stream)
        await app.operations.retry(stream.handle.id)
        events: list[StreamEvent] = []
        await watch(stream.handle, events, after=first[-1].number)
    assert [event.type for event in events] == [
        "run_rewound", "call_started", "stream_reset", "emitted", "call_ended", "run_ended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        TextDelta.read({"text": 5}), TextDelta.read({"text": None}), ThinkingDelta.read({"text": [1]}),
        ToolCallDelta.read({"id": "1", "tool": 2, "arguments": ""}), RequestStarted.read({"model": None}),
        ToolCallDelta.read({"id": "1", "tool": "t", "arguments": {"x": 1}}),
    ],
)  # fmt: skip
async def test_an_event_whose_fields_are_of_another_type_is_refused(bench: Bench, wrong: StreamContent) -> None:
    @agent
    async def speaks(_: None, steps: Steps) -> str:
        with pytest.raises(UsageError, match=rf"{type(wrong).__name__}\.\w+ is .*; expected a text"):
            steps.emit(wrong)
        return "ok"

    @workflow
    async def says(ctx: Context) -> str:
        return await ctx.call(speaks)

    async with bench.app(says) as app:
        assert await app.run(says) == "ok"
