"""A worker that somebody has drained begins nothing new, lets what is under way end, and hands the rest back."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from podium import App, Context, RunState, agent, workflow
from podium.errors import NotPossible, StoreUnavailable
from podium.model.worker_standing import WorkerStanding
from podium.store.protocol import Claimed
from tests.unit.engine.bench import Bench

BEATS = 0.2
"""A lease so short that the beat comes at once, in real time; by the driven clock nobody is silent."""


async def drained(bench: Bench, app: App) -> None:
    """Have the worker of an app drained, as another process would, and let it come to that."""
    await app.operations.drain_worker(app.worker.id, by="ann", why="deploy")
    await asyncio.wait_for(app.drained(), 60)


async def test_what_is_under_way_ends_and_what_comes_next_is_left_to_others(bench: Bench) -> None:
    @agent
    async def slow(n: int) -> int:
        bench.witness.saw("began", str(n))
        await bench.clock.sleep_until(bench.clock.now() + 5.0)
        bench.witness.saw("ended", str(n))
        return n

    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(slow, 1) + await ctx.call(slow, 2)

    async with bench.app(flow, lease=BEATS, grace=1e6) as app:
        run = (await app.start(flow)).id
        await bench.clock.settle()
        draining = asyncio.create_task(drained(bench, app))
        while (await app.reports.workers())[0].standing is not WorkerStanding.DRAINING:
            await asyncio.sleep(0.01)
        while not app.worker.draining:
            await asyncio.sleep(0.01)
        await bench.clock.advance(5.0)
        await draining
        [worker] = await app.reports.workers()
        assert worker.running == 0
        assert worker.drain is not None
        assert (worker.drain.by, worker.drain.why) == ("ann", "deploy")
        assert (await app.runs.get(run)).state is RunState.READY
        later = await app.start(flow)  # which others drive
        assert (await app.runs.get(later.id)).state is RunState.READY
        assert bench.witness.lines() == ["began 1", "ended 1"]
    assert await bench.result(run, flow, seconds=60) == 3
    assert bench.witness.counts()["began 1"] == 2  # once of each run


async def test_what_is_being_claimed_as_it_drains_is_handed_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    @workflow
    async def flow(ctx: Context) -> int:
        return 1

    async with bench.app() as app:
        app.register(flow)
        app.worker.draining = True  # so that the run is left to others
        run = (await app.start(flow)).id
    claiming, go_on = asyncio.Event(), asyncio.Event()
    async with bench.app(lease=BEATS) as app:
        claim = app.store.claim

        async def slowly(worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
            claimed = await claim(worker, numbers, workflows)
            claiming.set()
            await go_on.wait()
            return claimed

        monkeypatch.setattr(app.store, "claim", slowly)
        app.register(flow)
        await asyncio.wait_for(claiming.wait(), 60)
        await drained(bench, app)
        go_on.set()
        async with asyncio.timeout(60):  # the app goes on: whoever waits for it to be closed may wait for days
            while (await app.runs.get(run)).state is not RunState.READY:
                await asyncio.sleep(0.01)
    assert await bench.result(run, flow, seconds=60) == 1


async def test_what_outlasts_the_grace_time_is_cut_and_handed_back(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    @agent
    async def endless() -> None:
        await bench.clock.sleep_until(1e12)

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.call(endless)

    with caplog.at_level(logging.WARNING):
        async with bench.app(flow, lease=BEATS) as app:
            run = (await app.start(flow)).id
            await bench.clock.settle()
            await drained(bench, app)
            assert (await app.runs.get(run)).state is RunState.READY
    assert "ann has this worker drained: deploy" in caplog.text


async def test_who_is_drained_twice_or_gone_is_told_so(bench: Bench) -> None:
    async with bench.app(lease=BEATS) as app:
        await drained(bench, app)
        again = await app.operations.drain_worker(app.worker.id, by="ann", why="deploy")
        assert again.id == app.worker.id  # whose first answer was lost
        with pytest.raises(NotPossible, match="is drained already: ann wanted it, deploy"):
            await app.operations.drain_worker(app.worker.id, why="again")
        while (await app.reports.workers())[0].standing is not WorkerStanding.DRAINED:
            await asyncio.sleep(0.01)
        with pytest.raises(NotPossible, match="no worker is called 'w_nobody'"):
            await app.operations.drain_worker("w_nobody", why="deploy")
        gone = app.worker.id
    async with bench.app() as app:
        assert (await app.operations.drain_worker(gone, why="deploy")).standing is WorkerStanding.LEFT
        assert [worker.id for worker in await app.reports.workers()] == [app.worker.id]


async def test_it_drains_also_where_the_store_is_away_and_it_goes_on_under_another_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.app(lease=BEATS) as app:
        loop, workers, before, away = asyncio.get_running_loop(), app.store.workers, app.worker.id, asyncio.Event()

        def refused(worker: str, now: float) -> None:
            loop.call_soon_threadsafe(away.set)
            raise StoreUnavailable("away")

        with monkeypatch.context() as patched:
            patched.setattr(workers, "drained", refused)
            await app.operations.drain_worker(before, why="deploy")
            await asyncio.wait_for(away.wait(), 60)
            workers.leave(before)  # others declare it dead, as it was silent for too long
            while app.worker.id == before:
                await asyncio.sleep(0.01)
            away.clear()
            await asyncio.wait_for(away.wait(), 60)  # it tries again
        await asyncio.wait_for(app.drained(), 60)
        assert [worker.standing for worker in await app.reports.workers()] == [WorkerStanding.DRAINED]


async def test_an_app_that_is_closed_while_it_drains_ends(bench: Bench) -> None:
    @agent
    async def endless() -> None:
        await bench.clock.sleep_until(1e12)

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.call(endless)

    async with bench.app(flow, lease=BEATS, grace=0.5) as app:
        await app.start(flow)
        await bench.clock.settle()
        await app.operations.drain_worker(app.worker.id, why="deploy")
        while not app.worker.draining:
            await asyncio.sleep(0.01)
