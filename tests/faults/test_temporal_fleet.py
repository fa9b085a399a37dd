"""Runs that Temporal places, while workers are killed and Temporal itself is away."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from podium import App, Context, agent, workflow
from podium.errors import ConfigError
from podium.model.fact import FactKind
from podium.model.fleet import FleetSettings
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.faults.programs.placed import STEPS, chain

if TYPE_CHECKING:
    from tests.temporal import TemporalServer

pytestmark = pytest.mark.system

PATIENCE = 180
RUNS = 12


@contextmanager
def worker(*arguments: str) -> "Generator[subprocess.Popen[str]]":
    """Run a worker while the block lasts."""
    command = [sys.executable, str(PROGRAMS / "placed.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.kill
def test_what_a_killed_worker_drove_is_driven_by_another_and_nothing_recorded_is_done_again(
    temporal: "TemporalServer", tmp_path: Path
) -> None:
    store, witness = str(tmp_path / "podium.db"), Witness(tmp_path / "witness")
    options = {"address": temporal.address, "name": temporal.name()}
    arguments = store, json.dumps(options), str(tmp_path / "witness")

    async def work(first: "subprocess.Popen[str]") -> None:
        async with asyncio.timeout(PATIENCE), App.open(
            store, agents=[chain], fleet=FleetSettings(kind="temporal", options=options), queues=["none"], poll=0.05
        ) as app:  # fmt: skip
            runs = [await app.start(chain, n, id=f"r{n}") for n in range(RUNS)]
            while witness.count("step") < RUNS:
                await asyncio.sleep(0.01)
            first.kill()
            first.wait()
            seen = len(witness.lines())
            recorded = {
                f"step {handle.id} {fact.key}"
                for handle in runs
                for fact in await handle.facts()
                if fact.kind is FactKind.ANSWERED
            }
            assert [await handle.result() for handle in runs] == [n + STEPS for n in range(RUNS)]
            again = recorded.intersection(witness.lines()[seen:])
            assert again == set()
            assert max([(await handle.status()).epoch for handle in runs]) > 1, "the killed worker drove none"

    with worker(*arguments) as first, worker(*arguments):
        asyncio.run(work(first))


def test_while_temporal_is_away_runs_wait_and_go_on_when_it_is_back(tmp_path: Path) -> None:
    from tests.temporal import PROGRAM, temporal_server  # noqa: PLC0415 - Temporal's package takes long to load

    if not PROGRAM.exists():
        pytest.skip("Temporal's server is not installed: scripts/install_servers builds it")

    @workflow
    async def plus(ctx: Context, n: int) -> int:
        await ctx.sleep(0)
        return n + 1

    async def work(server: "TemporalServer") -> None:
        fleet = FleetSettings(kind="temporal", options={"address": server.address, "name": "away"})
        async with asyncio.timeout(PATIENCE), App.open(tmp_path / "podium.db", agents=[plus], fleet=fleet) as app:
            assert await app.run(plus, 1) == 2
            await asyncio.to_thread(server.stop)
            handle = await app.start(plus, 2)
            assert (await handle.status()).state == "ready"
            await asyncio.to_thread(server.start)
            assert await handle.result() == 3

    with temporal_server() as server:
        asyncio.run(work(server))


def test_a_run_that_is_handed_to_a_worker_without_its_workflow_goes_to_one_that_has_it(
    temporal: "TemporalServer", tmp_path: Path
) -> None:
    witness = Witness(tmp_path / "witness")

    @agent
    async def says(what: str) -> str:
        witness.saw(what)
        return what

    @workflow
    async def one(ctx: Context, what: str) -> str:
        return await ctx.call(says, what)

    @workflow
    async def other(ctx: Context, what: str) -> str:
        return await ctx.call(says, what)

    async def work() -> None:
        fleet = FleetSettings(kind="temporal", options={"address": temporal.address, "name": temporal.name()})
        store = tmp_path / "podium.db"
        async with (
            asyncio.timeout(PATIENCE),
            App.open(store, agents=[one], fleet=fleet) as left,
            App.open(store, agents=[other], fleet=fleet) as right,
        ):
            asked = [await left.start(one, f"one {n}") for n in range(4)]
            asked += [await right.start(other, f"other {n}") for n in range(4)]
            for handle in asked:
                await handle.result()

    asyncio.run(work())
    assert sorted(witness.lines()) == sorted(f"{which} {n}" for which in ("one", "other") for n in range(4))


def test_a_namespace_that_is_not_there_is_one_clear_error(temporal: "TemporalServer", tmp_path: Path) -> None:
    async def work() -> None:
        fleet = FleetSettings(kind="temporal", options={"address": temporal.address, "namespace": "nowhere"})
        async with App.open(tmp_path / "podium.db", fleet=fleet):
            pass

    with pytest.raises(ConfigError, match=r"has no such namespace: .*nowhere.* Create it, or set `namespace`"):
        asyncio.run(work())


def test_an_app_that_is_closed_at_once_leaves_temporal_in_peace(temporal: "TemporalServer", tmp_path: Path) -> None:
    async def work() -> None:
        fleet = FleetSettings(kind="temporal", options={"address": temporal.address, "name": temporal.name()})
        async with asyncio.timeout(PATIENCE), App.open(tmp_path / "podium.db", fleet=fleet):
            pass

    asyncio.run(work())


def test_a_run_whose_workflow_somebody_terminates_is_placed_again(temporal: "TemporalServer", tmp_path: Path) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    @agent
    async def waits(what: str) -> str:
        begun.set()
        await gate.wait()
        return what

    @workflow
    async def one(ctx: Context, what: str) -> str:
        return await ctx.call(waits, what)

    async def work() -> None:
        name = temporal.name()
        fleet = FleetSettings(kind="temporal", options={"address": temporal.address, "name": name})
        async with (
            asyncio.timeout(PATIENCE),
            App.open(tmp_path / "podium.db", agents=[one], fleet=fleet, slots=1, lease=1) as app,
        ):
            first = await app.start(one, "first")
            await begun.wait()
            second = await app.start(one, "second", id="second")
            await temporal.placed(f"{name}/second/0")
            await temporal.terminate(f"{name}/second/0")
            gate.set()
            assert (await first.result(), await second.result()) == ("first", "second")

    asyncio.run(work())
