"""A process that dies while it has taken a run that ended, to have it go on: the run stays as it ended."""

from pathlib import Path

import pytest

from podium import Context, RunState, agent, workflow
from podium.errors import RunCancelled, RunFailed
from podium.reports.audit import audit
from tests.unit.engine.bench import Bench

away = [True]


@pytest.fixture(autouse=True)
def fail_at_first() -> None:
    away[0] = True


@agent
async def work(n: int) -> int:
    if n < 0 and away[0]:
        raise ConnectionError("the line is down")
    return n


@workflow
async def job(ctx: Context, n: int) -> int:
    value = await ctx.call(work, n)
    return value if n else value + await ctx.signal("never", int)


@pytest.mark.parametrize(("n", "state"), [(1, RunState.DONE), (-1, RunState.FAILED), (0, RunState.CANCELLED)])
async def test_a_run_that_was_taken_after_its_end_stays_as_it_ended(tmp_path: Path, n: int, state: RunState) -> None:
    bench = Bench(tmp_path)
    async with bench.app(job) as app:
        handle = await app.start(job, n)
        await bench.clock.settle()
        if n == 0:
            await handle.cancel()
            await bench.clock.settle()
        before, facts = await handle.status(), await handle.facts()
        assert before.state is state
        await app.store.take_over(handle.id, app.worker.id)
    async with bench.app(job) as app:
        handle = await app.handle(handle.id)
        if state is RunState.DONE:
            assert await handle.result() == n
        else:
            with pytest.raises((RunFailed, RunCancelled)):
                await handle.result()
        after = await handle.status()
        assert (after.state, after.ended_at, after.reason) == (state, before.ended_at, before.reason)
        assert await handle.facts() == facts
        assert (await audit(app.store)).faults == []


async def test_it_can_be_retried_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.app(job) as app:
        handle = await app.start(job, -1)
        await bench.clock.settle()
        await app.store.take_over(handle.id, app.worker.id)
    async with bench.app(job) as app:
        await bench.clock.settle()
        away[0] = False
        assert await (await app.operations.retry(handle.id)).result() == -1
        assert (await audit(app.store)).faults == []
