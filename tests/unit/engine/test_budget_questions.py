"""People are asked once whether a budget may be raised, when settled money says so, and answer all who wait for it."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from podium import App, Budget, Context, agent, workflow
from podium.errors import CallRefused
from podium.model.budget import PER_USD
from podium.model.json import Json
from podium.model.question import QuestionState
from podium.model.run import RunState
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100


def buyer(bench: Bench) -> Any:
    @agent(usd=0.1)
    async def buy(_: int) -> str:
        bench.witness.saw("bought")
        await asyncio.sleep(0)
        return "bought"

    return buy


def buying(member: Any, times: int, name: str = "buys") -> Any:
    @workflow(name=name)
    async def buys(ctx: Context) -> list[str]:
        said = await ctx.map(member, list(range(times)), return_exceptions=True)
        return [each.rule if isinstance(each, CallRefused) else "bought" for each in said]

    return buys


def asks(usd: float) -> Budget:
    return Budget(usd=usd, on_breach="ask", to="boss")


async def limit_of(app: App, run: str) -> int:
    [state] = [each for each in await app.reports.budgets() if each.id == f"run:{run}"]
    assert not state.reserved
    return (state.limits.usd or 0) // CENT


@pytest.mark.parametrize(("wanted", "fits"), [(5, 2), (40, 3)])
async def test_one_question_is_asked_and_its_answer_releases_all(bench: Bench, wanted: int, fits: int) -> None:
    flow = buying(buyer(bench), wanted)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=asks(fits / 10))
        await bench.clock.settle()
        assert bench.witness.count("bought") == fits
        [question] = await app.inbox.list(to="boss")
        assert f"${fits / 10:g} of ${fits / 10:g} are spent" in question.ask.text
    async with bench.app(flow) as app:
        await app.inbox.answer(question.id, {"approved": True, "usd": 100.0}, by="ann")
        assert await (await app.handle(handle.id)).result() == ["bought"] * wanted
        assert not (await app.inbox.list(to="boss")).items
        assert await limit_of(app, handle.id) == 10_000 + fits * 10, "it was raised once"
    assert bench.witness.count("bought") == wanted


async def test_it_releases_those_that_fit_and_asks_once_for_the_rest(bench: Bench) -> None:
    flow = buying(buyer(bench), 10)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=asks(0.1))
        await bench.clock.settle()
        for bought, more in ((1, 0.3), (4, 0.5)):
            assert bench.witness.count("bought") == bought
            [question] = await app.inbox.list(to="boss")
            await app.inbox.answer(question.id, {"approved": True, "usd": more}, by="ann")
            await bench.clock.settle()
        assert bench.witness.count("bought") == 9
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": False}, by="ann")
        assert (await handle.result()).count("bought") == 9
        assert await limit_of(app, handle.id) == 90


async def test_a_no_is_one_for_all_who_wait(bench: Bench) -> None:
    flow = buying(buyer(bench), 20)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=asks(0.2))
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": False}, by="ann")
        assert (await handle.result()).count(f"budget:run:{handle.id}") == 18
        assert await limit_of(app, handle.id) == 20


async def test_child_runs_share_the_question_about_the_budget_above_them(bench: Bench) -> None:
    errand = buying(buyer(bench), 2, "errand")

    @workflow(name="sends")
    async def sends(ctx: Context) -> Json:
        children = [await ctx.spawn(errand, None) for _ in range(6)]
        return [answer for child in children for answer in await child.result()]

    async with bench.app(sends, errand) as app:
        handle = await app.start(sends, budget=asks(0.3))
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": True, "usd": 5.0}, by="ann")
        assert await handle.result() == ["bought"] * 12
        assert await limit_of(app, handle.id) == 530


async def test_the_next_question_is_shown_where_the_run_that_asked_is_cancelled(bench: Bench) -> None:
    errand = buying(buyer(bench), 1, "errand")

    @workflow(name="sends")
    async def sends(ctx: Context) -> Json:
        children = [await ctx.spawn(errand, None) for _ in range(4)]
        said = await ctx.gather(*(child.result() for child in children), return_exceptions=True)
        return [each if isinstance(each, list) else "cancelled" for each in said]

    async with bench.app(sends, errand) as app:
        handle = await app.start(sends, budget=asks(0.05))
        await bench.clock.settle()
        [first] = await app.inbox.list(to="boss")
        await (await app.handle(first.run)).cancel()
        await bench.clock.settle()
        [second] = await app.inbox.list(to="boss")
        assert second.run != first.run
        assert (await app.inbox.get(first.id)).state is QuestionState.WITHDRAWN
        await app.inbox.answer(second.id, {"approved": True, "usd": 5.0}, by="ann")
        assert sorted(str(each) for each in await handle.result()) == ["['bought']"] * 3 + ["cancelled"]
        assert await limit_of(app, handle.id) == 505


async def test_an_answer_to_a_question_that_is_not_shown_is_one_to_that_which_is(bench: Bench) -> None:
    flow = buying(buyer(bench), 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=asks(0.05))
        await bench.clock.settle()
        [shown] = await app.inbox.list(to="boss")
        hidden = next(
            said["question"] for fact in await handle.facts()
            if (said := fact.body).get("question") not in (None, shown.id)
        )  # fmt: skip
        await app.inbox.answer(hidden, {"approved": True, "usd": 5.0}, by="ann")
        assert await handle.result() == ["bought"] * 3


async def test_the_answer_to_a_question_that_an_older_version_asked_raises_the_budget(bench: Bench) -> None:
    flow = buying(buyer(bench), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=asks(0.05))
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
    with closing(sqlite3.connect(bench.path)) as db, db:
        db.execute("DELETE FROM budget_questions")  # older versions kept none
    async with bench.app(flow) as app:
        await app.inbox.answer(question.id, {"approved": True, "usd": 0.25}, by="ann")
        assert await (await app.handle(handle.id)).result() == ["bought"]
        assert await limit_of(app, handle.id) == 30


async def test_two_budgets_are_two_questions(bench: Bench) -> None:
    flow = buying(buyer(bench), 3)
    async with bench.app(flow) as app:
        for _ in range(2):
            await app.start(flow, budget=asks(0.05))
        await bench.clock.settle()
        assert len((await app.inbox.list(to="boss")).items) == 2
        assert all(run.state is RunState.PARKED for run in await app.runs.list())
