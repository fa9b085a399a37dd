"""What a run that spends fast holds in escrow: it saves commits, and changes nothing in what is admitted."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, cast

import pytest

from podium import App, Budget, Config, Context, agent, workflow
from podium.errors import CallRefused
from podium.model.agent import AnyAgent
from podium.model.budget import PER_USD, Allowance, Amount, BudgetSettings, BudgetState
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.store.operations import Committed, Operation
from podium.store.protocol import BudgetQuery, Store
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100
SHARED = Config(budgets=BudgetSettings(tenants={"acme": Allowance(usd=1.0, per="ever")}), poll=0.01)


class CountedStore:
    """A store that counts its commits."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        self.commits += 1
        return self._store.commit(worker, operations, alone=alone)


def buyer(bench: Bench, *, usd: float = 0.02) -> AnyAgent:
    @agent(usd=usd)
    async def buys(_: Json) -> str:
        bench.witness.saw("bought")
        return "bought"

    return buys


def shopper(member: AnyAgent, name: str = "shops") -> AnyAgent:
    """Return a workflow that buys so often in a row, or until it is refused, and says how often."""

    @workflow(name=name)
    async def shops(ctx: Context, most: int) -> int:
        for n in range(most):
            try:
                await ctx.call(member, n)
            except CallRefused:
                return n
        return most

    return shops


async def state_of(app: App, budget: str) -> BudgetState:
    [state] = [state for state in await app.reports.budgets() if state.id == budget]
    return state


async def test_quick_calls_in_a_row_take_a_commit_each(bench: Bench) -> None:
    flow = shopper(buyer(bench))
    counted = CountedStore(SqliteStore(str(bench.path)))
    async with bench.app(flow, store=cast("Store", counted)) as app:
        await app.run(flow, 5, budget=Budget(usd=100.0))
        before = counted.commits
        assert await app.run(flow, 50, budget=Budget(usd=100.0)) == 50
    assert counted.commits - before <= 50 + 4


@pytest.mark.parametrize("budget", [Budget(usd=1.0), Budget(calls=50), Budget(usd=1.0, calls=60, tokens=9)])
async def test_calls_in_a_row_are_admitted_to_the_last_one_that_fits(bench: Bench, budget: Budget) -> None:
    flow = shopper(buyer(bench))
    async with bench.app(flow) as app:
        handle = await app.start(flow, 100, budget=budget)
        assert await handle.result() == bench.witness.count("bought") == 50
        state = await state_of(app, f"run:{handle.id}")
        assert (state.reserved, state.in_doubt) == (Amount(), 0)
        assert state.spent.under(state.limits) == Amount(
            usd=0 if budget.usd is None else 100 * CENT, calls=0 if budget.calls is None else 50
        )


@pytest.mark.parametrize("wanted", [4, 20, 200])
async def test_calls_at_once_are_admitted_as_they_fit_also_while_an_escrow_is_held(bench: Bench, wanted: int) -> None:
    member = buyer(bench)

    @workflow(name="bursts")
    async def bursts(ctx: Context) -> int:
        bought = 0
        for _round in range(6):
            for n in range(3):
                try:
                    bought += await ctx.call(member, n) == "bought"
                except CallRefused:
                    return bought
            calls = (ctx.call(member, n) for n in range(wanted))
            bought += (await ctx.gather(*calls, return_exceptions=True)).count("bought")
        return bought

    async with bench.app(bursts) as app:
        handle = await app.start(bursts, budget=Budget(usd=1.0))
        fits = min(50, 6 * (3 + wanted))
        assert await handle.result() == bench.witness.count("bought") == fits
        state = await state_of(app, f"run:{handle.id}")
        assert (state.spent.usd, state.reserved.usd) == (fits * 2 * CENT, 0)


@pytest.mark.parametrize("runs", [2, 7, 25])
async def test_runs_of_one_process_that_share_a_budget_leave_nothing_of_it_to_each_other_unused(
    bench: Bench, runs: int
) -> None:
    flow = shopper(buyer(bench))
    async with bench.app(flow, config=SHARED) as app:
        handles = [await app.start(flow, 100, tenant="acme") for _ in range(runs)]
        assert sum([await handle.result() for handle in handles]) == bench.witness.count("bought") == 50
        state = await state_of(app, "tenant:acme")
        assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (100 * CENT, 0, 0)


async def test_a_run_gets_what_another_one_holds_unused(bench: Bench) -> None:
    large, asked, go = buyer(bench, usd=0.8), asyncio.Event(), asyncio.Event()

    @agent(usd=0.01)
    async def sips(n: int) -> str:
        if n == 9:
            asked.set()
            await go.wait()
        return "sipped"

    @workflow(name="drinks")
    async def drinks(ctx: Context) -> int:
        return len([await ctx.call(sips, n) for n in range(10)])

    @workflow(name="takes")
    async def takes(ctx: Context) -> str:
        return await ctx.call(large, 1)

    config = Config(budgets=BudgetSettings(tenants={"acme": Allowance(usd=0.9, per="ever")}), poll=60.0)
    async with bench.app(drinks, takes, config=config) as app:
        slow = await app.start(drinks, tenant="acme")
        await asked.wait()
        assert (await state_of(app, "tenant:acme")).reserved.usd > CENT, "nothing is held in escrow"
        assert await app.run(takes, tenant="acme") == "bought"
        go.set()
        assert await slow.result() == 10
        state = await state_of(app, "tenant:acme")
        assert (state.spent.usd, state.reserved.usd) == (90 * CENT, 0)


async def test_a_worker_gets_what_another_one_holds_unused(bench: Bench) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    @agent(usd=0.01)
    async def sips(n: int) -> str:
        if n == 9:
            asked.set()
            await go.wait()
        return "sipped"

    @workflow(name="drinks")
    async def drinks(ctx: Context) -> int:
        return len([await ctx.call(sips, n) for n in range(10)])

    large = shopper(buyer(bench, usd=0.8), "takes")
    settings = BudgetSettings(tenants={"acme": Allowance(usd=0.9, per="ever")})
    config = Config(budgets=settings, poll=0.01)
    async with bench.app(drinks, config=config) as one, bench.app(large, config=config) as two:
        slow = await one.start(drinks, tenant="acme")
        await asked.wait()
        assert (await state_of(one, "tenant:acme")).reserved.usd > CENT, "nothing is held in escrow"
        assert await two.run(large, 1, tenant="acme") == 1
        go.set()
        assert await slow.result() == 10


async def test_two_workers_together_admit_to_the_last_one_that_fits(bench: Bench) -> None:
    first, second = shopper(buyer(bench), "a"), shopper(buyer(bench), "b")
    async with bench.app(first, config=SHARED) as one, bench.app(second, config=SHARED) as two:
        handles = [await one.start(first, 100, tenant="acme") for _ in range(3)]
        handles += [await two.start(second, 100, tenant="acme") for _ in range(3)]
        assert sum([await handle.result() for handle in handles]) == bench.witness.count("bought") == 50
        state = await state_of(one, "tenant:acme")
    assert (state.spent.usd, state.reserved.usd) == (100 * CENT, 0)


async def test_nothing_is_held_while_a_run_waits_and_after_its_process_ended(bench: Bench) -> None:
    member = buyer(bench)
    reached = asyncio.Event()

    @agent(usd=0.02)
    async def hangs(_: Json) -> str:
        reached.set()
        return await asyncio.Event().wait() and ""

    @workflow(name="waits")
    async def waits(ctx: Context, how: str) -> None:
        for n in range(5):
            await ctx.call(member, n)
        if how == "hangs":
            await ctx.call(hangs, None)
        await ctx.signal("go")

    async with bench.app(waits) as app:
        parked = await app.start(waits, "parks", budget=Budget(usd=10.0))
        await bench.clock.settle()
        state = await state_of(app, f"run:{parked.id}")
        assert (state.spent.usd, state.reserved.usd) == (10 * CENT, 0)
        hung = await app.start(waits, "hangs", budget=Budget(usd=10.0))
        await reached.wait()
        assert (await state_of(app, f"run:{hung.id}")).reserved.usd == 8 * CENT, (
            "the escrow covers it until it is recorded"
        )
        await bench.clock.settle()
        assert (await state_of(app, f"run:{hung.id}")).reserved.usd == 2 * CENT + 8 * CENT
    store = SqliteStore(str(bench.path))
    [state] = (await store.budgets(BudgetQuery(prefix=f"run:{hung.id}"))).items
    store.close()
    assert (state.spent.usd, state.reserved.usd) == (10 * CENT, 2 * CENT)


async def test_the_end_of_a_run_is_its_last_fact_whatever_it_held(bench: Bench) -> None:
    flow = shopper(buyer(bench))
    async with bench.app(flow) as app:
        handle = await app.start(flow, 5, budget=Budget(usd=100.0))
        assert await handle.result() == 5
        assert (await app.runs.facts(handle.id))[-1].kind is FactKind.ENDED
    async with bench.app(flow) as app:
        assert await (await app.handle(handle.id)).result() == 5


async def test_slow_calls_hold_nothing_but_what_they_cost(bench: Bench) -> None:
    held: list[int] = []

    @agent(usd=0.02)
    async def works(n: int) -> str:
        if n > 4:
            await bench.clock.settle()
            held.append((await state_of(app, "tenant:acme")).reserved.usd)
            await bench.clock.advance(5)
        return "done"

    flow = shopper(works)
    config = Config(budgets=SHARED.budgets, poll=60.0)
    async with bench.app(flow, config=config) as app:
        assert await app.run(flow, 9, tenant="acme") == 9
    assert held == [2 * CENT + 8 * CENT, 2 * CENT, 2 * CENT, 2 * CENT]


async def test_a_call_that_outlives_its_commit_is_set_aside_and_settled(bench: Bench) -> None:
    member = buyer(bench)

    @agent(usd=0.02)
    async def lingers(_: Json) -> str:
        for _n in range(5):
            await asyncio.sleep(0)
        return "done"

    @workflow(name="mixes")
    async def mixes(ctx: Context) -> None:
        for n in range(5):
            await ctx.call(member, n)
        await ctx.gather(*(ctx.call(lingers, n) for n in range(3)))

    async with bench.app(mixes) as app:
        handle = await app.start(mixes, budget=Budget(usd=10.0))
        await handle.result()
        facts = [(fact.kind, fact.body) for fact in await app.runs.facts(handle.id)]
        state = await state_of(app, f"run:{handle.id}")
    assert (state.spent.usd, state.reserved.usd) == (16 * CENT, 0)
    settled = [body for kind, body in facts if kind is FactKind.SETTLED]
    assert sum(body["usd"] for body in settled) == 16 * CENT
    open_ones = {body["reservation"] for kind, body in facts if kind is FactKind.RESERVED}
    assert open_ones <= {body["reservation"] for body in settled}


async def test_a_drawn_call_that_is_cut_counts_with_all_it_may_have_cost(bench: Bench) -> None:
    member = buyer(bench)

    @agent(usd=0.5)
    async def hangs(_: Json) -> str:
        await asyncio.Event().wait()
        return ""

    @workflow(name="races")
    async def races(ctx: Context) -> None:
        for n in range(5):
            await ctx.call(member, n)
            await ctx.race(ctx.call(hangs, n), ctx.once("quick", lambda: "quick", gives=str))

    async with bench.app(races) as app:
        await app.run(races, budget=Budget(usd=100.0))
        [state] = await app.reports.budgets()
    assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (5 * 52 * CENT, 0, 5 * 50 * CENT)


async def test_a_day_that_begins_has_a_budget_of_its_own(bench: Bench) -> None:
    member = buyer(bench)

    @workflow(name="nights")
    async def nights(ctx: Context) -> None:
        for n in range(10):
            await ctx.call(member, n)
            if n == 5:
                await bench.clock.advance(86_400)

    config = Config(budgets=BudgetSettings(day=Allowance(usd=10.0)))
    async with bench.app(nights, config=config) as app:
        await app.run(nights)
        assert [(state.spent.usd, state.reserved.usd) for state in await app.reports.budgets()] == [
            (12 * CENT, 0),
            (8 * CENT, 0),
        ]
