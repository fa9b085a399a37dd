"""A run that restarted is retried, forked, moved and shared as others are."""

from contextlib import closing
from sqlite3 import connect
from typing import Any

import pytest

from podium import Context, Steps, agent, workflow
from podium.errors import RunFailed, UsageError
from podium.model.fact import FactKind
from tests.unit.engine.bench import Bench, facts
from tests.unit.engine.generations import counts, echo, faults, versions


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
