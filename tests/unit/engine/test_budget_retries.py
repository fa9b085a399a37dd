"""Failed child runs that are retried: their shares, and what is in doubt, come to the same in all books."""

from collections.abc import Sequence
from contextlib import suppress

import pytest

from podium import App, Budget, Context, agent, workflow
from podium.errors import NotPossible, PodiumError, RunFailed, StoreUnavailable
from podium.model.budget import PER_USD
from podium.store.operations import Committed, Operation, Reserve
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

failing: dict[str, int] = {"times": 0}
"""How often the agent fails from now on."""


@agent(usd=0.5)
async def pays(n: int) -> int:
    if failing["times"]:
        failing["times"] -= 1
        raise ValueError("no answer")
    return n


@workflow
async def lowest(ctx: Context, n: int) -> int:
    return sum([await ctx.call(pays, n) for _ in range(n)])


@workflow
async def middle(ctx: Context, n: int) -> int:
    return await (await ctx.spawn(lowest, n, budget=Budget(usd=2.0))).result()


@workflow
async def top(ctx: Context, n: int) -> int:
    return await (await ctx.spawn(middle, n, budget=Budget(usd=3.0))).result()


@workflow
async def keeps_on(ctx: Context, n: int) -> int:
    try:
        return await (await ctx.spawn(lowest, n, budget=Budget(usd=2.0))).result()
    except RunFailed:
        return 0


async def booked(app: App) -> dict[str, tuple[float, float]]:
    """Return what each budget has spent, and of that in doubt; costs come to the same as the topmost."""
    states = (await app.reports.budgets()).items
    assert not any(each.reserved for each in states)
    found = {each.id: (each.spent.usd / PER_USD, each.in_doubt / PER_USD) for each in states}
    costs = (await app.reports.costs(by="workflow")).items
    doubt = sum(each.in_doubt for each in costs)
    first = found[min(found, key=len)]
    assert (pytest.approx(sum(each.usd for each in costs) + doubt), pytest.approx(doubt)) == first
    return found


async def test_what_is_in_doubt_before_a_retry_counts_once_above(bench: Bench) -> None:
    async with bench.app(keeps_on, lowest) as app:
        failing["times"] = 1
        handle = await app.start(keeps_on, 1, budget=Budget(usd=5.0), id="p")
        assert await handle.result() == 0
        assert await booked(app) == {"run:p": (0.5, 0.5), "run:p.0": (0.5, 0.5)}
        await app.operations.retry("p.0")
        assert await (await app.handle("p.0")).result() == 1
        assert await booked(app) == {"run:p": (1.0, 0.5), "run:p.0": (1.0, 0.5)}


@pytest.mark.parametrize("given", [0.25, 0.5])
async def test_what_is_given_back_while_a_retried_run_goes_on_is_given_back_above(bench: Bench, given: float) -> None:
    @workflow(name="waits")
    async def waits(ctx: Context, n: int) -> int:
        await ctx.call(pays, n)
        return await ctx.signal("go", int)

    @workflow(name="above")
    async def above(ctx: Context, n: int) -> int:
        try:
            return await (await ctx.spawn(waits, n, budget=Budget(usd=2.0))).result()
        except RunFailed:
            return 0

    async with bench.app(above, waits) as app:
        failing["times"] = 1
        await (await app.start(above, 1, budget=Budget(usd=5.0), id="p")).result()
        await app.operations.retry("p.0")
        await bench.clock.settle()
        await app.operations.correct_budgets("p.0", usd=given, why="not on the invoice")
        child = await app.handle("p.0")
        await child.signal("go", 3)
        assert await child.result() == 3
        assert await booked(app) == dict.fromkeys(["run:p", "run:p.0"], (1.0 - given, 0.5 - given))


async def test_runs_with_shares_of_shares_are_retried(bench: Bench) -> None:
    async with bench.app(top, middle, lowest) as app:
        failing["times"] = 2
        handle = await app.start(top, 1, budget=Budget(usd=4.0), id="p")
        for spent in (0.5, 1.0):
            with pytest.raises(RunFailed):
                await handle.result()
            assert await booked(app) == dict.fromkeys(["run:p", "run:p.0", "run:p.0.0"], (spent, spent))
            await app.operations.retry("p")
        assert await handle.result() == 1
        assert await booked(app) == dict.fromkeys(["run:p", "run:p.0", "run:p.0.0"], (1.5, 1.0))


async def test_what_has_no_room_below_leaves_nothing_set_aside(bench: Bench) -> None:
    async with bench.app(top, middle, lowest) as app:
        failing["times"] = 1
        handle = await app.start(top, 1, budget=Budget(usd=3.0), id="p")
        with pytest.raises(RunFailed):
            await handle.result()
        await app.operations.raise_budget("p.0.0", usd=5.0, why="much more")
        before = await booked(app)
        with pytest.raises(NotPossible, match=r"p\.0\.0 cannot be retried, for there is no room"):
            await app.operations.retry("p")
        assert await booked(app) == before
        await app.operations.raise_budget("p.0", usd=5.0, why="much more")
        await app.operations.raise_budget("p", usd=5.0, why="much more")
        await app.operations.retry("p")
        assert await handle.result() == 1
        assert await booked(app) == dict.fromkeys(["run:p", "run:p.0", "run:p.0.0"], (1.0, 0.5))


@workflow
async def forgives(ctx: Context, n: int) -> int:
    """Comes to its end though its child run fails."""
    try:
        return await (await ctx.spawn(lowest, n, budget=Budget(usd=0.5, on_breach="ask", to="leads"))).result()
    except RunFailed:
        return 0


@workflow
async def grand(ctx: Context, n: int) -> int:
    return await (await ctx.spawn(forgives, n, budget=Budget(usd=1.0))).result()


@pytest.mark.parametrize("given", ["nothing", "all"])
async def test_what_a_run_spends_whose_starter_has_ended_counts_in_all_budgets_above(bench: Bench, given: str) -> None:
    async with bench.app(grand, forgives, lowest) as app:
        failing["times"] = 1
        handle = await app.start(grand, 1, budget=Budget(usd=4.0), id="p")
        assert await handle.result() == 0
        if given == "all":
            await app.operations.correct_budgets("p", why="not on the invoice")
        await app.operations.retry("p.0.0")
        await bench.clock.settle()
        for question in (await app.inbox.list()).items:
            await app.inbox.answer(question.id, {"approved": True, "usd": 0.5}, by="ann")
        assert await (await app.handle("p.0.0")).result() == 1
        spent = (0.5, 0.0) if given == "all" else (1.0, 0.5)
        assert await booked(app) == dict.fromkeys(["run:p", "run:p.0", "run:p.0.0"], spent)


async def test_what_a_run_that_has_ended_left_cannot_be_had_from_it_once_others_have_it(bench: Bench) -> None:
    @workflow(name="spends")
    async def spends(ctx: Context, n: int) -> int:
        await (await ctx.spawn(forgives, n, budget=Budget(usd=1.0))).result()
        return sum([await ctx.call(pays, n) for _ in range(2)])

    async with bench.app(spends, forgives, lowest) as app:
        failing["times"] = 1
        await (await app.start(spends, 1, budget=Budget(usd=1.5), id="p")).result()
        before = await booked(app)
        with pytest.raises(NotPossible, match=r"no room for the budget of run p\.0, from which it spends"):
            await app.operations.retry("p.0.0")
        assert await booked(app) == before


class DiesOnceTheShareIsSetAside(SqliteStore):
    """A store whose process dies right after the commit that sets the share of a child run aside again."""

    async def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Committed:
        done = await super().commit(worker, operations, alone=alone)
        if any(isinstance(each, Reserve) and each.id.startswith("share:") for each in operations):
            raise StoreUnavailable("the process died here")
        return done


async def test_a_process_that_dies_while_it_carves_a_share_out_again_leaves_none_that_is_closed(bench: Bench) -> None:
    async with bench.app(keeps_on, lowest) as app:
        failing["times"] = 1
        assert await (await app.start(keeps_on, 1, budget=Budget(usd=5.0), id="p")).result() == 0
    dying = DiesOnceTheShareIsSetAside(str(bench.path))
    with suppress(PodiumError):
        async with bench.app(keeps_on, lowest, store=dying) as app:
            await app.operations.retry("p.0")
    bench.jump(3_600)
    async with bench.app(keeps_on, lowest) as app:
        await bench.clock.advance(3_600)
        with suppress(NotPossible):
            await app.operations.retry("p.0")
        assert await (await app.handle("p.0")).result() == 1
