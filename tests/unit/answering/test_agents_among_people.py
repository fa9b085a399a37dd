"""Agents among the people: they answer what they are given, as people do, at the cost of the run that asks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from podium import App, Approval, Context, agent, workflow
from podium.errors import NotAllowed
from podium.model.budget import Budget
from podium.model.json import Json
from podium.model.person import Person
from podium.model.question import Question, QuestionState
from podium.model.run import RunState
from podium.operations.answering.agents import AgentAnswers
from podium.operations.answering.workflow import ANSWERS, AgentQuestion
from podium.store.protocol import Page
from podium.testing import DrivenClock

STANDS_IN = {"ada": Person(groups=["editors"], capacity=1, substitutes=["bot"]), "bot": Person(agent="reads")}


@agent(usd=0.25)
async def reads(question: str, subject: Json = None) -> Json:
    return f"{question} {subject}"


@agent(usd=0.25)
async def fails(question: str) -> str:
    raise ValueError(question)


@agent
async def pays(amount: int) -> int:
    return amount


@workflow
async def asks(ctx: Context) -> Any:
    return await ctx.ask("Publish?", answer=str, subject="news", to="editors")


@workflow
async def asks_for_a_number(ctx: Context) -> Any:
    return await ctx.ask("How many?", answer=int, to="editors")


@workflow
async def both(ctx: Context) -> Any:
    return await ctx.ask("Both?", answer=str, to="editors", quorum=2)


@asynccontextmanager
async def desk(people: dict[str, Person], store: str | Path = ":memory:") -> AsyncGenerator[tuple[App, DrivenClock]]:
    clock = DrivenClock()
    agents = [asks, asks_for_a_number, both, reads, fails, pays]
    async with App.open(store, agents=agents, clock=clock, people=people) as app:
        yield app, clock


async def waiting(app: App, clock: DrivenClock) -> list[Question]:
    """Return what is open once all has come to rest."""
    for _ in range(20):
        await clock.settle()
    return list((await app.inbox.list()).items)


async def test_an_agent_that_stands_in_answers_and_what_it_costs_is_booked_to_the_run(tmp_store: Path) -> None:
    async with desk(STANDS_IN, tmp_store) as (app, clock):
        await app.start(asks)
        (first,) = await waiting(app, clock)
        assert first.assignee == "ada"
        second = await app.start(asks, id="second")
        assert await second.result() == "Publish? news"
        (question,) = (await app.inbox.list(run="second", state=None)).items
        assert (question.state, question.assignee, question.answered_by) == ("answered", "bot", ("bot",))
        (why,) = await app.inbox.discussion(question.id)
        assert why.text == "bot stands in for those asked as editors; ada has 1 of 1 questions open"
        costs = {each.part: each.usd for each in await app.reports.costs(run="second", by="agent")}
        assert (costs["reads"], sum(costs.values())) == (0.25, 0.25)
        spent = (await app.inbox.context(question.id)).cost
        assert spent is not None
        assert spent.usd == 0.25
        assert await waiting(app, clock) == [first]
        assert sorted(each.workflow for each in (await app.runs.list()).items) == ["asks", "asks", f"{ANSWERS}reads"]
        assert (await app.reports.verify_store()).faults == []


async def test_an_agent_that_is_a_member_shares_the_work_with_people_by_how_much_they_have_to_do() -> None:
    people = {"ada": Person(groups=["editors"]), "bot": Person(groups=["editors"], agent="reads")}
    async with desk(people) as (app, clock):
        for _ in range(3):
            await app.start(asks)
            await waiting(app, clock)
        assert [each.assignee for each in await waiting(app, clock)] == ["ada"]
        by = [each.answered_by for each in (await app.inbox.list(state=QuestionState.ANSWERED)).items]
        assert by == [("bot",), ("bot",)]


@pytest.mark.parametrize(
    ("name", "asking", "value", "why"),
    [
        ("fails", asks, "yes", "bot could not answer: fails failed"),
        ("reads", asks_for_a_number, 7, "bot could not answer: what it gave does not fit: "),
    ],
)
async def test_what_an_agent_cannot_answer_goes_to_a_person_with_the_reason(
    name: str, asking: Any, value: Json, why: str
) -> None:
    people = {"ada": Person(groups=["editors"], capacity=1, substitutes=["bot"]), "bot": Person(agent=name)}
    async with desk(people) as (app, clock):
        await app.start(asks)
        await waiting(app, clock)
        handle = await app.start(asking, id="second")
        while not (question := (await app.inbox.list(run="second")).items):
            await asyncio.sleep(0)
        for _ in range(20):
            await clock.advance(60)
        question = await app.inbox.get(question[0].id)
        assert (question.state, question.assignee) == ("open", "ada")
        (_, left) = await app.inbox.discussion(question.id)
        assert (left.by, left.assignee, left.text[: len(why)]) == ("bot", "ada", why)
        await app.inbox.answer(question.id, value, by="ada")
        assert await handle.result() == value


async def test_an_agent_answers_in_its_hours_and_what_it_is_given_by_hand() -> None:
    bot = Person(agent="reads", hours="mon-fri 22:30-23:00")
    async with desk({"ada": Person(groups=["editors"]), "bot": bot}) as (app, clock):  # it is a Tuesday, 22:13
        handle = await app.start(asks)
        (question,) = await waiting(app, clock)
        await app.inbox.reassign(question.id, "bot", by="root")
        assert [each.assignee for each in await waiting(app, clock)] == ["bot"]
        await clock.advance(1200)
        assert await handle.result() == "Publish? news"


async def test_people_may_answer_first_and_each_counts_once() -> None:
    people = {"ada": Person(groups=["editors"], capacity=1), "bot": Person(groups=["editors"], agent="reads")}
    async with desk(people) as (app, clock):
        await app.start(asks)
        await waiting(app, clock)
        handle = await app.start(both)
        await waiting(app, clock)
        (question,) = (await app.inbox.list(run=handle.id)).items
        assert (question.assignee, question.answered_by) == ("bot", ("bot",))
        await app.inbox.answer(question.id, "yes", by="zoe")
        assert await handle.result() == ["Both? None", "yes"]


async def test_an_answer_that_comes_too_late_is_cancelled() -> None:
    begun = asyncio.Event()

    @agent
    async def ponders(question: str) -> str:
        begun.set()
        await asyncio.get_running_loop().create_future()
        return question

    async with desk({"bot": Person(groups=["editors"], agent="ponders")}) as (app, clock):
        app.register(ponders)
        answered, dropped = await app.start(asks), await app.start(asks)
        (first,) = (await waiting_for(app, answered.id)).items
        await begun.wait()
        await app.inbox.answer(first.id, "yes", by="ada")
        assert await answered.result() == "yes"
        await waiting_for(app, dropped.id)
        await dropped.cancel("no need")
        await waiting(app, clock)
        runs = (await app.runs.list(workflow=f"{ANSWERS}ponders")).items
        assert [(each.parent, each.state) for each in sorted(runs, key=lambda each: each.parent == dropped.id)] == [
            (answered.id, RunState.CANCELLED), (dropped.id, RunState.CANCELLED),
        ]  # fmt: skip


async def waiting_for(app: App, run: str) -> Page[Question]:
    """Return what a run asks once it does."""
    while not (found := await app.inbox.list(run=run)).items:
        await asyncio.sleep(0)
    return found


async def test_an_agent_does_not_answer_what_its_own_answer_asks() -> None:
    @workflow
    async def asks_back(ctx: Context, question: str) -> str:
        return await ctx.ask("Really?", answer=str, subject=question, to="editors")

    people = {"ada": Person(groups=["editors"], capacity=1, substitutes=["bot"]), "bot": Person(agent="asks_back")}
    async with desk(people) as (app, clock):
        app.register(asks_back)
        await app.start(asks)
        await waiting(app, clock)
        handle = await app.start(asks)
        found = await waiting(app, clock)
        (back,) = [each for each in found if each.ask.text == "Really?"]
        assert back.assignee == "ada"
        assert "from within its own answer" in (await app.inbox.discussion(back.id))[-1].text
        await app.inbox.answer(back.id, "indeed", by="ada")
        assert await handle.result() == "indeed"


async def test_a_process_without_the_agent_leaves_its_answers_to_those_that_have_it(tmp_store: Path) -> None:
    clock = DrivenClock()
    people = {"bot": Person(groups=["editors"], agent="reads")}
    async with App.open(tmp_store, agents=[asks], clock=clock, people=people) as asking:
        handle = await asking.start(asks)
        assert [each.assignee for each in await waiting(asking, clock)] == ["bot"]
        assert [each.workflow for each in (await asking.runs.list()).items] == ["asks"]
        async with App.open(tmp_store, agents=[reads], clock=clock, people=people) as other:
            await waiting(other, clock)
            await clock.advance(10)
            assert await handle.result() == "Publish? news"
            assert [each.state for each in (await other.runs.list(workflow=f"{ANSWERS}reads")).items] == ["done"]


async def test_an_agent_answers_nothing_of_another_tenant_though_somebody_there_is_called_the_same() -> None:
    async with desk({"bot": Person(agent="reads")}) as (app, clock):
        await app.start(asks, tenant="acme")
        (question,) = await waiting(app, clock)
        await app.inbox.reassign(question.id, "bot", by="root")
        assert [each.assignee for each in await waiting(app, clock)] == ["bot"]
        assert [each.workflow for each in (await app.runs.list()).items] == ["asks"]


async def test_what_a_rule_asks_is_for_people_alone() -> None:
    @agent(dangerous=True)
    async def deletes(what: str) -> str:
        return what

    @workflow
    async def cleans(ctx: Context) -> str:
        return await ctx.call(deletes, "all")

    people = {"bot": Person(groups=["operators"], agent="reads"), "ada": Person(groups=["operators"])}
    async with desk(people) as (app, clock):
        app.register(cleans, deletes)
        for _ in range(2):
            await app.start(cleans)
        assert [(each.ask.kind, each.assignee) for each in await waiting(app, clock)] == [("permission", "ada")] * 2
        with pytest.raises(NotAllowed, match=r"'bot' is an agent: what question .* asks is for people to decide"):
            await app.inbox.reassign((await waiting(app, clock))[0].id, "bot", by="root")


async def test_an_answer_spends_from_the_budget_of_the_run_that_asks() -> None:
    people = {"bot": Person(groups=["editors"], agent="reads"), "ada": Person(groups=["editors"])}
    async with desk(people) as (app, clock):
        await app.start(asks)
        await waiting(app, clock)
        await app.start(asks, id="poor", budget=Budget(usd=0.1))
        await waiting(app, clock)
        (question,) = (await app.inbox.list(run="poor")).items
        left = await app.inbox.discussion(question.id)
        assert (question.assignee, left[-1].by) == ("ada", "bot")
        assert "budget" in left[-1].text


async def test_the_answer_is_given_once_though_processes_and_looks_are_many(tmp_store: Path) -> None:
    clock = DrivenClock()
    people = {"bot": Person(groups=["editors"], agent="reads")}
    async with (
        App.open(tmp_store, agents=[asks, reads], clock=clock, people=people) as one,
        App.open(tmp_store, agents=[asks, reads], clock=clock, people=people) as other,
    ):
        handle = await one.start(asks)
        assert await handle.result() == "Publish? news"
        for app in (one, other):
            await waiting(app, clock)
        assert len((await one.runs.list(workflow=f"{ANSWERS}reads")).items) == 1


async def test_an_answer_that_was_put_in_where_a_process_ended_is_put_in_again_as_the_one_that_is_there(
    tmp_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, is_there, put_in = {"bot": Person(groups=["editors"], agent="reads")}, asyncio.Event(), AgentAnswers.answer

    async def cut_off(self: AgentAnswers, given: AgentQuestion, value: Json) -> Json:
        await put_in(self, given, value)
        is_there.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody is told")

    with monkeypatch.context() as patched:
        patched.setattr(AgentAnswers, "answer", cut_off)
        async with desk(people, tmp_store) as (app, _):
            await app.start(asks)
            await is_there.wait()
    async with desk(people, tmp_store) as (app, _):
        (run,) = (await app.runs.list(workflow=f"{ANSWERS}reads")).items
        assert await (await app.handle(run.id)).result() == "answered"


async def test_an_approval_is_answered_in_its_form() -> None:
    @agent
    async def approves(question: str, schema: Json) -> Json:
        return {"approved": "approved" in schema["properties"], "comment": question}

    @workflow
    async def decides(ctx: Context) -> Any:
        decision = await ctx.ask(Approval("Go on?"), to="editors")
        return [decision.approved, decision.comment, list(decision.by)]

    async with desk({"bot": Person(groups=["editors"], agent="approves")}) as (app, _):
        app.register(approves, decides)
        assert await (await app.start(decides)).result() == [True, "Go on?", ["bot"]]
