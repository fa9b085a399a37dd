"""What an engine must do on a store, seen from outside: the short form, for whoever brings a store or a fleet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from podium.app import App
from podium.engine.context import Context
from podium.engine.workflow import workflow
from podium.errors import RunCancelled, RunFailed
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.retry import Retry
from podium.model.run import RunState
from podium.testing.agents import failing, scripted
from podium.testing.clock import DrivenClock
from podium.testing.contracts.opened import OpenedStore
from podium.testing.witness import Witness

AppWork = Callable[[App], Awaitable[None]]


class EngineContract(OpenedStore):
    """Runs give their results, wait for nothing but what they ask for, and go on where they were."""

    clock: DrivenClock

    def setup_method(self) -> None:
        """Give each test a clock of its own; called by pytest."""
        self.clock = DrivenClock(moment=self.moment)

    def drive(self, folder: Path, agents: Sequence[AnyAgent], work: AppWork) -> None:
        """Open an app on the store in a folder, do something with it, and close it."""

        async def run() -> None:
            async with asyncio.timeout(60), App.open(self.open_store(folder), agents=agents, clock=self.clock) as app:
                await work(app)

        asyncio.run(run())

    def test_a_run_gives_its_value(self, tmp_path: Path) -> None:
        double = scripted("double", lambda n: n * 2)

        @workflow
        async def sums(ctx: Context, numbers: list[int]) -> int:
            return sum(await ctx.map(double, numbers))

        async def work(app: App) -> None:
            assert await app.run(sums, [1, 2, 3]) == 12
            (run,) = await app.runs.list()
            assert run.state is RunState.DONE
            assert await app.reports.verify(run.id) == []

        self.drive(tmp_path, [sums], work)

    def test_a_failure_is_data(self, tmp_path: Path) -> None:
        @workflow
        async def broken(ctx: Context) -> None:
            await ctx.call(failing("no", error=ValueError("never")))

        async def work(app: App) -> None:
            try:
                await app.run(broken)
            except RunFailed as error:
                assert "ValueError: never" in str(error)
            else:
                raise AssertionError("a run whose call failed gave a value")
            assert [run.state for run in await app.runs.list()] == [RunState.FAILED]

        self.drive(tmp_path, [broken], work)

    def test_a_failed_attempt_is_tried_again_when_its_delay_is_over(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        retry = Retry(attempts=3, delay=100.0, factor=1.0, jitter=0.0)
        flaky = failing("flaky", times=2, then="at last", witness=witness, retry=retry)

        @workflow
        async def patient(ctx: Context) -> Json:
            return await ctx.call(flaky)

        async def work(app: App) -> None:
            handle = await app.start(patient)
            await self.clock.advance(99)
            assert witness.count("flaky") == 1
            await self.clock.advance(101)
            assert await handle.result() == "at last"
            assert witness.count("flaky") == 3

        self.drive(tmp_path, [patient], work)

    def test_a_run_that_waits_goes_on_after_reopening_and_repeats_nothing(self, tmp_path: Path) -> None:
        if not self.durable:
            return
        witness = Witness(tmp_path / "witness")
        step = scripted("step", lambda n: n, witness=witness)

        @workflow
        async def sleeper(ctx: Context) -> Json:
            first = await ctx.call(step, 1)
            await ctx.sleep(1_000)
            return [first, await ctx.call(step, 2)]

        async def begin(app: App) -> None:
            await app.start(sleeper, id="r")
            await self.clock.settle()
            assert (await (await app.handle("r")).status()).state is RunState.PARKED

        async def go_on(app: App) -> None:
            await self.clock.advance(1_000)
            assert await (await app.handle("r")).result() == [1, 2]
            assert witness.counts() == {"step 0": 1, "step 2": 1}

        self.drive(tmp_path, [sleeper], begin)
        self.drive(tmp_path, [sleeper], go_on)

    def test_a_signal_and_an_answer_wake_a_run(self, tmp_path: Path) -> None:
        @workflow
        async def waits(ctx: Context) -> Json:
            return [await ctx.signal("go"), await ctx.ask("How many?", answer=int)]

        async def work(app: App) -> None:
            handle = await app.start(waits)
            await self.clock.settle()
            assert await handle.signal("go", "green") is True
            await self.clock.settle()
            (question,) = await app.inbox.list()
            await app.inbox.answer(question.id, 3, by="ann")
            assert await handle.result() == ["green", 3]

        self.drive(tmp_path, [waits], work)

    def test_a_cancelled_run_is_undone(self, tmp_path: Path) -> None:
        witness = Witness(tmp_path / "witness")
        undo = scripted("undo", lambda n: n, witness=witness)

        @workflow
        async def trip(ctx: Context) -> None:
            await ctx.on_undo(undo, 1)
            await ctx.sleep(1_000)

        async def work(app: App) -> None:
            handle = await app.start(trip)
            await self.clock.settle()
            await handle.cancel()
            try:
                await handle.result()
            except RunCancelled:
                assert witness.lines() == ["undo 0.undo"]
            else:
                raise AssertionError("a cancelled run gave a value")

        self.drive(tmp_path, [trip, undo], work)

    def test_a_child_run_gives_its_value_to_its_parent(self, tmp_path: Path) -> None:
        @workflow
        async def child(ctx: Context, n: int) -> int:
            await ctx.sleep(10)
            return n + 1

        @workflow
        async def parent(ctx: Context) -> int:
            started = await ctx.spawn(child, 1)
            return await started.result()

        async def work(app: App) -> None:
            handle = await app.start(parent)
            await self.clock.advance(10)
            assert await handle.result() == 2
            assert len(await app.runs.list()) == 2

        self.drive(tmp_path, [parent, child], work)
