"""What is set aside is not gone: who has no room only because of others in flight waits for them, and for no others."""

import asyncio
from typing import Any

import pytest

from podium import App, Budget, Config, Context, Steps, agent, workflow
from podium.errors import CallRefused
from podium.model.budget import PER_USD, Allowance, Amount, Bound, BudgetSettings, BudgetState
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.run import RunState
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100


def priced(cents: Json) -> Usage:
    return Usage(model="m", input_tokens=10, output_tokens=5, usd=cents / 100)


def talker(
    bench: Bench, *, bound: int = 10, comes_to: int = 1, gate: asyncio.Event | None = None, name: str = "talks",
    timeout: float | None = None,
) -> Any:  # fmt: skip
    """Return an agent whose request may come to more than it does; it waits for `gate` before it is answered."""

    @agent(name=name, timeout=timeout)
    async def talks(_: Json, steps: Steps) -> Json:
        async def request() -> Json:
            bench.witness.saw("paid", comes_to)
            await (asyncio.sleep(0) if gate is None else gate.wait())
            return comes_to

        return await steps.once("model", request, usage=priced, bound=Bound(usd=bound / 100))

    return talks


def asking(member: Any, times: int, name: str = "asks") -> Any:
    @workflow(name=name)
    async def asks(ctx: Context) -> Json:
        answers = await ctx.map(member, list(range(times)), return_exceptions=True)
        return [answer.rule if isinstance(answer, CallRefused) else "paid" for answer in answers]

    return asks


async def state_of(app: App, budget: str) -> BudgetState:
    [state] = [state for state in await app.reports.budgets() if state.id == budget]
    return state


@pytest.mark.parametrize("wanted", [1, 20, 500])
async def test_nine_tenths_of_a_budget_are_used_however_many_come_at_once(bench: Bench, wanted: int) -> None:
    """Each may come to 10 cents and comes to 1: the last one fits as long as no more than 90 are spent."""
    flow = asking(talker(bench), wanted)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        answers = await handle.result()
        state = await state_of(app, f"run:{handle.id}")
    assert bench.witness.count("paid") == answers.count("paid") == min(91, wanted)
    assert set(answers) <= {"paid", f"budget:run:{handle.id}"}
    assert (state.spent.usd, state.reserved.usd) == (min(91, wanted) * CENT, 0)


@pytest.mark.parametrize("shared", ["tenant:acme", "day"])
async def test_runs_that_share_a_budget_wait_for_each_other(bench: Bench, shared: str) -> None:
    flow = asking(talker(bench), 10)
    allowed = Allowance(usd=1.0, per="ever")
    settings = BudgetSettings(day=allowed) if shared == "day" else BudgetSettings(tenants={"acme": allowed})
    async with bench.app(flow, config=Config(budgets=settings)) as app:
        handles = [await app.start(flow, tenant="acme") for _ in range(20)]
        assert sum([(await handle.result()).count("paid") for handle in handles]) == 91
        assert (await state_of(app, shared)).spent.usd == 91 * CENT


async def test_child_runs_wait_for_each_other_in_the_budget_above_them(bench: Bench) -> None:
    errand = asking(talker(bench), 10)

    @workflow(name="sends")
    async def sends(ctx: Context) -> Json:
        children = [await ctx.spawn(errand, None) for _ in range(20)]
        return [answer for child in children for answer in await child.result()]

    async with bench.app(sends, errand) as app:
        handle = await app.start(sends, budget=Budget(usd=1.0))
        assert (await handle.result()).count("paid") == 91


async def test_who_wants_much_is_not_passed_by_those_who_want_little(bench: Bench) -> None:
    gate, order = asyncio.Event(), list[str]()

    @agent
    async def talks(said: Json, steps: Steps) -> Json:
        async def request() -> Json:
            order.append(said["name"])
            await gate.wait()
            return 1

        return await steps.once("model", request, usage=priced, bound=Bound(usd=said["bound"]))

    @workflow(name="asks")
    async def asks(ctx: Context) -> None:
        async def later(child: Context) -> None:
            await child.signal("go")
            await child.map(talks, [{"name": f"little {n}", "bound": 0.1} for n in range(3)])

        first = [ctx.call(talks, {"name": name, "bound": usd}) for name, usd in (("first", 0.6), ("much", 0.9))]
        await ctx.gather(*first, ctx.branch(later))

    async with bench.app(asks) as app:
        handle = await app.start(asks, budget=Budget(usd=1.0))
        await handle.signal("go")
        await bench.clock.settle()
        assert order == ["first"], "those who want little fit, but came later"
        gate.set()
        await handle.result()
    assert order[1] == "much"


async def test_nobody_waits_where_settled_money_says_no(bench: Bench) -> None:
    gate = asyncio.Event()
    small, large = talker(bench, bound=10, gate=gate), talker(bench, bound=200, name="large")

    @workflow(name="asks")
    async def asks(ctx: Context) -> Json:
        async def late(child: Context) -> Json:
            await child.signal("go")
            return await child.call(large, 1)

        return [str(each) for each in await ctx.gather(ctx.call(small, 1), ctx.branch(late), return_exceptions=True)]

    async with bench.app(asks) as app:
        handle = await app.start(asks, budget=Budget(usd=1.0))
        await handle.signal("go")
        await bench.clock.settle()
        kinds = [fact.kind for fact in await handle.facts()]
        assert FactKind.ANSWERED in kinds, "it is refused while the other one is in flight"
        gate.set()
        assert "may come to $2" in (await handle.result())[1]


async def test_a_wait_ends_after_its_longest_time_in_the_refusal_of_today(bench: Bench) -> None:
    gate = asyncio.Event()
    flow = asking(talker(bench, bound=60, gate=gate), 2)
    async with bench.app(flow, config=Config(budgets=BudgetSettings(max_wait=30))) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await bench.clock.advance(29)
        assert FactKind.ANSWERED not in [fact.kind for fact in await handle.facts()]
        await bench.clock.advance(2)
        assert FactKind.ANSWERED in [fact.kind for fact in await handle.facts()]
        gate.set()
        assert await handle.result() == ["paid", f"budget:run:{handle.id}"]


async def test_no_call_waits_where_the_longest_time_is_none(bench: Bench) -> None:
    flow = asking(talker(bench), 20)
    async with bench.app(flow, config=Config(budgets=BudgetSettings(max_wait=0))) as app:
        assert (await app.run(flow, budget=Budget(usd=1.0))).count("paid") == 10


async def test_the_time_of_an_attempt_stands_still_while_its_step_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    holds, hurries = talker(bench, bound=60, gate=gate), talker(bench, bound=60, name="hurries", timeout=30.0)
    first, second = asking(holds, 1, "first"), asking(hurries, 1, "second")
    async with bench.app(first, second, config=Config(budgets=BudgetSettings(day=Allowance(usd=1.0)))) as app:
        holding = await app.start(first)
        await bench.clock.settle()
        handle = await app.start(second)
        await bench.clock.settle()
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + 60.0)
        await bench.clock.settle()
        gate.set()
        assert await holding.result() == await handle.result() == ["paid"]


async def test_a_run_that_is_cancelled_stops_waiting(bench: Bench) -> None:
    member = talker(bench, bound=60, gate=asyncio.Event())
    held, waits = asking(member, 1, "holds"), asking(member, 1, "waits")
    settings = BudgetSettings(day=Allowance(usd=1.0))
    async with bench.app(held, waits, config=Config(budgets=settings)) as app:
        await app.start(held)
        await bench.clock.settle()
        handle = await app.start(waits)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.CANCELLED
    assert bench.witness.count("paid") == 1


@pytest.mark.parametrize("kind", ["call", "step"])
async def test_a_once_effect_that_waits_is_stopped_by_a_cancel_before_it_begins(bench: Bench, kind: str) -> None:
    hold = asyncio.Event()

    @agent(usd=0.6)
    async def holds(_: Json) -> str:
        await hold.wait()
        return ""

    @agent(usd=0.6, effects="once")
    async def pays(_: Json) -> str:
        bench.witness.saw("paid")
        return "paid"

    @agent(effects="once")
    async def talks(_: Json, steps: Steps) -> Json:
        async def request() -> Json:
            bench.witness.saw("paid")
            return 1

        return await steps.once("model", request, usage=priced, bound=Bound(usd=0.6))

    first, second = asking(holds, 1, "holds_it"), asking(pays if kind == "call" else talks, 1, "pays_it")
    async with bench.app(first, second, config=Config(budgets=BudgetSettings(day=Allowance(usd=1.0)))) as app:
        await app.start(first)
        await bench.clock.settle()
        handle = await app.start(second)
        await bench.clock.settle()
        await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state.ended
    assert bench.witness.count("paid") == 0


async def test_who_waits_as_the_worker_stops_begins_nothing_and_tries_again_in_the_next(bench: Bench) -> None:
    gate = asyncio.Event()
    flow = asking(talker(bench, bound=60, gate=gate), 3)
    async with bench.app(flow, grace=5.0) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await bench.clock.settle()
        assert bench.witness.count("paid") == 1
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert bench.witness.count("paid") == 1, "what waited began while the worker stopped"
    async with bench.app(flow) as app:
        assert await (await app.handle(handle.id)).result() == ["paid"] * 3
        assert (await state_of(app, f"run:{handle.id}")).spent.usd == 3 * CENT


async def test_a_worker_waits_for_what_another_one_has_in_flight(bench: Bench) -> None:
    gate = asyncio.Event()
    one, two = asking(talker(bench, bound=60, gate=gate), 1, "one"), asking(talker(bench, bound=60), 1, "two")
    config = Config(budgets=BudgetSettings(day=Allowance(usd=1.0)), poll=0.01)
    async with bench.app(one, config=config) as first, bench.app(two, config=config) as second:
        held = await first.start(one)
        await bench.clock.settle()
        waiting = await second.start(two)
        await bench.clock.settle()
        assert bench.witness.count("paid") == 1
        gate.set()
        assert await held.result() == await waiting.result() == ["paid"]


async def test_what_a_dead_process_had_set_aside_is_not_waited_for(bench: Bench) -> None:
    """Its run counts it as spent when it is driven on: nothing of it comes back."""
    one = asking(talker(bench, bound=60, gate=asyncio.Event()), 1, "one")
    two = asking(talker(bench, bound=60), 1, "two")
    config = Config(budgets=BudgetSettings(day=Allowance(usd=1.0)))
    async with bench.app(one, config=config) as app:
        await app.start(one)
        await bench.clock.settle()
    async with bench.app(two, config=config) as app:
        [said] = await (await app.start(two)).result()
        assert said.startswith("budget:day/")


async def test_a_call_never_waits_for_what_it_is_inside(bench: Bench) -> None:
    """The agent holds 60 cents, and its own request would need 60 of 100: only the agent's end brings them back."""

    @agent(usd=0.6)
    async def outer(_: Json, steps: Steps) -> Json:
        async def request() -> Json:
            bench.witness.saw("paid")
            return 1

        return await steps.once("cache/embed", request, usage=priced, bound=Bound(usd=0.6))

    flow = asking(outer, 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        assert await handle.result() == [f"budget:run:{handle.id}"]


@pytest.mark.parametrize("several", [2, 3, 20])
async def test_those_who_hold_something_and_want_more_do_not_wait_for_each_other_for_ever(
    bench: Bench, several: int
) -> None:
    """Each holds 30 cents and wants 30 more, of 30 for each: one after the other is refused until the rest fit."""
    ready = asyncio.Barrier(several)

    @agent(usd=0.3)
    async def outer(_: Json, steps: Steps) -> Json:
        async def request() -> Json:
            bench.witness.saw("paid")
            return 1

        await ready.wait()
        return await steps.once("cache/embed", request, usage=priced, bound=Bound(usd=0.3))

    flow = asking(outer, several)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.3 * several))
        async with asyncio.timeout(20):
            answers = await handle.result()
        state = await state_of(app, f"run:{handle.id}")
    assert answers.count(f"budget:run:{handle.id}") >= 1
    assert state.reserved == Amount()
    assert state.spent.usd <= 30 * CENT * several


async def test_spawning_waits_for_the_shares_of_child_runs_that_go_on_and_not_of_parked_ones(bench: Bench) -> None:
    gate = asyncio.Event()
    member = talker(bench, gate=gate)

    @workflow(name="errand")
    async def errand(ctx: Context, how: str) -> str:
        if how == "parks":
            await ctx.signal("go")
        await ctx.call(member, 1)
        return "done"

    @workflow(name="sends")
    async def sends(ctx: Context, how: str) -> Json:
        share = Budget(usd=0.4)
        children = [await ctx.spawn(errand, how, budget=share) for _ in range(2)]
        try:
            children.append(await ctx.spawn(errand, how, budget=share))
        except CallRefused as error:
            return error.rule
        return [await child.result() for child in children]

    async with bench.app(sends, errand) as app:
        going = await app.start(sends, "goes on", budget=Budget(usd=1.0))
        await bench.clock.settle()
        assert (await state_of(app, f"run:{going.id}")).reserved.usd == 80 * CENT
        gate.set()
        assert await going.result() == ["done"] * 3
        parked = await app.start(sends, "parks", budget=Budget(usd=1.0))
        assert await parked.result() == f"budget:run:{parked.id}"
