"""A run stays with its version; without it, it is blocked until somebody brings it back or moves it."""

import asyncio
import sqlite3
from typing import Any

import pytest

from podium import App, Context, workflow
from podium.errors import RunBlocked
from podium.facade.handle import AnyHandle
from podium.model.run import BlockedReason, RunState
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


def made(version: str, value: Any = None, *, more: bool = False) -> Any:
    @workflow(name="job", version=version)
    async def job(ctx: Context) -> Any:
        if more:
            await ctx.call(echo, "more")
        await ctx.sleep(10)
        return value or version

    return job


async def test_two_versions_are_registered_at_once_and_each_run_stays_with_its_own(bench: Bench) -> None:
    run = await bench.parked(made("1"))
    async with bench.app(made("1"), made("2")) as app:
        newer: AnyHandle = await app.start("job")
        await bench.clock.advance(10)
        assert [await (await app.handle(run)).result(), await newer.result()] == ["1", "2"]


async def test_without_its_version_a_run_is_blocked_and_nothing_is_lost(bench: Bench) -> None:
    run = await bench.parked(made("1"))
    async with bench.app(made("2")) as app:
        await bench.clock.advance(10)
        with pytest.raises(RunBlocked, match="no worker has job version 1"):
            await (await app.handle(run)).result()
    assert await bench.result(run, made("1")) == "1"


async def test_a_run_that_was_blocked_by_a_worker_without_its_version_goes_to_one_that_has_it(bench: Bench) -> None:
    run = await bench.parked(made("1"))
    async with bench.app(made("1"), poll=0.01) as having:
        with sqlite3.connect(bench.path) as other:
            other.execute("UPDATE runs SET state = 'blocked', blocked = ?", (BlockedReason.MISSING_VERSION,))
        while (await (await having.handle(run)).status()).state is RunState.BLOCKED:
            await asyncio.sleep(0.01)
        await bench.clock.advance(10)
        assert await (await having.handle(run)).result() == "1"


async def test_repin_moves_a_run_to_a_version_that_fits(bench: Bench) -> None:
    run = await bench.parked(made("1"))
    async with bench.app(made("1"), made("2")) as app:
        await repin(app, run, "2")
        await bench.clock.advance(10)
        assert await (await app.handle(run)).result() == "2"
        assert await app.reports.verify(run) == []


async def test_repin_refuses_a_version_that_does_not_fit_and_changes_nothing(bench: Bench) -> None:
    run = await bench.parked(made("1"))
    async with bench.app(made("1"), made("2", more=True)) as app:
        before = await app.runs.facts(run)
        with pytest.raises(Exception, match="a call of echo"):
            await repin(app, run, "2")
        assert await app.runs.facts(run) == before
        await bench.clock.advance(10)
        assert await (await app.handle(run)).result() == "1"


async def repin(app: App, run: str, version: str) -> None:
    await app.operations.repin(run, version)
