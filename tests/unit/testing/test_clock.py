"""A clock that is driven lets everything happen before the next thing: also what is done in threads."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from podium import App, Context, agent, workflow
from podium.errors import StoreBusy
from podium.in_threads import in_thread
from podium.store.operations import Committed, Operation
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock, scripted
from podium.testing import clock as module

SLOW = 0.03
"""Real seconds: far more than a thread is given otherwise."""

echo = scripted("echo", lambda value: value)


@agent
def slow(n: int) -> int:
    time.sleep(SLOW)
    return n + 1


@workflow
async def counts(ctx: Context) -> int:
    n = 0
    for _ in range(3):
        n = await ctx.call(slow, n)
        await ctx.sleep(10)
    return n


class InThread(SqliteStore):
    """A store that is always busy on the event loop, so that each commit is made in a thread, slowly."""

    def _commit(self, connection: sqlite3.Connection, worker: str, operations: Sequence[Operation]) -> Committed:
        if connection is self._loop:
            raise StoreBusy("another process writes")
        time.sleep(SLOW)
        return super()._commit(connection, worker, operations)


async def test_time_does_not_pass_while_a_function_runs_in_a_thread() -> None:
    clock = DrivenClock()
    async with App.open(":memory:", agents=[counts], clock=clock) as app:
        handle = await app.start(counts)
        await clock.advance(30)
        async with asyncio.timeout(120):
            assert await handle.result() == 3
        assert (await handle.status()).ended_at == clock.now()


async def test_time_does_not_pass_while_a_commit_is_made_in_a_thread(tmp_store: Path) -> None:
    @workflow
    async def naps(ctx: Context) -> list[float]:
        woken: list[float] = []
        for _ in range(3):
            await ctx.call(echo, None)
            await ctx.sleep(10)
            woken.append(ctx.now())
        return woken

    clock = DrivenClock()
    began = clock.now()
    async with App.open(InThread(str(tmp_store)), agents=[naps], clock=clock) as app:
        handle = await app.start(naps)
        await clock.advance(30)
        async with asyncio.timeout(120):
            assert await handle.result() == [began + 10, began + 20, began + 30]


async def test_what_hangs_in_a_thread_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    free, clock, begun = threading.Event(), DrivenClock(), time.monotonic()

    @agent
    def hangs(_: None) -> bool:
        return free.wait(30)

    @workflow
    async def waits(ctx: Context) -> bool:
        return await ctx.call(hangs)

    async with App.open(":memory:", agents=[waits], clock=clock) as app:
        handle = await app.start(waits)
        for _ in range(100):
            await clock.advance(1)
        assert time.monotonic() - begun < 15  # 20 if it were waited for each time
        free.set()
        assert await handle.result()


async def test_what_is_done_after_something_hangs_is_waited_for_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    free, clock, done = threading.Event(), DrivenClock(), list[str]()

    async def works(seconds: float) -> None:
        await in_thread(free.wait, seconds)
        done.append("it")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(works(5))
        await clock.settle()
        tasks.create_task(works(SLOW))
        await clock.settle()
        assert done == ["it"]
        free.set()
