"""Budgets of runs below runs: what is carved out, raised, given back, carved out again, and copied by a fork."""

from typing import Any

import pytest

from podium import Budget, Context, agent, workflow
from podium.errors import CallRefused, NotPossible
from podium.model.budget import PER_USD
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import RunState
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100


async def cents(app: Any, run: str) -> tuple[int, int, int]:
    """Return limit, what is set aside, and what is spent, in cents."""
    [state] = (await app.reports.budgets(prefix=f"run:{run}")).items[:1]
    assert state.id == f"run:{run}"
    return state.limits.usd // CENT, state.reserved.usd // CENT, state.spent.usd // CENT


@agent(usd=0.1)
async def buy(_: Json) -> str:
    return "bought"


async def test_a_share_is_given_back_only_when_all_below_have_ended(bench: Bench) -> None:
    @workflow(name="below")
    async def below(ctx: Context) -> str:
        await ctx.signal("go")
        return await ctx.call(buy, 1)

    @workflow(name="between")
    async def between(ctx: Context) -> str:
        return (await ctx.spawn(below, None, budget=Budget(usd=0.4))).id

    @workflow(name="above")
    async def above(ctx: Context) -> str:
        child = await ctx.spawn(between, None, budget=Budget(usd=0.5))
        last = await child.result()
        await ctx.signal("go")
        return last

    async with bench.app(above, between, below) as app:
        handle = await app.start(above, budget=Budget(usd=0.6))
        await bench.clock.settle()
        assert await cents(app, handle.id) == (60, 50, 0)
        last = next(run for run in await app.runs.list() if run.workflow == "below")
        await (await app.handle(last.id)).signal("go")
        await bench.clock.settle()
        assert await cents(app, handle.id) == (60, 0, 10)
        await handle.signal("go")
        await handle.result()


async def test_who_raises_a_share_raises_what_it_was_carved_out_of(bench: Bench) -> None:
    @workflow(name="child")
    async def child(ctx: Context) -> str:
        return await ctx.call(buy, 1)

    @workflow(name="parent")
    async def parent(ctx: Context) -> str:
        share = Budget(usd=0.05, on_breach="ask")
        return await (await ctx.spawn(child, None, budget=share)).result()

    async with bench.app(parent, child) as app:
        handle = await app.start(parent, budget=Budget(usd=0.05))
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": True, "usd": 0.25}, by="ann")
        assert await handle.result() == "bought"
        assert await cents(app, handle.id) == (30, 0, 10)


async def test_a_child_run_asks_whoever_may_raise_the_budget_above_it(bench: Bench) -> None:
    @workflow(name="child")
    async def child(ctx: Context) -> str:
        return await ctx.call(buy, 1)

    @workflow(name="parent")
    async def parent(ctx: Context) -> str:
        return await (await ctx.spawn(child, None)).result()

    async with bench.app(parent, child) as app:
        handle = await app.start(parent, budget=Budget(usd=0.05, on_breach="ask", to="boss"))
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True, "usd": 0.25}, by="ann")
        assert await handle.result() == "bought"
        assert await cents(app, handle.id) == (30, 0, 10)


def failing(bench: Bench) -> tuple[Any, Any]:
    @agent(usd=0.1)
    async def mends(_: Json) -> str:
        bench.witness.saw("tried")
        if bench.witness.count("tried") == 1:
            raise ValueError("not yet")
        return "mended"

    @workflow(name="child")
    async def child(ctx: Context) -> str:
        return await ctx.call(mends, 1)

    @workflow(name="parent")
    async def parent(ctx: Context) -> str:
        run = await ctx.spawn(child, None, budget=Budget(usd=0.25))
        await ctx.signal("buy")
        await ctx.call(buy, 1)
        return await run.result()

    return parent, child


async def test_a_child_run_that_is_retried_gets_its_share_again(bench: Bench) -> None:
    parent, child = failing(bench)
    async with bench.app(parent, child) as app:
        handle = await app.start(parent, budget=Budget(usd=0.4))
        await bench.clock.settle()
        await handle.signal("buy")
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.FAILED
        assert await cents(app, handle.id) == (40, 0, 20)
        await app.operations.retry(handle.id)
        assert await handle.result() == "mended"
        assert await cents(app, handle.id) == (40, 0, 30)


async def test_it_is_not_retried_where_others_have_spent_its_share(bench: Bench) -> None:
    parent, child = failing(bench)
    async with bench.app(parent, child) as app:
        handle = await app.start(parent, budget=Budget(usd=0.29))
        await bench.clock.settle()
        await handle.signal("buy")
        await bench.clock.settle()
        assert await cents(app, handle.id) == (29, 0, 20)
        with pytest.raises(NotPossible, match="no room for its budget"):
            await app.operations.retry(handle.id)
        assert (await handle.status()).state is RunState.FAILED
        assert await cents(app, handle.id) == (29, 0, 20)


async def test_a_fork_has_as_much_as_the_old_run_had_and_settles_nothing_of_it(bench: Bench) -> None:
    @workflow(name="buys")
    async def buys(ctx: Context) -> list[str]:
        said = list[str]()
        for n in range(3):
            try:
                said.append(await ctx.call(buy, n))
            except CallRefused as error:
                said.append(error.rule)
        return said

    async with bench.app(buys) as app:
        old = await app.start(buys, budget=Budget(usd=0.2))
        assert await old.result() == ["bought", "bought", f"budget:run:{old.id}"]
        new = await app.operations.fork(old.id, "1")
        assert await (await app.handle(new.id)).result() == ["bought", "bought", "bought"]
        assert await cents(app, old.id) == (20, 0, 20)
        assert await cents(app, new.id) == (20, 0, 20)
        kinds = [fact.kind for fact in await app.runs.facts(new.id)]
        assert kinds.count(FactKind.RESERVED) == kinds.count(FactKind.SETTLED) == 2


@pytest.mark.parametrize("bounds", [{"usd": 5.0}, {"usd": 5.0, "tokens": 100}, {"usd": 5.0, "calls": 3}])
async def test_what_a_share_does_not_bound_it_does_not_bound_once_it_is_given_back(
    bench: Bench, bounds: dict[str, Any]
) -> None:
    @workflow(name="child")
    async def child(ctx: Context) -> str:
        return await ctx.call(buy, 1)

    @workflow(name="above")
    async def above(ctx: Context) -> str:
        return await (await ctx.spawn(child, None, budget=Budget(**bounds))).result()

    async with bench.app(above, child) as app:
        handle = await app.start(above, budget=Budget(usd=10.0, tokens=500, calls=9))
        await handle.result()
        await bench.clock.settle()
        [_, share] = (await app.reports.budgets(prefix=f"run:{handle.id}")).items
        for name, inherited in (("usd", True), ("tokens", "tokens" in bounds), ("calls", "calls" in bounds)):
            spent = getattr(share.spent, name)
            assert getattr(share.limits, name) == (spent if inherited else None), name
