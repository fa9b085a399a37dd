"""An agent that screens for a guard is called like any other: its time limit, limits, price, and policies about it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from podium import Budget, Config, Context, Steps, agent, workflow
from podium.errors import CallError, CallRefused
from podium.guards import Screening, guard, screen_by
from podium.model.breaker import Breaker
from podium.model.budget import PER_USD, Bound
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.outcome import Usage
from podium.model.policy import PolicySettings
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100
PLACES = ["input", "output", "tool_input", "tool_output"]


def judging(bench: Bench, *, slow: bool = False, fails: bool = False, **options: Any) -> Any:
    """Return an agent that finds everything safe, and is counted."""

    @agent(**options)
    async def judge(_: Json) -> Screening:
        bench.witness.saw("judged")
        if slow:
            await asyncio.Event().wait()
        if fails:
            raise ConnectionError("away")
        return Screening(safe=True)

    return judge


def screened(bench: Bench, judge: Any, place: Any = "input", **options: Any) -> Any:
    """Return an agent whose value at a place is screened: it uses one tool."""

    @agent(guards=(screen_by(judge, on=[place]),), **options)
    async def work(text: str, steps: Steps) -> str:
        async def use() -> Json:
            bench.witness.saw("used")
            return "found"

        await steps.once("tool/look", use, input=text)
        return text

    return work


def asking(member: Any, times: int) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> list[str]:
        said: list[str] = []
        for n in range(times):
            try:
                await ctx.call(member, f"text {n}")
                said.append("ok")
            except CallRefused as error:
                said.append(error.rule)
            except CallError as error:
                said.append(str(error))
        return said

    return asks


@pytest.mark.parametrize("place", PLACES)
async def test_its_time_limit_cuts_it(bench: Bench, place: str) -> None:
    flow = asking(screened(bench, judging(bench, slow=True, timeout=0.01), place), 1)
    async with bench.app(flow) as app:
        [said] = await app.run(flow)
    assert "judge, which screens, failed: TimeoutError: no answer within 0.01 s" in said


@pytest.mark.parametrize("place", PLACES)
async def test_its_limit_holds(bench: Bench, place: str) -> None:
    limit = Limit(requests=2, per=60, when="refuse")
    flow = asking(screened(bench, judging(bench, limit=limit), place), 4)
    async with bench.app(flow) as app:
        assert await app.run(flow) == ["ok", "ok", "limit:agent:judge", "limit:agent:judge"]
    assert bench.witness.count("judged") == 2


async def test_one_that_may_wait_waits_durably(bench: Bench) -> None:
    flow = asking(screened(bench, judging(bench, limit=Limit(requests=1, per=60))), 2)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        assert bench.witness.count("judged") == 1
    async with bench.app(flow) as app:
        await bench.clock.advance(61)
        assert await (await app.handle(handle.id)).result() == ["ok", "ok"]
    assert bench.witness.count("judged") == 2


async def test_its_breaker_opens(bench: Bench) -> None:
    judge = judging(bench, fails=True, breaker=Breaker(min_calls=2))
    flow = asking(screened(bench, judge), 4)
    async with bench.app(flow) as app:
        said = await app.run(flow)
    assert bench.witness.count("judged") == 2
    assert all("judge" in each for each in said)


@pytest.mark.parametrize("place", PLACES)
async def test_its_price_is_set_aside_and_booked(bench: Bench, place: str) -> None:
    flow = asking(screened(bench, judging(bench, usd=1.0), place), 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=2.0))
        assert await handle.result() == ["ok", "ok", f"budget:run:{handle.id}"]
        [state] = await app.reports.budgets()
        [cost] = await app.reports.costs(by="run")
    assert bench.witness.count("judged") == 2
    assert (state.spent.usd, state.reserved.usd, cost.usd) == (200 * CENT, 0, 2.0)


@pytest.mark.parametrize("own", [None, 0.001])
async def test_its_requests_are_paid_whatever_the_price_of_the_agent_that_is_screened(
    bench: Bench, own: float | None
) -> None:
    def usage(cents: Json) -> Usage:
        return Usage(model="m", requests=1, usd=cents / 100)

    @agent
    async def judge(_: Json, steps: Steps) -> bool:
        async def request() -> Json:
            bench.witness.saw("judged")
            return 50

        return await steps.once("model", request, usage=usage, bound=Bound(usd=0.6)) == 50

    flow = asking(screened(bench, judge, usd=own), 5)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=2.0))
        said = await handle.result()
        [state] = await app.reports.budgets()
        [cost] = await app.reports.costs(by="run")
    assert said == ["ok"] * 3 + [f"budget:run:{handle.id}"] * 2
    assert bench.witness.count("judged") == 3
    booked = 150 * CENT + (0 if own is None else 3 * CENT // 10)
    assert (state.spent.usd, state.reserved.usd, round(cost.usd, 6)) == (booked, 0, booked / PER_USD)


@pytest.mark.parametrize("place", PLACES)
async def test_policies_about_it_hold(bench: Bench, tmp_path: Path, place: str) -> None:
    rules = tmp_path / "rules.cedar"
    rules.write_text(
        'permit(principal, action, resource);\n@id("no_judge") forbid(principal == User::"tom", action, resource == '
        'Agent::"judge");\n'
    )
    flow = asking(screened(bench, judging(bench), place), 1)
    async with bench.app(flow, config=Config(policy=PolicySettings(file=str(rules)))) as app:
        assert await app.run(flow, principal="ann") == ["ok"]
        [rule] = await app.run(flow, principal="tom")
    assert rule.startswith("policy:")
    assert bench.witness.count("judged") == 1


async def test_a_person_may_raise_the_budget_that_it_needs(bench: Bench) -> None:
    flow = asking(screened(bench, judging(bench, usd=1.0)), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=0.5, on_breach="ask", to="boss"))
        await bench.clock.settle()
    async with bench.app(flow) as app:
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True, "usd": 1.0}, by="ann")
        assert await (await app.handle(handle.id)).result() == ["ok"]
    assert bench.witness.count("judged") == 1


async def test_what_it_needs_never_waits_for_the_call_that_it_is_inside(bench: Bench) -> None:
    """The price of the call is held while its tool's input is judged, and only the end of the call brings it back."""
    flow = asking(screened(bench, judging(bench, usd=0.6), "tool_input", usd=0.6), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        assert await handle.result() == [f"budget:run:{handle.id}"]
    assert bench.witness.count("judged") == 0


@pytest.mark.parametrize(
    ("budget", "price", "judged", "spent"),
    [
        (0.5, 0.6, 0, 0),
        (1.0, 0.6, 0, 0),
        (2.0, 0.6, 1, 120),
        (0.5, None, 0, 0),
        (0.7, None, 1, 60),
    ],
    ids=str,
)
async def test_a_call_over_its_budget_is_refused_before_its_input_is_judged(
    bench: Bench, budget: float, price: float | None, judged: int, spent: int
) -> None:
    """The call costs 60 cents, or nothing named; the judge costs 60."""
    flow = asking(screened(bench, judging(bench, usd=0.6), usd=price), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=budget))
        assert await handle.result() == ["ok" if judged else f"budget:run:{handle.id}"]
        [state] = await app.reports.budgets()
    assert bench.witness.count("judged") == judged
    assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (spent * CENT, 0, 0)


async def test_what_is_set_aside_comes_back_where_the_judge_objects(bench: Bench) -> None:
    @agent(name="judge", usd=0.25)
    async def judge(_: Json) -> Screening:
        return Screening(safe=False, reason="no")

    flow = asking(screened(bench, judge, usd=0.6), 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=2.0))
        assert await handle.result() == ["guard:judge"] * 3
        [state] = await app.reports.budgets()
    assert (state.spent.usd, state.reserved.usd, state.in_doubt) == (75 * CENT, 0, 0)


async def test_an_answer_that_waits_for_a_person_is_not_set_aside_for_again(bench: Bench) -> None:
    def never(_: Json) -> str:
        return "look at it"

    judge = screen_by(judging(bench, usd=0.25), on=["input"])

    @agent(name="work", usd=0.6, guards=(judge, guard(never, name="seen", on=["output"], ask="boss")))
    async def work(text: str) -> str:
        bench.witness.saw("worked")
        return text

    flow = asking(work, 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True}, by="ann")
        assert await handle.result() == ["ok"]
        [state] = await app.reports.budgets()
    assert (bench.witness.count("worked"), bench.witness.count("judged")) == (1, 1)
    assert (state.spent.usd, state.reserved.usd) == (85 * CENT, 0)
