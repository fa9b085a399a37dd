"""The budget of a run that has stopped is raised, and the run retried: it goes on where it had no room."""

from typing import Any

import pytest

from podium import Budget, Context, agent, workflow
from podium.errors import NotPossible, RunFailed, UsageError
from podium.model.budget import PER_USD
from podium.model.fact import FactKind
from podium.model.run import RunState
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100


def buying(bench: Bench) -> Any:
    @agent(usd=0.1)
    async def buy(n: int) -> int:
        bench.witness.saw("bought", n)
        return n

    @workflow(name="buys")
    async def buys(ctx: Context, times: int) -> int:
        return len([await ctx.call(buy, n) for n in range(times)])

    return buys


async def test_what_had_no_room_is_done_and_nothing_else_again(bench: Bench) -> None:
    flow = buying(bench)
    async with bench.app(flow) as app:
        handle = await app.start(flow, 4, budget=Budget(usd=0.2))
        with pytest.raises(RunFailed, match="are spent"):
            await handle.result()
        await app.operations.raise_budget(handle.id, usd=0.2, why="more", by="ann")
        assert (await handle.status()).state is RunState.FAILED, "it is not retried by that"
    async with bench.app(flow) as app:
        await app.operations.retry(handle.id)
        assert await (await app.handle(handle.id)).result() == 4
        [state] = await app.reports.budgets()
        said = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
        assert not await app.reports.verify(handle.id)
    assert bench.witness.count("bought") == 4
    assert (state.limits.usd, state.spent.usd) == (40 * CENT, 40 * CENT)
    assert said == [{"guard": "budget-raised", "usd": 20 * CENT, "by": "ann", "why": "more"}]


@pytest.mark.parametrize("above", [0.4, 1.0])
async def test_a_child_runs_share_is_carved_out_as_large_as_it_was_raised(bench: Bench, above: float) -> None:
    flow = buying(bench)

    @workflow(name="sends")
    async def sends(ctx: Context) -> int:
        return await (await ctx.spawn(flow, 4, budget=Budget(usd=0.2))).result()

    async with bench.app(sends, flow) as app:
        handle = await app.start(sends, budget=Budget(usd=above))
        with pytest.raises(RunFailed):
            await handle.result()
        [child] = [run.id for run in await app.runs.list() if run.parent]
        await app.operations.raise_budget(child, usd=0.2, why="more", by="ann")
        await app.operations.retry(handle.id)
        assert await handle.result() == 4
        states = {state.id: state for state in await app.reports.budgets()}
    assert states[f"run:{handle.id}"].spent.usd == 40 * CENT
    assert states[f"run:{handle.id}"].limits.usd == round(above * 100) * CENT, "a child's budget widens none above it"


async def test_what_cannot_be_raised_is_refused_in_words(bench: Bench) -> None:
    flow = buying(bench)
    async with bench.app(flow) as app:
        failed = await app.start(flow, 4, budget=Budget(usd=0.2))
        done = await app.start(flow, 1, budget=Budget(usd=0.2))
        await bench.clock.settle()
        with pytest.raises(NotPossible, match="does not bound tokens"):
            await app.operations.raise_budget(failed.id, tokens=5, why="more", by="ann")
        with pytest.raises(UsageError, match="expected usd="):
            await app.operations.raise_budget(failed.id, why="more", by="ann")
        with pytest.raises(UsageError, match="usd"):
            await app.operations.raise_budget(failed.id, usd=-1, why="more", by="ann")
        with pytest.raises(NotPossible):
            await app.operations.raise_budget(done.id, usd=1, why="more", by="ann")
        assert (await failed.status()).state is RunState.FAILED


async def test_a_run_without_a_budget_of_its_own_says_whose_to_raise(bench: Bench) -> None:
    @workflow(name="fails")
    async def fails(ctx: Context) -> None:
        raise ValueError("no")

    async with bench.app(fails) as app:
        handle = await app.start(fails)
        await bench.clock.settle()
        with pytest.raises(NotPossible, match="has no budget of its own"):
            await app.operations.raise_budget(handle.id, usd=1, why="more", by="ann")
