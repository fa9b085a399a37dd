"""People are told again of a question while it is open: recorded, each time after twice as long."""

import pytest

from podium import App, Context, Escalation, human, workflow
from podium.cli.waiting import standstill
from podium.errors import UsageError
from podium.model.facts.notices import QuestionReminded
from tests.unit.engine.bench import Bench


@workflow
async def patient(ctx: Context) -> str:
    return await ctx.ask("Why?", answer=str, to="ada", remind=10)


async def reminded(app: App, run: str) -> list[tuple[str, int, float]]:
    """Return who was told again, for the how many-th time, and how long after the run began."""
    facts = await app.runs.facts(run)
    return [
        (said.to, said.n, round(fact.at - facts[0].at))
        for fact in facts
        if isinstance(said := fact.content, QuestionReminded)
    ]


async def test_people_are_told_again_each_time_after_twice_as_long(bench: Bench) -> None:
    async with bench.app(patient) as app:
        handle = await app.start(patient)
        await bench.clock.advance(9)
        assert await reminded(app, handle.id) == []
        await bench.clock.advance(1)
        assert await reminded(app, handle.id) == [("ada", 1, 10)]
        await bench.clock.advance(60)
        assert await reminded(app, handle.id) == [("ada", 1, 10), ("ada", 2, 30), ("ada", 3, 70)]
        (question,) = await app.inbox.list()
        assert question.ask.remind == 10
        await app.inbox.answer(question.id, "so", by="ada")
        assert await handle.result() == "so"
        await bench.clock.advance(1_000)
        assert len(await reminded(app, handle.id)) == 3
    assert await bench.result(handle.id, patient) == "so"


async def test_a_reminder_is_made_up_for_once_after_a_stop(bench: Bench) -> None:
    run = await bench.parked(patient)
    bench.jump(1_000)
    async with bench.app(patient) as app:
        await bench.clock.settle()
        await bench.clock.advance(1)
        told = await reminded(app, run)
        assert [(who, n) for who, n, _ in told] == [("ada", 1)]
        await bench.clock.advance(20)
        assert [(who, n) for who, n, _ in await reminded(app, run)] == [("ada", 1), ("ada", 2)]


async def test_what_was_answered_meanwhile_is_not_told_again(bench: Bench) -> None:
    run = await bench.parked(patient)
    async with bench.app() as app:
        bench.jump(50)
        await app.inbox.answer((await app.inbox.list())[0].id, "so", by="ada")
    async with bench.app(patient) as app:
        assert await (await app.handle(run)).result() == "so"
        assert await reminded(app, run) == []


async def test_a_deadline_comes_first_and_each_who_is_asked_next_is_told_anew(bench: Bench) -> None:
    @workflow
    async def escalating(ctx: Context) -> str:
        boss = Escalation(to="boss", within=25)
        return await ctx.ask("Why?", answer=str, to="ada", within=10, remind=10, escalate=[boss], default="nobody said")

    async with bench.app(escalating) as app:
        handle = await app.start(escalating)
        await bench.clock.advance(40)
        assert await handle.result() == "nobody said"
        assert await reminded(app, handle.id) == [("boss", 1, 20)]


async def test_an_agent_that_is_a_person_is_reminded_too(bench: Bench) -> None:
    asked = human("ada", text="Why?", answer=str, remind=10)

    @workflow
    async def asking(ctx: Context) -> str:
        return await ctx.call(asked)

    async with bench.app(asking) as app:
        handle = await app.start(asking)
        await bench.clock.advance(30)
        assert await reminded(app, handle.id) == [("ada", 1, 10), ("ada", 2, 30)]
        await app.inbox.answer((await app.inbox.list())[0].id, "so", by="ada")
        assert await handle.result() == "so"


async def test_a_run_that_only_reminds_people_does_not_go_on_by_itself(bench: Bench) -> None:
    async with bench.app(patient) as app:
        handle = await app.start(patient)
        for _ in range(2):
            await bench.clock.settle()
            still = await standstill(app, handle.id)
            assert still is not None
            assert [each.ask.text for each in still.questions] == ["Why?"]
            await bench.clock.advance(10)


def test_a_reminder_at_once_would_be_one_without_end() -> None:
    with pytest.raises(UsageError, match=r"remind of agent human is 0; expected seconds, more than 0"):
        human("ada", text="Why?", answer=str, remind=0)
