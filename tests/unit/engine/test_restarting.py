"""`ctx.restart`: the run begins again, under its own id, with another input and an empty journal."""

import asyncio
import time
from statistics import median
from typing import Any

import pytest

from podium import Budget, Config, Context, RunState, agent, workflow
from podium.errors import RunBlocked, RunCancelled, RunFailed
from podium.model.budget import PER_USD
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.testing import scripted
from tests.unit.engine.bench import Bench, facts
from tests.unit.engine.generations import LAST, counts, echo, faults, priced, versions


async def test_a_restart_goes_on_under_the_same_id_with_another_input(bench: Bench) -> None:
    async with bench.app(counts) as app:
        handle = await app.start(counts, 0)
        await bench.clock.advance(6 * 60)
        assert await handle.result() == LAST
        run = await handle.status()
        assert (run.generation, run.state, run.id) == (3, RunState.DONE, handle.id)
        assert not await app.reports.verify(handle.id)
        assert (await app.reports.costs()).items[0].calls == LAST


async def test_the_keys_of_each_generation_are_its_own(bench: Bench) -> None:
    async with bench.app(counts) as app:
        handle = await app.start(counts, 0)
        await bench.clock.advance(6 * 60)
        asked = [key for kind, key in await facts(app, handle.id) if kind is FactKind.ASKED]
        assert asked == ["0", "2", "g2.0", "g2.2", "g3.0", "g3.2"]


async def test_only_the_present_generation_is_read_to_drive_it(bench: Bench) -> None:
    async with bench.app(counts) as app:
        handle = await app.start(counts, 0)
        await bench.clock.advance(4 * 60)
        read = await app.runs.generation(handle.id)
        assert [fact.kind for fact in read] == [FactKind.STARTED, *[f.kind for f in await handle.facts()][-4:]]
        assert read[1].kind is FactKind.RESTARTED
    async with bench.app() as app:
        claimed = await app.worker.store.take_over(handle.id, app.worker.id)
        assert claimed is not None
        assert [fact.seq for fact in claimed.facts] == [fact.seq for fact in read]


@pytest.mark.parametrize("minutes", [1, 2, 3, 4, 5])
async def test_another_process_goes_on_in_the_generation_that_there_is(bench: Bench, minutes: int) -> None:
    run = await bench.parked(counts, 0)
    async with bench.app(counts):
        await bench.clock.advance(minutes * 60)
    assert await bench.result(run, counts, seconds=6 * 60) == LAST


@pytest.mark.system
async def test_a_wake_costs_what_the_first_ones_did(bench: Bench) -> None:
    @workflow
    async def watches(ctx: Context, left: int) -> int:
        for _ in range(10):
            await ctx.call(echo, left)
            await ctx.sleep(60)
            left -= 1
        if left:
            await ctx.restart(left)
        return left

    async def seconds(wakes: int) -> float:
        began = time.process_time()
        await bench.clock.advance(wakes * 60)
        return (time.process_time() - began) / wakes

    async with bench.app(watches) as app:
        handle = await app.start(watches, 1_700)
        await bench.clock.settle()
        first = median([await seconds(20) for _ in range(5)])
        later = median([await seconds(100) for _ in range(16)])
        assert await handle.result() == 0
    assert later <= 1.5 * first


# What is carried over


async def test_what_a_run_has_it_keeps(bench: Bench) -> None:
    @workflow
    async def keeps(ctx: Context, n: int) -> list[Any]:
        await ctx.call(echo, n)
        if n < 3:
            await ctx.restart(n + 1)
        return [ctx.run_id, ctx.tenant, ctx.deadline, ctx.callers]

    async with bench.app(keeps) as app:
        handle = await app.start(
            keeps, 1, id="watch", tag="mine", queue="slow", priority=3, tenant="acme", principal="ann", within=600,
            budget=Budget(calls=10),
        )  # fmt: skip
        began = bench.clock.now()
        assert await handle.result() == ["watch", "acme", began + 600, ["keeps"]]
        run = await handle.status()
        assert (run.tag, run.queue, run.priority, run.principal, run.created_at) == ("mine", "slow", 3, "ann", began)
        [budget] = [each for each in (await app.reports.budgets()).items if each.id.endswith(":watch")]
        assert budget.spent.calls == 3


async def test_a_budget_is_not_given_again(bench: Bench) -> None:
    @workflow
    async def greedy(ctx: Context, n: int) -> None:
        await ctx.call(echo, n)
        await ctx.restart(n + 1)

    async with bench.app(greedy) as app:
        handle = await app.start(greedy, 1, budget=Budget(calls=3))
        with pytest.raises(RunFailed, match="budget"):
            await handle.result()
        assert (await handle.status()).generation == 4


async def test_money_that_was_set_aside_ahead_is_given_back(bench: Bench) -> None:
    @workflow
    async def pays(ctx: Context, n: int) -> int:
        for _ in range(8):
            await ctx.call(priced, n)
        if n < 3:
            await ctx.restart(n + 1)
        return n

    async with bench.app(pays) as app:
        handle = await app.start(pays, 1, budget=Budget(usd=100.0))
        assert await handle.result() == 3
        [budget] = (await app.reports.budgets()).items
        kinds = [kind for kind, _ in await facts(app, handle.id)]
        assert kinds.count(FactKind.RESERVED) > kinds.count(FactKind.RESTARTED)
    assert (budget.spent.usd, budget.reserved.usd, budget.in_doubt) == (24 * PER_USD // 2, 0, 0)


async def test_the_time_of_a_run_goes_on(bench: Bench) -> None:
    @workflow
    async def endless(ctx: Context) -> None:
        await ctx.sleep(60)
        await ctx.restart()

    async with bench.app(endless) as app:
        handle = await app.start(endless, within=150)
        await bench.clock.advance(149)
        assert (await handle.status()).generation == 3
        await bench.clock.advance(1)
        with pytest.raises(RunFailed, match="not done within 150 s"):
            await handle.result()


async def test_signals_that_nobody_took_are_taken_later_in_their_order(bench: Bench) -> None:
    @workflow
    async def hears(ctx: Context, heard: list[Json]) -> list[Json]:
        heard = [*heard, await ctx.signal("said")]
        if len(heard) < 4:
            await ctx.restart(heard)
        return heard

    async with bench.app(hears) as app:
        handle = await app.start(hears, list[Json]())
        for n in range(4):
            assert await handle.signal("said", n, id=f"said {n}")
        assert not await handle.signal("said", 9, id="said 0")
        assert await handle.result() == [0, 1, 2, 3]
        assert (await handle.status()).generation == 4


async def test_a_parent_is_told_once_at_the_real_end(bench: Bench) -> None:
    @workflow
    async def parent(ctx: Context) -> int:
        return await (await ctx.spawn(counts, 0)).result()

    async with bench.app(parent, counts) as app:
        handle = await app.start(parent)
        await bench.clock.advance(6 * 60)
        assert await handle.result() == LAST


async def test_chance_and_ids_are_others_in_each_generation(bench: Bench) -> None:
    @workflow
    async def rolls(ctx: Context, seen: list[str]) -> list[str]:
        seen = [*seen, str(ctx.uuid())]
        await ctx.sleep(1)
        if len(seen) < 3:
            await ctx.restart(seen)
        return seen

    run = await bench.parked(rolls, [])
    assert len(set(await bench.result(run, rolls, seconds=10))) == 3


async def test_the_time_is_that_of_the_restart(bench: Bench) -> None:
    @workflow
    async def tells(ctx: Context, before: float) -> float:
        if not before:
            await ctx.sleep(60)
            await ctx.restart(ctx.now())
        return ctx.now() - before

    async with bench.app(tells) as app:
        handle = await app.start(tells, 0.0)
        await bench.clock.advance(60)
        assert await handle.result() == 0.0


# What begins again


async def test_facts_are_counted_for_each_generation(bench: Bench) -> None:
    async with bench.app(counts, config=Config(max_facts=12)) as app:
        handle = await app.start(counts, 0)
        await bench.clock.advance(6 * 60)
        assert await handle.result() == LAST
        assert (await handle.status()).facts > 12


async def test_a_run_with_too_many_facts_is_told_of_it(bench: Bench) -> None:
    @workflow
    async def loops(ctx: Context) -> None:
        while True:
            await ctx.call(echo, 1)

    async with bench.app(loops, config=Config(max_facts=12)) as app:
        with pytest.raises(RunBlocked, match=r"ctx\.restart"):
            await app.run(loops)


async def test_what_could_be_undone_is_not_undone_by_a_later_generation(bench: Bench) -> None:
    undo = scripted("undo", lambda _: bench.witness.saw("undone"))

    @workflow
    async def books(ctx: Context, n: int) -> None:
        if n:
            raise ValueError("no")
        await ctx.on_undo(undo, 1)
        await ctx.restart(1)

    async with bench.app(books) as app:
        with pytest.raises(RunFailed, match="no"):
            await app.run(books, 0)
    assert not bench.witness.lines()


async def test_a_restart_moves_to_the_newest_version(bench: Bench) -> None:
    old, new = versions()
    run = await bench.parked(old, [])
    async with bench.app(old, new) as app:
        handle = await app.handle(run)
        await bench.clock.advance(60)
        assert (await handle.status()).version == "2"
        await bench.clock.advance(60)
        assert await handle.result() == ["old", "new"]
    assert not await faults(bench)


async def test_the_value_is_read_as_the_version_gives_it_that_the_run_ended_with(bench: Bench) -> None:
    @workflow(name="moves")
    async def old(ctx: Context) -> int:
        await ctx.restart()

    @workflow(name="moves", version="2")
    async def new(ctx: Context) -> frozenset[str]:
        return frozenset("a")

    async with bench.app(old, new) as app:
        handle = await app.start(old)
        assert await handle.result() == frozenset("a")


async def test_a_generation_that_has_begun_keeps_its_version(bench: Bench) -> None:
    old, new = versions()
    run = await bench.parked(old, [])
    async with bench.app(old):
        await bench.clock.advance(60)
    async with bench.app(new) as app:
        await bench.clock.advance(60)
        assert (await (await app.handle(run)).status()).state is RunState.BLOCKED


async def test_changes_of_code_apply_in_a_new_generation(bench: Bench) -> None:
    def watching(*, changed: bool) -> Any:
        @workflow(name="watches")
        async def watches(ctx: Context, told: list[bool]) -> list[bool]:
            await ctx.sleep(60)
            if changed:
                told = [*told, ctx.changed("better")]
            await ctx.sleep(60)
            if len(told) < 2:
                await ctx.restart(told)
            return told

        return watches

    run = await bench.parked(watching(changed=False), [])
    async with bench.app(watching(changed=False)):
        await bench.clock.advance(60)
    assert await bench.result(run, watching(changed=True), seconds=300) == [False, True]


# How it ends a generation


async def test_nothing_catches_it_and_what_is_to_be_left_is_left_first(bench: Bench) -> None:
    @workflow
    async def guarded(ctx: Context, n: int) -> int:
        bench.witness.saw("begun", n)
        try:
            if n < 3:
                await ctx.restart(n + 1)
        except Exception:  # noqa: BLE001 - that nothing reaches it is what is tested
            bench.witness.saw("caught")
        finally:
            await asyncio.sleep(0)
            bench.witness.saw("left", n)
        return n

    async with bench.app(guarded) as app:
        assert await app.run(guarded, 1) == 3
    assert bench.witness.lines() == ["begun 1", "left 1", "begun 2", "left 2", "begun 3", "left 3"]


async def test_a_cancel_stops_the_generation_that_there_is(bench: Bench) -> None:
    async with bench.app(counts) as app:
        handle = await app.start(counts, 0)
        await bench.clock.advance(150)
        await handle.cancel("enough")
        with pytest.raises(RunCancelled, match="enough"):
            await handle.result()
        assert (await handle.status()).generation == 2


async def test_a_cancel_that_comes_with_the_restart_stops_the_run(bench: Bench) -> None:
    @workflow
    async def endless(ctx: Context) -> None:
        await ctx.call(canceller)
        await ctx.restart()

    @agent
    async def canceller() -> None:
        await (await app.handle("endless")).cancel("enough")

    async with bench.app(endless) as app:
        handle = await app.start(endless, id="endless")
        with pytest.raises(RunCancelled, match="enough"):
            await handle.result()
        assert (await handle.status()).generation <= 2


async def test_a_run_that_was_asked_to_stop_does_not_restart(bench: Bench) -> None:
    @workflow
    async def stubborn(ctx: Context, n: int) -> int:
        try:
            await ctx.sleep(1_000)
        except asyncio.CancelledError:
            bench.witness.saw("caught")
        await ctx.restart(n + 1)

    run = await bench.parked(stubborn, 0)
    async with bench.app(stubborn) as app:
        handle = await app.handle(run)
        await handle.cancel("enough")
        with pytest.raises(RunCancelled, match="enough"):
            await handle.result()
        assert (await handle.status()).generation == 1
    assert bench.witness.lines() == ["caught"]


async def test_a_worker_that_stops_leaves_the_next_generation_to_others(bench: Bench) -> None:
    @workflow
    async def endless(ctx: Context, n: int) -> int:
        bench.witness.saw(n)
        if n < 500:
            await ctx.restart(n + 1)
        return n

    async with bench.app(endless, grace=1.0) as app:
        run = (await app.start(endless, 0)).id
        await asyncio.sleep(0)
    assert await bench.result(run, endless) == 500
    assert set(bench.witness.counts()) == {str(n) for n in range(501)}
