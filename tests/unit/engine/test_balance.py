"""A worker owns no more runs than it has free slots for: what waits is left in the store, for whoever has some."""

import asyncio
from collections import Counter

from podium import Context, RunState, agent, workflow
from tests.unit.engine.bench import Bench


async def test_a_worker_with_free_slots_takes_what_another_has_no_room_for(bench: Bench) -> None:
    leave = asyncio.Event()

    @agent
    async def hold() -> None:
        await leave.wait()

    @workflow
    async def held(ctx: Context) -> None:
        await ctx.call(hold)

    async with bench.app(held, slots=2) as busy:
        for _ in range(6):
            await busy.start(held)
        await bench.clock.settle()
        assert Counter(run.state for run in await busy.runs.list()) == {RunState.RUNNING: 2, RunState.READY: 4}
        async with bench.app(held, slots=3) as other:
            while (await busy.reports.queues())[0].ready > 1:
                await asyncio.sleep(0.01)
            owned = Counter(run.owner for run in await busy.runs.list())
            assert owned == {busy.worker.id: 2, other.worker.id: 3, None: 1}
            [queue] = await busy.reports.queues()
            assert (queue.ready, queue.running, queue.workers, queue.slots) == (1, 5, 2, 5)
        leave.set()
