"""A cancel that comes when a run has recorded its end comes too late: nothing follows an end."""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from podium import App, Context, agent, workflow
from podium.model.fact import FactKind
from podium.store.operations import Committed, Operation
from podium.store.sqlite.store import SqliteStore


class Slow:
    """A store on which each commit waits until it is let go, as one on a network waits for its server."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.waiting: asyncio.Queue[asyncio.Event] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        if self.waiting is None:
            return self._store.commit(worker, operations, alone=alone)
        gone = asyncio.Event()
        self.waiting.put_nowait(gone)
        return self._later(gone, worker, operations)

    async def _later(self, gone: asyncio.Event, worker: str, operations: Sequence[Operation]) -> Committed:
        await gone.wait()
        return await self._store.commit(worker, operations)


async def test_nothing_is_recorded_after_the_end_of_a_run_that_is_cancelled_just_then(tmp_store: Path) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @agent
    async def works(_: None) -> int:
        begun.set()
        await go.wait()
        return 7

    @workflow
    async def working(ctx: Context) -> int:
        return await ctx.call(works, None)

    store: Any = Slow(SqliteStore(str(tmp_store)))
    async with asyncio.timeout(60), App.open(store, agents=[working]) as app:
        handle = await app.start(working)
        await begun.wait()
        await app.worker.commits.settled()
        store.waiting = waiting = asyncio.Queue[asyncio.Event]()
        go.set()
        answer = await waiting.get()  # the answer is being committed
        cancelling = asyncio.create_task(handle.cancel())
        for _ in range(10):
            await asyncio.sleep(0)
        answer.set()
        cancel = await waiting.get()  # and now the cancel is, while the run ends
        for _ in range(10):
            await asyncio.sleep(0)
        store.waiting = None
        cancel.set()
        await cancelling
        assert await handle.result() == 7
        facts = await app.runs.facts(handle.id)
        assert facts[-1].kind is FactKind.ENDED
