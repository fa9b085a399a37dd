"""What is cut off and goes on all the same: functions in threads, and agents that swallow their cancel."""

import asyncio
import threading
from collections.abc import Generator
from typing import Any

import pytest

from podium import Context, RunState, agent, workflow
from podium.agents.threads import AGENT_THREADS, Threads
from podium.config import Config
from podium.errors import CallFailed, CallRefused, NotDone, RunCancelled
from podium.model.fact import FactKind
from podium.model.limit import Limit, LimitSettings
from tests.unit.engine.bench import Bench, facts


@pytest.fixture
def gate() -> Generator[threading.Event]:
    """Return what functions wait for, and hang while it does not come."""
    gate = threading.Event()
    yield gate
    gate.set()


TIMEOUT = 0.5
"""Real seconds: a busy machine begins a thread within them."""
IN_TIME = 20.0


class Device:
    """A function that hangs, and counts how many of its calls are under way."""

    def __init__(self, gate: threading.Event) -> None:
        self.now = self.most = self.begun = 0
        self._gate = gate
        self._lock = threading.Lock()

    def __call__(self, x: int) -> int:
        with self._lock:
            self.now += 1
            self.begun += 1
            self.most = max(self.most, self.now)
        self._gate.wait(600)
        with self._lock:
            self.now -= 1
        return x


def hanging(device: Device, **options: Any) -> Any:
    @agent(name="device", timeout=TIMEOUT, **options)
    def use(x: int) -> int:
        return device(x)

    return use


PLACES = {
    "concurrency": {"concurrency": 1},
    "limit": {"limit": Limit(concurrency=1)},
    "tenant": {},
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_function_that_outlives_its_timeout_keeps_its_place(
    bench: Bench, gate: threading.Event, place: str
) -> None:
    device = Device(gate)
    use = hanging(device, **PLACES[place])

    @workflow
    async def flow(ctx: Context) -> list[Any]:
        calls = ctx.call(use, 1), ctx.call(use, 2, timeout=IN_TIME)
        return [type(each).__name__ for each in await ctx.gather(*calls, return_exceptions=True)]

    limits = LimitSettings(tenants={"*": Limit(concurrency=1)} if place == "tenant" else {})
    async with bench.app(flow, config=Config(limits=limits)) as app:
        handle = await app.start(flow)
        await bench.clock.until(lambda: device.begun == 1 and "device" in AGENT_THREADS.use().left)
        for _ in range(3):
            await bench.clock.advance(60)  # the second call comes again and again, and finds no room
        assert device.begun == 1
        held = [fact.body["why"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.HELD]
        words = "is at its limit: 1 at once; 1 of these were cut off, and go on in threads"
        assert place == "concurrency" or held[-1].endswith(words)
        gate.set()
        await bench.clock.until(lambda: not AGENT_THREADS.use().left)
        await bench.clock.advance(60)
        assert await handle.result() == ["CallFailed", "int"]
    assert (device.begun, device.most) == (2, 1)


async def test_what_refuses_at_its_limit_refuses(bench: Bench, gate: threading.Event) -> None:
    device = Device(gate)
    use = hanging(device, limit=Limit(concurrency=1, when="refuse", max_wait=0.0))

    @workflow
    async def flow(ctx: Context) -> list[str]:
        said: list[str] = []
        for x in range(2):
            try:
                await ctx.call(use, x)
            except (CallFailed, CallRefused) as error:
                said.append(type(error).__name__)
        return said

    async with bench.app(flow) as app:
        assert await app.run(flow) == ["CallFailed", "CallRefused"]
    assert device.begun == 1


async def test_a_function_in_time_gives_its_place_back(bench: Bench) -> None:
    @agent(concurrency=1, timeout=20)
    def quick(x: int) -> int:
        return x

    @workflow
    async def flow(ctx: Context) -> list[int]:
        return await ctx.map(quick, list(range(20)))

    async with bench.app(flow) as app:
        assert await app.run(flow) == list(range(20))


async def test_functions_that_hang_do_not_keep_others_from_beginning(gate: threading.Event) -> None:
    threads = Threads(most=2, most_left=5)
    for _ in range(4):
        await leave_hanging(threads, gate)
        assert await threads.run(lambda: "healthy") == "healthy"
    assert threads.use().left == {"hangs": 4}


async def test_those_that_wait_for_a_thread_get_that_of_one_that_is_left(gate: threading.Event) -> None:
    threads = Threads(most=1)
    begun = threading.Event()
    hangs = asyncio.ensure_future(threads.run(lambda: (begun.set(), gate.wait(600)), "hangs"))
    waits = asyncio.ensure_future(threads.run(lambda: "done"))
    await until(begun.is_set)
    assert threads.use().waiting == 1
    hangs.cancel()
    async with asyncio.timeout(120):
        assert await waits == "done"


async def test_when_too_many_hang_a_function_is_refused_in_words(gate: threading.Event) -> None:
    threads = Threads(most=1, most_left=2)
    for _ in range(2):
        await leave_hanging(threads, gate)
    words = r"score is not begun: 2 functions that were cut off go on in threads of this process \(2 of hangs\)"
    with pytest.raises(NotDone, match=words):
        await threads.run(lambda: 1, "score")
    gate.set()
    await until(lambda: not threads.use().left)
    assert await threads.run(lambda: 1, "score") == 1


async def test_no_more_than_allowed_run_at_once_after_those_that_were_left_have_ended(gate: threading.Event) -> None:
    threads = Threads(most=2)
    for _ in range(6):
        await leave_hanging(threads, gate)
    gate.set()
    await until(lambda: not threads.use().left)
    other = threading.Event()
    device = Device(other)
    work = [asyncio.ensure_future(threads.run(lambda: device(1))) for _ in range(8)]
    await until(lambda: device.now == 2)
    assert threads.use().waiting == 6
    other.set()
    assert await asyncio.gather(*work) == [1] * 8
    assert device.most == 2


async def test_the_log_names_what_goes_on(gate: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    threads = Threads()
    for _ in range(5):
        await leave_hanging(threads, gate)
    told = [each.getMessage() for each in caplog.records]
    assert [line.partition(" and goes on in its thread")[0] for line in told] == ["hangs was cut off"] * 3  # 1, 2, 4
    assert "4 of its calls go on so, 4 of all; at 768 no function is begun any more" in told[-1]


async def test_an_app_tells_what_its_threads_do(bench: Bench, gate: threading.Event) -> None:
    device = Device(gate)
    use = hanging(device)

    @workflow
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(use, 1)
        except CallFailed as error:
            return error.kind

    async with bench.app(flow) as app:
        assert await app.run(flow) == "timeout"
        assert (await app.reports.threads()).left["device"] == 1


def stubborn(bench: Bench, enough: asyncio.Event, **options: Any) -> Any:
    @agent(name="stubborn", **options)
    async def goes_on(_: None) -> str:
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                bench.witness.saw("swallowed")
        return "late"

    return goes_on


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_the_late_value_of_an_agent_that_swallows_its_timeout_does_not_count(
    bench: Bench, caplog: pytest.LogCaptureFixture, effects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.dispatch.rules.timeout._TOLD_AFTER", 0.01)
    enough = asyncio.Event()
    late = stubborn(bench, enough, timeout=0.01, effects=effects)

    @workflow
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(late)
        except CallFailed as error:
            return error.kind

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.until(lambda: "was cut off and goes on" in caplog.text)
        enough.set()
        await bench.clock.settle()
        if effects == "idempotent":
            assert await handle.result() == "timeout"
        else:
            (question,) = (await app.inbox.list()).items
            assert question.ask.kind == "in_doubt"
    assert f"stubborn (run {handle.id}, key 0) was cut off and returned something, which does not count" in caplog.text


async def test_a_late_value_after_a_cancel_does_not_count(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    enough = asyncio.Event()
    late = stubborn(bench, enough)

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(late)

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.until(lambda: bench.witness.count("swallowed"))
        enough.set()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert FactKind.ANSWERED not in [kind for kind, _ in await facts(app, handle.id)]
        assert (await handle.status()).state is RunState.CANCELLED
    assert "swallows asyncio.CancelledError" in caplog.text


async def test_an_agent_that_fails_while_it_is_cut_is_cut(bench: Bench) -> None:
    @agent
    async def breaks(_: None) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("while cleaning up") from None
        return ""

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(breaks)

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert FactKind.ANSWERED not in [kind for kind, _ in await facts(app, handle.id)]


async def leave_hanging(threads: Threads, gate: threading.Event) -> None:
    """Begin a function that hangs, and wait for it no more."""
    begun = threading.Event()
    hangs = asyncio.ensure_future(threads.run(lambda: (begun.set(), gate.wait(600)), "hangs"))
    await until(begun.is_set)
    hangs.cancel()
    await asyncio.wait([hangs])


async def until(condition: Any) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)
