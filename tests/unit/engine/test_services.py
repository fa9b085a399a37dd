"""Reads that fail are tried again; a service that dies takes its worker down, and its runs are handed back."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from podium import App, Context, RunState, workflow
from podium.errors import StoreUnavailable, WorkerFailed
from podium.store.operations import Committed, FetchSignals, Operation, Placed
from podium.store.protocol import Claimed
from podium.store.sqlite.store import SqliteStore
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def sleeps(ctx: Context, n: int) -> int:
    await ctx.sleep(5)
    return await ctx.call(echo, n)


@workflow
async def waits(ctx: Context) -> Any:
    return await ctx.signal("go", within=100, default="late")


class Flaky(SqliteStore):
    """Fails to read a number of times, as a disk that answers with EIO does."""

    loads = inboxes = 0

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        claimed = await super().claim(worker, numbers, workflows)
        self.loads -= 1
        if self.loads >= 0:
            raise StoreUnavailable("disk I/O error")
        return claimed

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        if any(isinstance(each, FetchSignals) for each in operations):
            self.inboxes -= 1
            if self.inboxes >= 0:
                raise StoreUnavailable("disk I/O error")
        return super().commit(worker, operations, alone=alone)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_run_that_was_claimed_and_could_not_be_read_is_handed_back_and_driven(bench: Bench, times: int) -> None:
    store = Flaky(str(bench.path))
    async with bench.app(sleeps, store=store, poll=0.01) as app:
        handles = [await app.start(sleeps, n) for n in range(4)]
        await bench.clock.settle()
        store.loads = times
        await bench.clock.advance(5)
        async with asyncio.timeout(120):
            assert [await handle.result() for handle in handles] == [0, 1, 2, 3]


async def test_a_timer_whose_inbox_could_not_be_read_takes_the_signal_that_came_before_it(bench: Bench) -> None:
    store = Flaky(str(bench.path))
    async with bench.app(waits, store=store, poll=0.01) as app:
        handle = await app.start(waits)
        await bench.clock.settle()
        store.inboxes = 2
        await handle.signal("go", "in time")
        await bench.clock.advance(100)
        async with asyncio.timeout(120):
            assert await handle.result() == "in time"


async def _dies(app: App, name: str) -> None:
    """Have a service of the worker end with an exception."""

    def burst(*_: object) -> None:
        raise RuntimeError("burst")

    worker = app.worker
    if name == "timers":
        worker.timers.at(0.0, burst)
    elif name == "beat":
        worker.heartbeat.beat = burst  # pyright: ignore[reportAttributeAccessIssue]
    elif name == "look around":
        worker.store.wake = burst  # pyright: ignore[reportAttributeAccessIssue]
    else:
        worker.drive = burst  # pyright: ignore[reportAttributeAccessIssue]
        worker.fleet.place([Placed(1, 0)])


@pytest.mark.parametrize("service", ["timers", "beat", "look around", "fleet"])
async def test_a_service_that_dies_takes_its_worker_down_and_hands_its_runs_back(
    bench: Bench, service: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench.app(sleeps, waits, poll=0.01, lease=0.1) as app:
        parked, waiting = await app.start(sleeps, 7), await app.start(waits)
        await bench.clock.settle()
        result = asyncio.ensure_future(parked.result())
        await _dies(app, service)
        with pytest.raises(WorkerFailed, match=r"RuntimeError: burst.*Its runs were handed back"):
            async with asyncio.timeout(120):
                await result
        with pytest.raises(WorkerFailed):
            await app.start(sleeps, 1)
        with pytest.raises(WorkerFailed):
            await waiting.result()
    assert [record.levelname for record in caplog.records if "stopped" in record.message] == ["CRITICAL"]
    async with bench.app(sleeps, waits) as app:
        await bench.clock.advance(5)
        assert await (await app.handle(parked.id)).result() == 7
        assert (await (await app.handle(waiting.id)).status()).state is RunState.PARKED
