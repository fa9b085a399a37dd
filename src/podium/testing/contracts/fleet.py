"""What a fleet must do, seen from outside: the suite for whoever brings one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from podium import agent
from podium.app import App
from podium.engine.context import Context
from podium.engine.workflow import Workflow, workflow
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.operations import Placed
from podium.store.protocol import Serving
from podium.testing.witness import Witness

AnyWorkflow = Workflow[Any, Any]

_ELSEWHERE = "elsewhere"
"""A queue without runs: whoever drives only its runs drives none."""


class FleetContract:
    """What is ready is driven, once, whatever the fleet forgets or says twice; in order, and within bounds."""

    fleet: FleetSettings = FleetSettings()
    """The fleet as the settings name it."""
    patience = 120.0
    """Real seconds after which a test has failed: what has to happen has not happened by then."""

    def address(self, folder: Path) -> str:
        """Return the address of the store that is kept for a folder."""
        raise NotImplementedError

    async def settle(self, app: App) -> None:
        """Wait until all that the fleet of an app was told to place is placed."""

    @asynccontextmanager
    async def opened(self, folder: Path, *agents: AnyWorkflow, **settings: Any) -> AsyncGenerator[App]:
        """Open an app of the fleet on the store of a folder."""
        settings = {"fleet": self.fleet, "poll": 0.02, "telemetry": False, **settings}
        async with asyncio.timeout(self.patience), App.open(self.address(folder), agents=agents, **settings) as app:
            yield app

    @asynccontextmanager
    async def bystander(self, folder: Path) -> AsyncGenerator[App]:
        """Open an app that drives nothing and places nothing: what it starts is lost until somebody finds it."""
        async with self.opened(folder, fleet=FleetSettings(), queues=[_ELSEWHERE]) as app:
            yield app

    def test_what_is_started_is_driven(self, tmp_path: Path) -> None:
        @workflow
        async def adds(ctx: Context, n: int) -> int:
            await ctx.sleep(0)
            return n + 1

        async def work() -> None:
            async with self.opened(tmp_path, adds) as app:
                started = [await app.start(adds, n) for n in range(30)]
                assert [await handle.result() for handle in started] == [n + 1 for n in range(30)]

        asyncio.run(work())

    def test_what_is_placed_again_and_again_is_driven_once(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        _, steps = _counted(witness)

        async def work() -> None:
            async with self.bystander(tmp_path) as other:
                await other.start(steps, "first", id="r")
                placed = await _ready(other, steps)
            async with self.opened(tmp_path, steps) as app:
                handle, fleet = await app.handle("r"), app.worker.fleet
                for _ in range(10):
                    fleet.place([*placed, *placed])
                    fleet.recover(placed)
                assert await handle.result() == "first"
                fleet.place(placed)
                fleet.recover(placed)
                assert await app.run(steps, "second") == "second"
                run = await handle.status()
                assert (run.state, run.epoch) == (RunState.DONE, 1)

        asyncio.run(work())
        assert witness.counts() == {"step first": 1, "step second": 1}

    def test_a_run_that_is_woken_again_and_again_is_driven_each_time(self, tmp_path: Path) -> None:
        @workflow
        async def gathers(ctx: Context, wanted: int) -> list[Json]:
            return [await ctx.signal("more") for _ in range(wanted)]

        async def work() -> None:
            async with self.opened(tmp_path, gathers) as app:
                handle = await app.start(gathers, 5)
                for n in range(5):
                    await _becomes(app, handle.id, RunState.PARKED)
                    await handle.signal("more", n)
                assert await handle.result() == list(range(5))

        asyncio.run(work())

    def test_a_run_that_nobody_placed_is_found(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        _, steps = _counted(witness)

        async def work() -> None:
            async with self.bystander(tmp_path) as other:
                await other.start(steps, "before", id="before")
            async with self.opened(tmp_path, steps) as app, self.bystander(tmp_path) as other:
                await other.start(steps, "meanwhile", id="meanwhile")
                for name in ("before", "meanwhile"):
                    assert await (await app.handle(name)).result() == name

        asyncio.run(work())
        assert witness.counts() == {"step before": 1, "step meanwhile": 1}

    def test_the_run_of_a_dead_worker_is_driven_by_another(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        _, steps = _counted(witness)

        async def work() -> None:
            async with self.bystander(tmp_path) as other:
                await other.start(steps, "here", id="r")
                other.store.workers.join("w_dead", 100.0)
                (placed,) = await _ready(other, steps)
                assert await other.store.claim("w_dead", [placed.n], [steps.card.name])
                async with self.opened(tmp_path, steps) as app:
                    handle = await app.handle("r")
                    assert await app.run(steps, "there") == "there"
                    run = await handle.status()
                    assert (run.state, run.owner) == (RunState.RUNNING, "w_dead")
                    other.store.workers.reap("w_reaper", {"w_dead": 100.0})
                    assert await handle.result() == "here"
                    assert (await handle.status()).epoch == 2

        asyncio.run(work())
        assert witness.counts() == {"step here": 1, "step there": 1}

    def test_the_most_urgent_goes_first(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        gate, begun = asyncio.Event(), asyncio.Event()

        @agent
        async def waits(name: str) -> str:
            begun.set()
            await gate.wait()
            witness.saw(name)
            return name

        @workflow
        async def queued(ctx: Context, name: str) -> str:
            return await ctx.call(waits, name)

        async def work() -> None:
            async with self.opened(tmp_path, queued, slots=1) as app:
                await app.start(queued, "first")
                await begun.wait()
                urgency = {"low": -5, "lower": -6, "high": 9, "plain": 0}
                started = [await app.start(queued, name, priority=urgency[name]) for name in urgency]
                await self.settle(app)
                gate.set()
                for handle in started:
                    await handle.result()

        asyncio.run(work())
        assert witness.lines() == ["first", "high", "plain", "low", "lower"]

    def test_no_more_are_in_memory_than_there_are_slots(self, tmp_path: Path) -> None:
        inside, most = set[int](), 0

        @agent
        async def lingers(n: int) -> int:
            nonlocal most
            inside.add(n)
            most = max(most, len(inside))
            await asyncio.sleep(0.02)  # noqa: TID251 - long enough for one too many to be seen; nothing is decided by it
            inside.discard(n)
            return n

        @workflow
        async def crowded(ctx: Context, n: int) -> int:
            return await ctx.call(lingers, n)

        async def work() -> None:
            async with self.opened(tmp_path, crowded, slots=2) as app:
                started = [await app.start(crowded, n) for n in range(10)]
                assert [await handle.result() for handle in started] == list(range(10))

        asyncio.run(work())
        assert most <= 2

    def test_runs_of_other_queues_are_left_to_others(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        _, steps = _counted(witness)

        async def work() -> None:
            async with self.opened(tmp_path, steps, queues=["mail"]) as app:
                other = await app.start(steps, "other")
                assert await (await app.start(steps, "mail", queue="mail")).result() == "mail"
                await self.settle(app)
                assert await (await app.start(steps, "more mail", queue="mail")).result() == "more mail"
                run = await other.status()
                assert (run.state, run.epoch) == (RunState.READY, 0)
            async with self.opened(tmp_path, steps) as app:
                assert await (await app.handle(other.id)).result() == "other"

        asyncio.run(work())
        assert witness.counts() == {"step mail": 1, "step more mail": 1, "step other": 1}

    def test_whoever_stops_hands_back_what_it_drives(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        step, _ = _counted(witness)
        begun, released = asyncio.Event(), asyncio.Event()

        @agent
        async def hangs(name: str) -> str:
            begun.set()
            await released.wait()
            return name

        @workflow
        async def long(ctx: Context, name: str) -> Json:
            await ctx.call(step, name)
            return await ctx.call(hangs, name)

        async def work() -> None:
            async with self.opened(tmp_path, long, grace=0.0) as app:
                await app.start(long, "moved", id="r")
                await begun.wait()
            async with self.bystander(tmp_path) as other:
                run = await other.store.run("r")
                assert run is not None
                assert (run.state, run.owner) == (RunState.READY, None)
            released.set()
            async with self.opened(tmp_path, long) as app:
                assert await (await app.handle("r")).result() == "moved"

        asyncio.run(work())
        assert witness.counts() == {"step moved": 1}


def _counted(witness: Witness) -> tuple[Any, AnyWorkflow]:
    """Return an agent that is seen to do what it is asked, and a workflow that calls it."""

    @agent
    async def step(name: str) -> str:
        witness.saw("step", name)
        return name

    @workflow
    async def steps(ctx: Context, name: str) -> str:
        return await ctx.call(step, name)

    return step, steps


async def _ready(app: App, workflow: AnyWorkflow) -> Sequence[Placed]:
    """Return the runs of a workflow that are ready."""
    serving = Serving(versions={workflow.card.name: frozenset()}, queues=None, limit=100)
    return (await app.store.wake("w_looks", serving, 0.0)).ready


async def _becomes(app: App, run_id: str, state: RunState) -> None:
    """Wait until a run stands so."""
    handle = await app.handle(run_id)
    while (await handle.status()).state is not state:  # noqa: ASYNC110 - a store tells nobody how a run stands
        await asyncio.sleep(0.005)  # noqa: TID251 - a store may be a server, which lives in real time
