"""Events go to whoever watches; what is not recorded is told once, and a replay repeats nothing."""

import asyncio
import sys
from collections import Counter

import pytest

from podium import Budget, Call, Context, Retry, Steps, agent, workflow
from podium.errors import CallRefused, InvalidValue, StoreUnavailable, UsageError
from podium.facade.handle import AnyHandle
from podium.model.streams import Emitted, Gone, RunEnded, StreamEvent, StreamReset, TextDelta
from podium.model.streams.numbers import place_of_number
from podium.testing import scripted
from tests.unit.engine.bench import Bench

pytestmark = pytest.mark.usefixtures("facts_at_once")


async def watch(handle: AnyHandle, events: list[StreamEvent], after: int | None = None) -> None:
    events.extend([event async for event in handle.stream(after=after)])


def emitted(events: list[StreamEvent]) -> list[object]:
    return [event.content.data for event in events if isinstance(event.content, Emitted)]


@agent
async def writer(_: None, steps: Steps) -> str:
    for word in ("a", "b"):
        steps.emit(word)
    return "ab"


@workflow
async def writes(ctx: Context) -> str:
    await ctx.sleep(1)
    return await ctx.call(writer)


async def test_events_arrive_in_order_are_numbered_and_are_no_facts(bench: Bench) -> None:
    events: list[StreamEvent] = []
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        watching = asyncio.create_task(watch(handle, events, after=0))
        await bench.clock.advance(1)
        await watching
        assert [event.type for event in events] == [
            "run_started", "call_ended", "call_started", "emitted", "emitted", "call_ended", "run_ended",
        ]  # fmt: skip
        assert [(event.key, event.attempt) for event in events][3:5] == [("1", 1), ("1", 1)]
        assert emitted(events) == ["a", "b"]
        numbers = [event.number for event in events]
        assert numbers == sorted(set(numbers))
        assert b'"a"' not in [fact.payload for fact in await app.runs.facts(handle.id)]


async def test_a_stream_without_a_number_begins_now(bench: Bench) -> None:
    events: list[StreamEvent] = []
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        await bench.clock.settle()
        watching = asyncio.create_task(watch(handle, events))
        await bench.clock.settle()
        await bench.clock.advance(1)
        await watching
    assert events[0].type == "call_ended"
    assert events[0].key == "0"


async def test_a_new_attempt_says_that_what_was_streamed_is_void(bench: Bench) -> None:
    @agent(retry=Retry(attempts=2, delay=5, jitter=0))
    async def tries(_: None, steps: Steps, call: Call) -> str:
        steps.emit(f"try {call.attempt}")
        if call.attempt == 1:
            raise ConnectionError("cut")
        return "ok"

    @workflow
    async def retries(ctx: Context) -> str:
        await ctx.sleep(1)
        return await ctx.call(tries)

    events: list[StreamEvent] = []
    async with bench.app(retries) as app:
        handle = await app.start(retries)
        watching = asyncio.create_task(watch(handle, events, after=0))
        await bench.clock.advance(10)
        await watching
    told = [event.type for event in events]
    assert told[2:] == [
        "call_started", "emitted", "call_retried", "stream_reset", "emitted", "call_ended", "run_ended",
    ]  # fmt: skip
    assert isinstance(events[-4].content, StreamReset)
    assert emitted(events) == ["try 1", "try 2"]


async def test_a_replay_streams_nothing_again(bench: Bench) -> None:
    @agent
    async def once(_: None, steps: Steps) -> str:
        steps.emit("once")
        return "ok"

    @workflow
    async def waits(ctx: Context) -> None:
        ctx.emit("begun")
        await ctx.call(once)
        await ctx.signal("go")
        ctx.emit("went on")
        await ctx.call(scripted("end", lambda n: n), 1)

    run = await bench.parked(waits)
    events: list[StreamEvent] = []
    async with bench.app(waits) as app:
        watching = asyncio.create_task(watch(await app.handle(run), events))
        await bench.clock.settle()
        await (await app.handle(run)).signal("go")
        await watching
    assert emitted(events) == ["went on"]


async def test_an_agent_emits_events_of_its_own_and_no_others(bench: Bench) -> None:
    refused: list[str] = []

    @agent
    async def speaks(_: None, steps: Steps) -> str:
        steps.emit(TextDelta("Hello"))
        for wrong in (RunEnded("done", 1, ""), object()):
            try:
                steps.emit(wrong)
            except (UsageError, InvalidValue) as error:
                refused.append(str(error))
        return "Hello"

    @workflow
    async def says(ctx: Context) -> str:
        await ctx.sleep(1)
        return await ctx.call(speaks)

    events: list[StreamEvent] = []
    async with bench.app(says) as app:
        handle = await app.start(says)
        watching = asyncio.create_task(watch(handle, events, after=0))
        await bench.clock.advance(1)
        await watching
    assert [event.content.text for event in events if isinstance(event.content, TextDelta)] == ["Hello"]
    assert "the journal tells of it" in refused[0]
    assert "expected JSON, got" in refused[1]


async def test_what_is_not_json_is_refused_where_nobody_watches_too(bench: Bench) -> None:
    @agent
    async def speaks(_: None, steps: Steps) -> str:
        with pytest.raises(InvalidValue, match="what is emitted: expected JSON"):
            steps.emit({"at": object()})
        return "ok"

    @workflow
    async def says(ctx: Context) -> str:
        return await ctx.call(speaks)

    async with bench.app(says) as app:
        assert await app.run(says) == "ok"


async def test_a_reader_that_comes_again_gets_what_it_missed(bench: Bench) -> None:
    @agent
    async def counts(_: None, steps: Steps) -> int:
        for number in range(20):
            steps.emit(number)
            await steps.once("tick", _nothing)
        return 20

    @workflow
    async def counting(ctx: Context) -> int:
        await ctx.sleep(1)
        return await ctx.call(counts)

    everything: list[StreamEvent] = []
    async with bench.app(counting) as app:
        handle = await app.start(counting)
        watching = asyncio.create_task(watch(handle, everything, after=0))
        await bench.clock.advance(1)
        await watching
        assert emitted(everything) == list(range(20))
        for cut in everything[:-1]:
            again: list[StreamEvent] = []
            await watch(handle, again, after=cut.number)
            assert again == everything[everything.index(cut) + 1 :], cut


async def test_a_reader_that_comes_late_is_told_how_much_was_emitted_before(bench: Bench) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @agent
    async def talks(_: None, steps: Steps) -> str:
        for word in ("a", "b", "c"):
            steps.emit(word)
        begun.set()
        await go.wait()
        steps.emit("d")
        return "ok"

    @workflow
    async def talking(ctx: Context) -> str:
        return await ctx.call(talks)

    everything: list[StreamEvent] = []
    from_now: list[StreamEvent] = []
    async with bench.app(talking) as app:
        handle = await app.start(talking)
        await begun.wait()
        reading = asyncio.gather(watch(handle, everything, after=0), watch(handle, from_now))
        await bench.clock.settle()
        go.set()
        await reading
    told = [event.content for event in everything if isinstance(event.content, Gone | Emitted)]
    assert told == [Gone(3), Emitted("d")]
    assert [event.type for event in from_now] == ["emitted", "call_ended", "run_ended"]


async def _nothing() -> None:
    return None


async def test_a_run_that_is_started_with_its_stream_misses_nothing_and_gives_its_value(bench: Bench) -> None:
    @workflow
    async def at_once(ctx: Context) -> str:
        ctx.emit("first")
        return await ctx.call(writer)

    async with bench.app(at_once) as app:
        async with app.run_stream(at_once, tenant="acme") as stream:
            events = [event async for event in stream]
            assert await stream.result() == "ab"
        assert emitted(events) == ["first", "a", "b"]
        assert [event.type for event in events][:3] == ["run_started", "emitted", "call_started"]
        assert (await stream.handle.status()).tenant == "acme"


async def test_leaving_the_block_ends_the_reading_and_not_the_run(bench: Bench) -> None:
    async with bench.app(writes) as app:
        async with app.run_stream(writes) as stream:
            async for event in stream:
                assert event.type == "run_started"
                break
        await bench.clock.advance(1)
        assert await stream.result() == "ab"


async def test_a_slow_reader_holds_up_nobody_and_is_told_what_it_missed(bench: Bench) -> None:
    @agent
    async def floods(_: None, steps: Steps) -> int:
        for number in range(30_000):
            steps.emit(number)
        return 1

    @workflow
    async def flooding(ctx: Context) -> int:
        return await ctx.call(floods)

    async with bench.app(flooding) as app, app.run_stream(flooding) as stream:
        assert await stream.result() == 1  # before anything is read
        events = [event async for event in stream]
    lost = [event.content.lost for event in events if isinstance(event.content, Gone)]
    kept = emitted(events)
    assert lost == [30_000 - len(kept)]
    assert kept == list(range(30_000 - len(kept), 30_000))
    assert len(kept) == 10_000


async def test_the_generations_of_a_run_are_one_stream(bench: Bench) -> None:
    @workflow
    async def rounds(ctx: Context, left: int) -> int:
        ctx.emit(left)
        ctx.emit(left)
        if left:
            await ctx.restart(left - 1)
        return left

    async with bench.app(rounds) as app, app.run_stream(rounds, 3) as stream:
        events = [event async for event in stream]
    assert emitted(events) == [3, 3, 2, 2, 1, 1, 0, 0]
    assert [event.type for event in events if event.type not in ("emitted", "run_restarted")] == [
        "run_started", "run_ended",
    ]  # fmt: skip
    numbers = [event.number for event in events]
    assert numbers == sorted(set(numbers))
    assert [place_of_number(event.number).nth for event in events if event.type == "emitted"] == list(range(1, 9))


async def test_a_run_under_a_budget_that_refuses_misses_no_event(bench: Bench) -> None:
    """What a budget refuses leaves no fact, though it was counted as one when the numbers were given."""

    @agent
    async def chats(number: int, steps: Steps) -> int:
        for word in range(5):
            steps.emit([number, word])
            await asyncio.sleep(0)
        return number

    @workflow
    async def spends(ctx: Context) -> int:
        done = await ctx.gather(*[ctx.branch(one, number) for number in range(6)])
        return len(done)

    async def one(ctx: Context, number: int) -> int:
        try:
            return await ctx.call(chats, number)
        except CallRefused:
            ctx.emit(f"refused {number}")
            return 0

    async with bench.app(spends) as app, app.run_stream(spends, budget=Budget(calls=3)) as stream:
        events = [event async for event in stream]
    assert not [event for event in events if isinstance(event.content, Gone)]
    told = emitted(events)
    assert sum(isinstance(each, str) for each in told) == 3
    assert sum(isinstance(each, list) for each in told) == 15
    numbers = [event.number for event in events]
    assert numbers == sorted(set(numbers))


async def test_what_a_thread_emits_comes_in_order(bench: Bench) -> None:
    @agent
    def threaded(_: None, steps: Steps) -> int:
        for number in range(200):
            steps.emit(number)
        return 1

    @workflow
    async def threads(ctx: Context) -> int:
        return await ctx.call(threaded)

    async with bench.app(threads) as app, app.run_stream(threads) as stream:
        events = [event async for event in stream]
    assert emitted(events) == list(range(200))
    assert [event.type for event in events[-2:]] == ["call_ended", "run_ended"]


async def test_emitting_where_nobody_watches_costs_a_fraction_of_what_it_costs_otherwise(bench: Bench) -> None:
    @agent
    async def floods(_: None, steps: Steps) -> int:
        """Return how many calls it takes, which no other process changes."""
        calls = Counter[str]()
        sys.setprofile(lambda frame, event, argument: calls.update([event]))
        try:
            for _number in range(1_000):
                steps.emit({"text": "word "})
        finally:
            sys.setprofile(None)
        return calls["call"] + calls["c_call"]

    @workflow
    async def flooding(ctx: Context) -> int:
        return await ctx.call(floods)

    async with bench.app(flooding) as app:
        unwatched = await app.run(flooding)
        async with app.run_stream(flooding) as stream:
            watched = await stream.result()
    assert 0 < unwatched < watched / 3


async def test_runs_go_on_where_it_cannot_be_read_who_watches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("no")

    async with bench.app(writes) as app:
        for name in ("watched", "watch", "kept", "expire"):
            monkeypatch.setattr(app.store.streams, name, refuse)
        handle = await app.start(writes)
        await bench.clock.advance(1)
        assert await handle.result() == "ab"


@pytest.mark.parametrize("after", [-1, "12", 1.5])
async def test_a_number_that_is_none_is_refused(bench: Bench, after: int) -> None:
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        with pytest.raises(UsageError, match=r"after is .*; expected a whole number, 0 or more"):
            await anext(handle.stream(after=after))


async def test_a_number_beyond_the_end_of_a_run_that_has_ended_gives_nothing(bench: Bench) -> None:
    async with bench.app(writes) as app:
        async with app.run_stream(writes) as stream:
            await bench.clock.advance(1)
            events = [event async for event in stream]
        assert [event async for event in stream.handle.stream(after=events[-1].number)] == []
