"""A run is pinned to the version of the built-in patterns that it was begun with."""

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from podium import Context, workflow
from podium.errors import RunBlocked
from podium.model.fact import FactKind
from podium.model.run import PATTERNS_VERSION
from podium.patterns.building.pinning import begun_with
from podium.testing import scripted
from tests.unit.engine.bench import Bench, facts

echo = scripted("echo", lambda value: value)
NEXT = PATTERNS_VERSION + 1


@workflow
async def child(ctx: Context) -> bool:
    return begun_with(ctx, 2)


@workflow
async def tells(ctx: Context) -> list[bool]:
    """Tell, before and after a wait, whether it was begun with the second version."""
    before = [begun_with(ctx, 2), await ctx.call(child)]
    await ctx.sleep(10)
    return [*before, begun_with(ctx, 2), await ctx.call(child)]


@workflow
async def parent(ctx: Context) -> bool:
    await ctx.sleep(10)
    return await (await ctx.spawn(child, None)).result()


@workflow
async def restarts(ctx: Context, seen: list[int]) -> list[int]:
    await ctx.sleep(10)
    if not seen:
        await ctx.restart([ctx.patterns_version])
    return [*seen, ctx.patterns_version]


@contextmanager
def podium_with(patterns: int) -> Generator[None]:
    """Have runs and generations begin as a Podium with this version of the patterns begins them."""
    with pytest.MonkeyPatch.context() as patched:
        for place in ("starting", "generation"):
            patched.setattr(f"podium.engine.run.{place}.PATTERNS_VERSION", patterns)
        yield


async def test_a_run_of_an_older_podium_goes_on_as_it_was_begun(bench: Bench) -> None:
    with podium_with(1):
        run = await bench.parked(tells)
    assert await bench.result(run, tells, seconds=10) == [False] * 4
    with sqlite3.connect(bench.path) as store:
        started = json.loads(store.execute("SELECT body FROM facts WHERE kind = 1").fetchone()[0])
    assert "patterns" not in started  # as it stood in every journal before


async def test_a_run_that_begins_now_has_the_newest_bodies_and_records_no_fact_for_it(bench: Bench) -> None:
    run = await bench.parked(tells)
    assert await bench.result(run, tells, seconds=10) == [True] * 4
    async with bench.app() as app:
        kinds = [kind for kind, _ in await facts(app, run)]
    assert kinds == [
        FactKind.STARTED, *[FactKind.ASKED, FactKind.ANSWERED] , FactKind.TIMER, FactKind.ANSWERED,
        FactKind.ASKED, FactKind.ANSWERED, FactKind.ENDED,
    ]  # fmt: skip


async def test_a_child_run_is_pinned_to_the_version_of_its_own_start(bench: Bench) -> None:
    with podium_with(1):
        run = await bench.parked(parent, None, child)
    assert await bench.result(run, parent, child, seconds=10) is True


async def test_a_restart_moves_to_the_newest_version(bench: Bench) -> None:
    with podium_with(1):
        run = await bench.parked(restarts, [])
    assert await bench.result(run, restarts, seconds=20) == [1, PATTERNS_VERSION]


async def test_a_fork_is_pinned_as_what_it_is_a_fork_of(bench: Bench) -> None:
    with podium_with(1):
        run = await bench.parked(tells)
    async with bench.app(tells) as app:
        fork = await app.operations.fork(run, "0")
        await bench.clock.advance(10)
        assert await fork.result() == [False] * 4


async def test_a_run_of_a_newer_podium_waits_for_one(bench: Bench) -> None:
    with podium_with(NEXT):
        run = await bench.parked(tells)
    async with bench.app(tells) as app:
        with pytest.raises(RunBlocked, match=f"begun with version {NEXT} of the built-in patterns"):
            await (await app.handle(run)).result()
