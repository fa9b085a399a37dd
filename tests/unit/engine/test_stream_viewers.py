"""A run is read once for all who watch it, and each gets all of it, whoever comes when and takes how long."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing

import pytest

from podium import Context, Steps, agent, workflow
from podium.errors import StoreUnavailable
from podium.facade.handle import AnyHandle
from podium.model.fact import Fact
from podium.model.streams import StreamEvent
from podium.services.streams import viewing
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_stream import writes

pytestmark = pytest.mark.usefixtures("facts_at_once")

EVENTS = 60


@agent
async def talks(count: int, steps: Steps) -> int:
    for number in range(count):
        steps.emit(number)
        if not number % 7:
            await steps.once("tick", _nothing)
        await asyncio.sleep(0)
    return count


async def _nothing() -> None: ...


@workflow
async def talking(ctx: Context, count: int) -> int:
    await ctx.signal("go")
    return await ctx.call(talks, count)


async def taken(handle: AnyHandle, *, pause: Callable[[], int], after: int = 0) -> list[StreamEvent]:
    """Return what a viewer gets that lets the loop turn so often after each event."""
    events: list[StreamEvent] = []
    async with aclosing(handle.stream(after=after)) as stream:
        async for event in stream:
            events.append(event)
            for _ in range(pause()):
                await asyncio.sleep(0)
    return events


@pytest.mark.parametrize("at_hand", [1, 3, 4_000])
@pytest.mark.parametrize("seed", range(5))
async def test_viewers_that_are_slow_late_or_come_again_get_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, at_hand: int, seed: int
) -> None:
    monkeypatch.setattr(viewing, "_RECENT", at_hand)
    chance = random.Random(seed)
    async with bench.app(talking) as app:
        handle = await app.start(talking, EVENTS)
        first = asyncio.create_task(taken(handle, pause=lambda: 0))
        await bench.clock.settle()
        await handle.signal("go")
        tasks: list[asyncio.Task[list[StreamEvent]]] = []
        for n in range(20):
            most = chance.choice([0, 1, 5, 30])
            tasks.append(asyncio.create_task(taken(handle, pause=lambda most=most: chance.randint(0, most))))
            for _ in range(chance.randint(0, 2 * n)):
                await asyncio.sleep(0)
        expected = await first
        assert [event.type for event in expected].count("emitted") == EVENTS
        assert [event.type for event in expected].count("gone") == 0
        for each in tasks:
            assert await each == expected
        for place in chance.sample(range(EVENTS), 5):
            assert await taken(handle, pause=lambda: 0, after=expected[place].number) == expected[place + 1 :]
        assert app.worker.streams.readers == {}


async def test_a_run_is_read_once_for_all_who_watch_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    async with bench.app(talking) as app:
        read = app.store.facts

        async def counted(run_id: str, *, after: int = -1, limit: int | None = None) -> list[Fact]:
            reads.append(after)
            return await read(run_id, after=after, limit=limit)

        monkeypatch.setattr(app.store, "facts", counted)
        handles = [await app.start(talking, EVENTS) for _ in range(2)]
        costs: list[int] = []
        for handle, viewers in zip(handles, (1, 40), strict=True):
            begun = len(reads)
            tasks = [asyncio.create_task(taken(handle, pause=lambda: 0)) for _ in range(viewers)]
            await bench.clock.settle()
            await handle.signal("go")
            await asyncio.gather(*tasks)
            costs.append(len(reads) - begun)
    assert costs[1] <= 2 * costs[0], costs


async def test_nobody_reads_once_nobody_watches(bench: Bench) -> None:
    async with bench.app(writes) as app:
        handle = await app.start(writes)
        streams = [handle.stream(after=0) for _ in range(3)]
        for each in streams:
            await anext(each)
        (reader,) = app.worker.streams.readers.values()
        for each in streams:
            assert app.worker.streams.readers == {handle.id: reader}
            await each.aclose()
        assert app.worker.streams.readers == {}


async def test_what_keeps_it_from_reading_is_told_to_all_who_watch_and_who_comes_then_reads_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("no")

    async with bench.app(writes) as app:
        handle = await app.start(writes)
        streams = [handle.stream(after=0) for _ in range(3)]
        for each in streams:
            assert (await anext(each)).type == "run_started"
        with monkeypatch.context() as broken:
            broken.setattr(app.store.streams, "next", refuse)
            waiting = [asyncio.ensure_future(anext(each)) for each in streams]
            await handle.signal("anything")
            for each in waiting:
                with pytest.raises(StoreUnavailable):
                    await each
        assert app.worker.streams.readers == {}
        again = asyncio.create_task(taken(handle, pause=lambda: 0))
        await bench.clock.advance(1)
        assert [event.type for event in await again][-1] == "run_ended"
