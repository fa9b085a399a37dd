"""When a call takes its place at a limit, and when it gives it back: with what it really does."""

import asyncio
import threading
from collections.abc import Generator
from typing import Any

import pytest

from podium import Context, agent, workflow
from podium.agents.batched import batched
from podium.agents.threads import AGENT_THREADS, Threads
from podium.errors import CallFailed, CallRefused
from podium.in_threads import CALL_WORK, CallWork, invoked
from podium.model.limit import Limit
from tests.unit.engine.bench import Bench


@pytest.fixture
def gate() -> Generator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@workflow(name="asks")
async def asks(ctx: Context, who: str) -> Any:
    try:
        return await ctx.call(who, 0)
    except (CallFailed, CallRefused) as error:
        return type(error).__name__


@pytest.mark.parametrize("limit", [Limit(requests=1, when="refuse"), Limit(concurrency=1, when="refuse", max_wait=0.0)])
async def test_a_call_that_is_cancelled_while_it_waits_for_a_thread_gives_its_place_back_at_once(
    bench: Bench, gate: threading.Event, monkeypatch: pytest.MonkeyPatch, limit: Limit
) -> None:
    threads = Threads(most=1)
    monkeypatch.setattr("podium.agents.function.AGENT_THREADS", threads)
    begun: list[int] = []

    @agent
    def hangs(_: int) -> str:
        gate.wait(600)
        return "at last"

    @agent(name="limited", limit=limit)
    def limited(n: int) -> str:
        begun.append(n)
        return "done"

    async with bench.app(asks, hangs, limited) as app:
        first = await app.start(asks, "hangs")
        await bench.clock.until(lambda: threads.use().running == 1)
        cancelled = await app.start(asks, "limited")
        await bench.clock.until(lambda: threads.use().waiting == 1)
        assert await app.run(asks, "limited") == "CallRefused"
        await cancelled.cancel()
        await bench.clock.until(lambda: threads.use().waiting == 0)
        last = await app.start(asks, "limited")
        await bench.clock.until(lambda: threads.use().waiting == 1)
        gate.set()
        assert [await first.result(), await last.result()] == ["at last", "done"]
    assert begun == [0]


@pytest.mark.parametrize("kind", ["function in a thread", "coroutine"])
async def test_a_batch_that_outlives_its_calls_keeps_their_places(
    bench: Bench, gate: threading.Event, kind: str
) -> None:
    begun = ended = 0

    def hangs(items: list[int]) -> list[int]:
        nonlocal begun, ended
        begun += 1
        gate.wait(600)
        ended += 1
        return items

    async def waits(items: list[int]) -> list[int]:
        nonlocal begun, ended
        begun += 1
        while not gate.is_set():
            await asyncio.sleep(0.001)
        ended += 1
        return items

    options: Any = {"most": 2, "limit": Limit(concurrency=2, when="refuse", max_wait=0.0), "timeout": 0.3}
    together = batched(name="together", **options)(hangs if kind == "function in a thread" else waits)

    async with bench.app(asks, together) as app:
        handles = [await app.start(asks, "together") for _ in range(2)]
        assert [await each.result() for each in handles] == ["CallFailed"] * 2
        assert await app.run(asks, "together") == "CallRefused"
        assert begun == 1
        gate.set()
        await bench.clock.until(lambda: ended == 1 and not AGENT_THREADS.use().left)
        await bench.clock.settle()
        handle = await app.start(asks, "together")
        await bench.clock.advance(1)
        assert await handle.result() == 0


async def test_the_calls_of_a_batch_begin_with_it(bench: Bench) -> None:
    begun: list[float] = []

    @batched(name="together", most=10, within=5.0, limit=Limit(requests=1, per=60.0))
    async def together(items: list[int]) -> list[int]:
        begun.append(bench.clock.now() - 1_700_000_000.0)
        return items

    async with bench.app(asks, together) as app:
        handles = [await app.start(asks, "together") for _ in range(2)]
        await bench.clock.advance(200)
        assert [await each.result() for each in handles] == [0, 0]
    assert len(begun) == 2
    assert begun[1] - begun[0] >= 60.0


async def test_work_begins_after_what_it_does_before_its_first_wait() -> None:
    told: list[Any] = []
    work = CallWork(told.append)
    work.invoke()
    told.append("first line")
    await asyncio.sleep(0)
    assert told == ["first line", None]


async def test_work_in_a_thread_begins_there(gate: threading.Event) -> None:
    told: list[Any] = []
    threads, other = Threads(most=1), threading.Event()
    busy = asyncio.ensure_future(threads.run(lambda: gate.wait(600)))
    await asyncio.sleep(0)
    work = CallWork(told.append, lambda: 7.0)

    async def call() -> None:
        CALL_WORK.set(work)
        invoked()
        await threads.run(lambda: (told.append("first line"), other.wait(600)))

    waits = asyncio.ensure_future(call())
    await asyncio.sleep(0.05)
    assert not told
    assert not work.took_place
    gate.set()
    async with asyncio.timeout(60):
        while len(told) < 2:
            await asyncio.sleep(0.001)
    assert told == ["first line", 7.0]
    other.set()
    await asyncio.gather(busy, waits)
    assert work.took_place


async def test_of_a_function_that_is_over_soon_nobody_is_told_when_it_began() -> None:
    told: list[Any] = []
    work = CallWork(told.append, lambda: 7.0)
    CALL_WORK.set(work)
    invoked()
    await Threads().run(lambda: None)
    assert work.is_over()
    await asyncio.sleep(0.05)
    assert not told
    assert work.took_place
