"""`ctx.restart`: the run begins again, under its own id, with another input and an empty journal."""

import asyncio
import time
from contextlib import closing
from sqlite3 import connect
from typing import Any

import pytest

from podium import Budget, Config, Context, RunState, Steps, agent, workflow
from podium.errors import RunBlocked, RunCancelled, RunFailed, UsageError
from podium.model.budget import PER_USD
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import scripted
from tests.unit.engine.bench import Bench, facts

echo = scripted("echo", lambda value: value)
priced = scripted("priced", lambda value: value, usd=0.5)
LAST = 6


@workflow
async def counts(ctx: Context, n: int) -> int:
    """Count two further in each generation."""
    for _ in range(2):
        n = await ctx.call(echo, n) + 1
        await ctx.sleep(60)
    if n < LAST:
        await ctx.restart(n)
    return n


@workflow
async def naps(ctx: Context, seconds: float) -> float:
    await ctx.sleep(seconds)
    return seconds


async def faults(bench: Bench) -> list[str]:
    """Return what is wrong in the store, whose app is closed."""
    with closing(SqliteStore(str(bench.path))) as store:
        return [str(each) for each in (await audit(store)).faults]


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
        first = await seconds(100)
        later = await seconds(1_600)
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


def versions() -> tuple[Any, Any]:
    """Return a workflow, and a newer version of it."""

    @workflow(name="moves")
    async def old(ctx: Context, told: list[str]) -> list[str]:
        await ctx.sleep(60)
        await ctx.restart([*told, "old"])

    @workflow(name="moves", version="2")
    async def new(ctx: Context, told: list[str]) -> list[str]:
        await ctx.sleep(60)
        return [*told, "new"]

    return old, new


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


# What is refused


@workflow
async def inner(ctx: Context) -> None:
    await ctx.restart(1)


async def open_select(ctx: Context) -> None:
    async with ctx.select(ctx.sleep(1), ctx.sleep(2)):
        await ctx.restart(1)


async def not_awaited(ctx: Context) -> None:
    call = ctx.call(echo, 1)
    try:
        await ctx.restart(1)
    finally:
        call.close()


async def open_child(ctx: Context) -> None:
    await ctx.spawn(naps, 5.0)
    await ctx.restart(1)


async def in_a_branch(ctx: Context) -> None:
    async def part(ctx: Context) -> None:
        await ctx.restart(1)

    await ctx.gather(ctx.branch(part), ctx.branch(part))


async def in_a_branch_alone(ctx: Context) -> None:
    async def part(ctx: Context) -> None:
        await ctx.restart(1)

    await ctx.branch(part)


async def in_a_workflow(ctx: Context) -> None:
    await ctx.call(inner)


async def in_once(ctx: Context) -> None:
    async def body() -> None:
        await ctx.restart(1)

    await ctx.once("body", body)


async def wrong_input(ctx: Context) -> None:
    await ctx.restart("one")


async def large_input(ctx: Context) -> None:
    await ctx.restart([0] * 1_000)


REFUSED = {
    open_select: "while branches of it are open: leave the block",
    not_awaited: "asked for at 0 was not awaited",
    open_child: r"child run run_\w+\.0\. Await `child.result\(\)`, or .*`child.detach\(\)`",
    in_a_branch: "in a branch, or in a workflow that was called",
    in_a_branch_alone: "in a branch, or in a workflow that was called",
    in_a_workflow: "in a branch, or in a workflow that was called",
    in_once: "inside of call 0",
    wrong_input: "tries version 1 cannot restart with this input",
    large_input: "the input has 2001 bytes; 1000 are allowed",
}


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body.__name__)
async def test_what_is_open_or_does_not_fit_is_refused_and_nothing_is_recorded(bench: Bench, body: Any) -> None:
    @workflow
    async def tries(ctx: Context, n: int | list[int]) -> None:
        if not n:
            await body(ctx)

    async with bench.app(tries, naps, inner, config=Config(max_payload_bytes=1_000)) as app:
        handle = await app.start(tries, 0)
        await bench.clock.advance(10)
        with pytest.raises(RunFailed, match=REFUSED[body]):
            await handle.result()
        assert FactKind.RESTARTED not in [kind for kind, _ in await facts(app, handle.id)]
        assert (await handle.status()).generation == 1


async def test_a_refusal_can_be_caught_and_is_the_same_in_a_replay(bench: Bench) -> None:
    @workflow
    async def tries(ctx: Context, n: int) -> int:
        if not n:
            child = await ctx.spawn(naps, 5.0)
            try:
                await ctx.restart(1)
            except UsageError:
                await ctx.sleep(60)
            await child.result()
            await ctx.restart(1)
        return n

    run = await bench.parked(tries, 0, naps)
    assert await bench.result(run, tries, naps, seconds=100) == 1


async def test_one_that_is_not_awaited_is_told(bench: Bench) -> None:
    @workflow
    async def forgets(ctx: Context) -> None:
        ctx.restart()  # pyright: ignore[reportUnusedCoroutine]

    async with bench.app(forgets) as app:
        with pytest.raises(RunFailed, match="was never awaited"):
            await app.run(forgets)


async def test_a_child_that_was_let_go_outlives_the_generation(bench: Bench) -> None:
    @workflow
    async def spawns(ctx: Context, n: int) -> int:
        (await ctx.spawn(naps, 90.0)).detach()
        await ctx.sleep(60)
        if n < 3:
            await ctx.restart(n + 1)
        await ctx.signal("enough")
        return n

    async with bench.app(spawns, naps) as app:
        handle = await app.start(spawns, 1)
        await bench.clock.advance(150)
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        await bench.clock.advance(90)
        states = {run.id: run.state for run in await app.runs.list(parent=handle.id)}
        assert states == {f"{handle.id}.{key}": RunState.DONE for key in ("0", "g2.0", "g3.0")}


async def test_the_ends_of_children_that_were_let_go_do_not_pile_up(bench: Bench) -> None:
    @workflow
    async def spawns(ctx: Context, n: int) -> None:
        (await ctx.spawn(naps, 1.0)).detach()
        await ctx.sleep(60)
        await ctx.restart(n + 1)

    async with bench.app(spawns, naps) as app:
        run = (await app.start(spawns, 1)).id
        await bench.clock.advance(20 * 60)
    async with bench.app() as app:
        claimed = await app.worker.store.take_over(run, app.worker.id)
        assert claimed is not None
        assert len(claimed.signals) <= 1


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


# Changing a run that restarted


@workflow
async def fails(ctx: Context, n: int) -> int:
    """Fail in the third generation."""
    await ctx.call("effect", n)
    if n < 3:
        await ctx.restart(n + 1)
    await ctx.call("shaky", n)
    return n


def hands(bench: Bench, *, works: bool) -> list[Any]:
    @agent
    async def effect(n: int) -> int:
        bench.witness.saw("effect", n)
        return n

    @agent
    async def shaky(n: int) -> int:
        bench.witness.saw("shaky", n)
        if works:
            return n
        raise ValueError("shaky")

    return [fails, effect, shaky]


async def test_a_retry_goes_on_in_the_generation_that_failed(bench: Bench) -> None:
    async with bench.app(*hands(bench, works=False)) as app:
        handle = await app.start(fails, 1, within=60)
        with pytest.raises(RunFailed, match="shaky"):
            await handle.result()
        letter = await app.reports.dead_letter(handle.id)
        assert [call.key for call in letter.calls] == ["g3.1"]
    bench.jump(30)
    async with bench.app(*hands(bench, works=True)) as app:
        await app.operations.retry(handle.id)
        assert await (await app.handle(handle.id)).result() == 3
    assert not await faults(bench)
    assert bench.witness.counts() == {"effect 1": 1, "effect 2": 1, "effect 3": 1, "shaky 3": 2}


@pytest.mark.parametrize(
    ("key", "again"),
    [("0", {"effect": 6, "shaky": 2}), ("g2.0", {"effect": 5, "shaky": 2}), ("g3.1", {"effect": 3, "shaky": 2})],
)
async def test_a_fork_begins_in_the_generation_of_its_call(bench: Bench, key: str, again: dict[str, int]) -> None:
    async with bench.app(*hands(bench, works=True)) as app:
        old = await app.start(fails, 1)
        assert await old.result() == 3
        fork = await app.operations.fork(old.id, key)
        assert await fork.result() == 3
        assert {name: bench.witness.count(name) for name in again} == again
        copied = await app.runs.generation(fork.id)
        assert len(await fork.facts()) < len(await old.facts()) + 3
        assert copied[0].kind is FactKind.STARTED
    assert not await faults(bench)


async def test_a_fork_of_an_earlier_generation_knows_what_later_ones_did_once(bench: Bench) -> None:
    @agent
    async def books(n: int, steps: Steps) -> int:
        async def book() -> int:
            bench.witness.saw("booked", n)
            return n

        return await steps.once("book", book, input=n, effects="once")

    @workflow
    async def booking(ctx: Context, n: int) -> int:
        await ctx.call(echo, n)
        if n > 1:
            await ctx.call(books, n)
        if n < 3:
            await ctx.restart(n + 1)
        return n

    async with bench.app(booking) as app:
        old = await app.start(booking, 1)
        assert await old.result() == 3
        fork = await app.operations.fork(old.id, "0")
        for n in (2, 3):
            await bench.clock.settle()
            [question] = (await app.inbox.list(run=fork.id)).items
            assert question.key == f"g{n}.1"
            await app.inbox.answer(question.id, {"happened": n}, by="ann")
        assert await fork.result() == 3
    assert bench.witness.counts() == {"booked 2": 1, "booked 3": 1}
    assert not await faults(bench)


async def test_only_a_fork_begins_in_a_generation_that_is_over(bench: Bench) -> None:
    run = await bench.parked(counts, 0)
    async with bench.app(counts) as app:
        await bench.clock.advance(120)
        with pytest.raises(UsageError, match=r"call 2 is of generation 1, which is over"):
            await app.operations.repin(run, "1", from_key="2")


async def test_a_run_that_restarted_is_moved_to_a_version_that_fits(bench: Bench) -> None:
    old, new = versions()
    run = await bench.parked(old, [])
    async with bench.app(old):
        await bench.clock.advance(90)
    async with bench.app(old, new) as app:
        await app.operations.repin(run, "2")
        await bench.clock.advance(60)
        assert await (await app.handle(run)).result() == ["old", "new"]


async def test_the_time_that_a_retry_gave_is_kept(bench: Bench) -> None:
    tries = [ValueError("first")]

    @agent
    async def shaky() -> None:
        if tries:
            raise tries.pop()

    @workflow
    async def endless(ctx: Context) -> None:
        await ctx.call(shaky)
        await ctx.sleep(60)
        await ctx.restart()

    async with bench.app(endless) as app:
        handle = await app.start(endless, within=100)
        with pytest.raises(RunFailed, match="first"):
            await handle.result()
        await bench.clock.advance(90)
        await app.operations.retry(handle.id)
        await bench.clock.advance(99)
        assert (await handle.status()).generation == 2
        await bench.clock.advance(1)
        with pytest.raises(RunFailed, match="not done within 100 s"):
            await handle.result()


async def test_two_restarts_in_one_turn_take_no_signal_twice(bench: Bench) -> None:
    @workflow
    async def hears(ctx: Context, n: int) -> int:
        await ctx.signal("go")
        bench.witness.saw("heard")
        if n < 20:
            await ctx.restart(n + 1)
        return n

    async with bench.app(hears) as app:
        handle = await app.start(hears, 1)
        for n in range(20):
            await handle.signal("go", id=str(n))
            if n % 3 == 0:
                await bench.clock.settle()
        assert await handle.result() == 20
    assert bench.witness.count("heard") == 20


async def test_two_workers_share_runs_that_restart(bench: Bench) -> None:
    @workflow
    async def shares(ctx: Context, n: int) -> int:
        await ctx.call(seen, f"{ctx.run_id} {n}")
        await ctx.sleep(1)
        if n < 5:
            await ctx.restart(n + 1)
        return n

    @agent(effects="once")
    async def seen(what: str) -> None:
        bench.witness.saw(what)

    async with bench.app(shares, slots=2) as one, bench.app(shares, slots=2):
        handles = [await one.start(shares, 1, id=f"r{n}") for n in range(10)]
        for _ in range(10):
            await bench.clock.advance(1)
        await bench.clock.until(lambda: len(bench.witness.lines()) == 50)
        assert [await handle.result() for handle in handles] == [5] * 10
    assert set(bench.witness.counts().values()) == {1}


async def test_a_worker_that_lost_the_run_does_not_have_it_begin_again(bench: Bench) -> None:
    @workflow
    async def endless(ctx: Context, n: int) -> int:
        await ctx.call(echo, n)
        await bench.clock.sleep_until(began + 10)
        if n < 2:
            await ctx.restart(n + 1)
        return n

    began = bench.clock.now()
    async with bench.app(endless) as app:
        handle = await app.start(endless, 1)
        await bench.clock.settle()
        with closing(connect(bench.path)) as db, db:
            db.execute("UPDATE runs SET owner = 'another', epoch = epoch + 1")
        await bench.clock.advance(20)
        run = await handle.status()
        assert (run.generation, run.owner) == (1, "another")
        assert FactKind.RESTARTED not in [kind for kind, _ in await facts(app, handle.id)]
