"""Budgets: what is set aside, settled, refused, raised, carved out, and given back."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from podium import Budget, Config, Context, Retry, Steps, agent, workflow
from podium.errors import CallError, CallRefused, RateLimited, RunFailed
from podium.model.budget import PER_USD, Allowance, Amount, Bound, BudgetSettings, BudgetState
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100


def clerk(bench: Bench, *, bound: float | None = 0.03, costs: float = 0.01, **options: Any) -> Any:
    """Return an agent whose one step, a model request, may cost 3 cents and costs 1."""

    async def request() -> Json:
        bench.witness.saw("paid")
        return costs

    def usage(value: Json) -> Usage:
        return Usage(model="m", input_tokens=10, output_tokens=5, usd=value)

    @agent(**options)
    async def clerk(_: Json, steps: Steps) -> Json:
        most = Bound(usd=bound, input_tokens=100, output_tokens=50)
        return await steps.once("model", request, usage=usage, bound=most)

    return clerk


def asking(member: Any, times: int) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> Json:
        answers = await ctx.gather(*(ctx.call(member, n) for n in range(times)), return_exceptions=True)
        return [answer.rule if isinstance(answer, CallRefused) else "paid" for answer in answers]

    return asks


def spent(states: Iterable[BudgetState]) -> list[tuple[int, int]]:
    return [(state.spent.usd, state.reserved.usd) for state in states]


@pytest.mark.parametrize("wanted", [1, 20, 500])
async def test_as_many_are_admitted_as_fit_however_many_come_at_once(bench: Bench, wanted: int) -> None:
    @agent(usd=0.02)
    async def buys(_: Json) -> str:
        bench.witness.saw("bought")
        await asyncio.sleep(0)
        return "bought"

    flow = asking(buys, wanted)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.15))
        answers = await handle.result()
        assert bench.witness.count("bought") == answers.count("paid") == min(7, wanted)
        assert set(answers) <= {"paid", f"budget:run:{handle.id}"}
        assert spent(await app.reports.budgets()) == [(min(7, wanted) * 2 * CENT, 0)]


async def test_a_step_is_settled_at_what_it_really_cost(bench: Bench) -> None:
    flow = asking(clerk(bench), 1)
    async with bench.app(flow) as app:
        await app.run(flow, budget=Budget(usd=1.0, tokens=1000))
        [state] = await app.reports.budgets()
    assert (state.spent, state.reserved) == (Amount(usd=CENT, tokens=15), Amount())


async def test_what_may_not_fit_is_refused_before_it_is_spent(bench: Bench) -> None:
    flow = asking(clerk(bench), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.02))
        assert await handle.result() == [f"budget:run:{handle.id}"]
        [answer] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ANSWERED]
        assert answer["reason"].startswith(f"of budget run:{handle.id} $0 of $0.02 are spent or set aside")
    assert bench.witness.count("paid") == 0


async def test_what_a_rate_limit_refused_costs_nothing_and_what_broke_counts_as_spent(bench: Bench) -> None:
    errors: list[Exception] = [RateLimited("slow down"), ConnectionError("cut")]

    @agent(usd=0.1, retry=Retry(attempts=3, delay=0.0))
    async def flaky(_: Json) -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    flow = asking(flaky, 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0, calls=10))
        await bench.clock.advance(0)
        assert await handle.result() == ["paid"]
        [state] = await app.reports.budgets()
    assert state.spent == Amount(usd=20 * CENT, calls=2)


async def test_calls_and_tokens_are_bounded_too(bench: Bench) -> None:
    for budget in (Budget(calls=2), Budget(tokens=170)):
        flow = asking(clerk(bench), 3)
        async with bench.app(flow) as app:
            assert (await app.run(flow, budget=budget)).count("paid") == 2


async def test_without_a_price_nothing_is_spent_under_a_dollar_budget(bench: Bench) -> None:
    flow = asking(clerk(bench, bound=None), 1)
    async with bench.app(flow) as app:
        assert await app.run(flow, budget=Budget(usd=1.0)) == ["budget:unpriced"]
        assert await app.run(flow, budget=Budget(tokens=1000)) == ["paid"]
    assert bench.witness.count("paid") == 1


async def test_usage_above_the_bound_counts_and_is_noted(bench: Bench) -> None:
    flow = asking(clerk(bench, costs=0.05), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.04))
        await handle.result()
        notices = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
        assert spent(await app.reports.budgets()) == [(5 * CENT, 0)]
    assert [(each["guard"], each["over"]["usd"]) for each in notices] == [("budget", 5 * CENT)]


async def test_a_person_may_raise_it_and_the_call_goes_on(bench: Bench) -> None:
    flow = asking(clerk(bench), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.02, on_breach="ask", to="boss"))
        await bench.clock.settle()
    async with bench.app(flow) as app:
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True, "usd": 0.5}, by="ann")
        assert await (await app.handle(handle.id)).result() == ["paid"]
        [state] = await app.reports.budgets()
    assert state.limits.usd == 52 * CENT
    assert bench.witness.count("paid") == 1


async def test_or_leave_it_as_it_is(bench: Bench) -> None:
    flow = asking(clerk(bench), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.02, on_breach="ask"))
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": False}, by="ann")
        assert await handle.result() == [f"budget:run:{handle.id}"]


async def test_a_child_run_spends_from_the_budget_above_it(bench: Bench) -> None:
    errand = asking(clerk(bench), 2)

    @workflow(name="sends")
    async def sends(ctx: Context) -> Json:
        children = [await ctx.spawn(errand, None) for _ in range(2)]
        return [await child.result() for child in children]

    async with bench.app(sends, errand) as app:
        handle = await app.start(sends, budget=Budget(calls=3))
        answers = [answer for child in await handle.result() for answer in child]
    assert answers.count("paid") == 3
    assert answers.count(f"budget:run:{handle.id}") == 1


async def test_a_share_is_carved_out_and_what_is_left_is_given_back(bench: Bench) -> None:
    errand = asking(clerk(bench), 3)
    held: list[tuple[int, int]] = []

    @workflow(name="sends")
    async def sends(ctx: Context) -> Json:
        child = await ctx.spawn(errand, None, budget=Budget(usd=0.04))
        held.append(spent(await app.reports.budgets(prefix=f"run:{ctx.run_id}"))[0])
        first = await child.result()
        try:
            await ctx.spawn(errand, None, budget=Budget(usd=0.95))
        except CallRefused as error:
            return [first, error.rule]
        return first

    async with bench.app(sends, errand) as app:
        handle = await app.start(sends, budget=Budget(usd=0.96))
        first, rule = await handle.result()
        assert first.count("paid") == 2
        assert rule == f"budget:run:{handle.id}"
        assert held[0] == (0, 4 * CENT)
        assert spent(await app.reports.budgets(prefix=f"run:{handle.id}"))[0] == (2 * CENT, 0)


async def test_budgets_of_agents_tenants_and_days_hold_over_all_runs(bench: Bench) -> None:
    settings = BudgetSettings(day=Allowance(calls=5), tenants={"acme": Allowance(calls=2), "*": Allowance(calls=9)})
    flow = asking(clerk(bench, budget=Allowance(calls=4, per="ever")), 1)
    async with bench.app(flow, config=Config(budgets=settings)) as app:
        said = [(await app.run(flow, tenant=tenant))[0] for tenant in ("acme", "acme", "acme", "b", "b", "b")]
        assert said[:5] == ["paid", "paid", said[2], "paid", "paid"]
        assert said[2].startswith("budget:tenant:acme/")
        assert said[5] == "budget:agent:clerk"
        await bench.clock.advance(86_400)
        assert (await app.run(flow, tenant="acme"))[0] == "budget:agent:clerk"


async def test_how_deep_and_how_wide_a_run_may_become_is_bounded_in_its_children_too(bench: Bench) -> None:
    member = clerk(bench)

    @workflow(name="inner")
    async def inner(ctx: Context) -> Json:
        return await ctx.call(member, 1)

    @workflow(name="outer")
    async def outer(ctx: Context, how: str) -> Json:
        try:
            if how == "wide":
                return await ctx.gather(*(ctx.call(member, n) for n in range(4)))
            if how == "deep":
                return await ctx.call(inner)
            return await (await ctx.spawn(inner, None)).result()
        except CallError as error:
            return str(error)
        except RunFailed as error:
            return str(error)

    async with bench.app(outer, inner) as app:
        narrow = Budget(depth=1, fan_out=3)
        assert "4 branches at once" in await app.run(outer, "wide", budget=narrow)
        for how in ("deep", "child"):
            assert "deeper than the 1" in await app.run(outer, how, budget=narrow)


async def test_what_a_dead_process_had_set_aside_counts_as_spent(bench: Bench) -> None:
    begun = asyncio.Event()

    @agent(usd=0.1)
    async def hangs(_: Json) -> str:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        return "done"

    flow = asking(hangs, 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.25))
        await begun.wait()
        assert spent(await app.reports.budgets()) == [(0, 10 * CENT)]
    async with bench.app(flow) as app:
        assert await (await app.handle(handle.id)).result() == ["paid"]
        [state] = await app.reports.budgets()
        doubts = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.SETTLED]
    assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (20 * CENT, 0, 10 * CENT)
    assert [each.get("in_doubt", False) for each in doubts] == [True, False]


async def test_a_call_that_is_cut_is_settled_at_its_bound(bench: Bench) -> None:
    @agent(usd=0.1)
    async def hangs(_: Json) -> str:
        await asyncio.Event().wait()
        return ""

    @workflow(name="races")
    async def races(ctx: Context) -> str:
        return await ctx.race(ctx.call(hangs, 1), ctx.once("quick", lambda: "quick", gives=str))

    async with bench.app(races) as app:
        await app.run(races, budget=Budget(usd=0.25))
        [state] = await app.reports.budgets()
    assert (state.spent.usd, state.reserved.usd) == (10 * CENT, 0)


async def test_without_any_budget_nothing_is_recorded_of_money(bench: Bench) -> None:
    flow = asking(clerk(bench), 2)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await handle.result()
        assert not await app.reports.budgets()
        assert {fact.kind for fact in await app.runs.facts(handle.id)}.isdisjoint({FactKind.RESERVED, FactKind.SETTLED})
