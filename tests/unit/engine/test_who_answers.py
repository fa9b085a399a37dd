"""Who answers a question: different people, however they write their names; those before an escalation too."""

from typing import Any

import pytest

from podium import App, Approval, Context, Decision, Escalation, Principal, agent, human, workflow
from podium.engine.primitives import questions
from podium.errors import AlreadyAnswered, NotAllowed, QuestionExpired, RunFailed, UsageError
from podium.model.facts.answers import AnsweredExpired
from podium.model.json import Json
from podium.model.question import Question
from tests.unit.engine.bench import Bench

YES: Json = {"approved": True}


@workflow
async def spend(ctx: Context) -> Decision:
    higher = [Escalation(to="board", within=60, quorum=3, keep_answers=True), Escalation(to="ceo", quorum=1)]
    return await ctx.ask(Approval("Spend it?"), to="leads", within=60, quorum=2, escalate=higher)


@agent
async def echo(text: str) -> str:
    return text


@workflow
async def names(ctx: Context) -> list[str]:
    higher = [Escalation(to="board", quorum=1, keep_answers=True)]
    said: Any = await ctx.ask("Which name?", answer=str, to="leads", within=60, quorum=2, escalate=higher)
    return said


async def open_one(bench: Bench, app: App) -> Question:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question


@pytest.mark.parametrize("again", ["ann", "Ann", "ANN", " ann ", "\uff41nn", "a\u200bnn"])
async def test_a_person_counts_once_however_the_name_is_written(bench: Bench, again: str) -> None:
    async with bench.app(spend) as app:
        await app.start(spend)
        question = await open_one(bench, app)
        await app.inbox.answer(question.id, YES, by="ann")
        with pytest.raises(AlreadyAnswered, match="has answered question"):
            await app.inbox.answer(question.id, YES, by=again)
        assert (await open_one(bench, app)).answered_by == ("ann",)


async def test_a_question_shows_who_has_answered_as_they_wrote_their_names(bench: Bench) -> None:
    async with bench.app(spend) as app:
        await app.start(spend)
        question = await open_one(bench, app)
        assert question.answered_by == ()
        await app.inbox.answer(question.id, YES, by="Zoë")
        assert (await open_one(bench, app)).answered_by == ("Zoë",)
        await app.inbox.answer(question.id, YES, by="ann")
        assert (await app.inbox.get(question.id)).answered_by == ("Zoë", "ann")


async def test_an_escalation_has_its_own_quorum_and_keeps_the_answers(bench: Bench) -> None:
    async with bench.app(spend) as app:
        handle = await app.start(spend)
        await app.inbox.answer((await open_one(bench, app)).id, YES, by="ann")
        await bench.clock.advance(60)
        question = await open_one(bench, app)
        assert (question.ask.to, question.ask.quorum, question.answered_by) == ("board", 3, ("ann",))
        with pytest.raises(AlreadyAnswered):
            await app.inbox.answer(question.id, YES, by="ANN")
        await app.inbox.answer(question.id, YES, by="bob")
        await app.inbox.answer(question.id, YES, by="eve")
        assert await handle.result() == Decision(approved=True, by=("ann", "bob", "eve"))


async def test_an_escalation_that_does_not_keep_them_begins_anew(bench: Bench) -> None:
    async with bench.app(spend) as app:
        handle = await app.start(spend)
        await app.inbox.answer((await open_one(bench, app)).id, YES, by="ann")
        await bench.clock.advance(120)
        question = await open_one(bench, app)
        assert (question.ask.to, question.ask.quorum, question.answered_by) == ("ceo", 1, ())
        await app.inbox.answer(question.id, YES, by="ann")
        assert await handle.result() == Decision(approved=True, by=("ann",))


async def test_enough_earlier_answers_answer_the_next_question_at_once(bench: Bench) -> None:
    run = await bench.parked(names)
    async with bench.app(names) as app:
        await app.inbox.answer((await open_one(bench, app)).id, "tea", by="ann")
        await bench.clock.advance(60)
        assert await (await app.handle(run)).result() == ["tea"]
        assert [each.answered_by for each in await app.inbox.list(state=None)] == [("ann",), ("ann",)]
        assert await app.reports.verify(run) == []


async def test_answers_are_kept_over_a_restart(bench: Bench) -> None:
    run = await bench.parked(spend)
    async with bench.app() as app:
        await app.inbox.answer((await open_one(bench, app)).id, YES, by="ann")
    async with bench.app(spend) as app:
        await bench.clock.advance(60)
        await open_one(bench, app)
    async with bench.app() as app:
        question = await open_one(bench, app)
        for who in ("bob", "eve"):
            await app.inbox.answer(question.id, YES, by=who)
    assert (await bench.result(run, spend)).by == ("ann", "bob", "eve")


async def test_a_question_that_expires_says_who_was_asked(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context, quorum: int) -> Json:
        higher = [Escalation(to="board", within=20)]
        return await ctx.ask("How many?", to="leads", within=10, escalate=higher, quorum=quorum)

    async with bench.app(asks) as app:
        one, two = await app.start(asks, 1), await app.start(asks, 2)
        await bench.clock.advance(30)
        with pytest.raises(
            RunFailed, match=r"nobody answered 'How many\?' \(0\) within 30 s; asked were leads, then board"
        ):
            await one.result()
        with pytest.raises(RunFailed, match=r"fewer than 2 people answered .* asked were leads, then board"):
            await two.result()


async def test_a_human_agent_that_nobody_answers_says_who_was_asked(bench: Bench) -> None:
    editors = human("editors", text="Well?", answer=str, within=10)

    @workflow
    async def asks(ctx: Context) -> Json:
        return await ctx.call(editors, None)

    async with bench.app(asks) as app:
        handle = await app.start(asks)
        await bench.clock.advance(10)
        with pytest.raises(RunFailed, match=r"nobody answered; asked were editors: Well\?"):
            await handle.result()


async def test_what_expired_before_that_was_recorded_is_replayed_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    @workflow
    async def asks(ctx: Context) -> str:
        try:
            return await ctx.ask("How many?", answer=str, to="leads", within=10)
        except QuestionExpired as error:
            said = await ctx.call(echo, str(error))
            await ctx.sleep(100)
            return said

    with monkeypatch.context() as patch:
        patch.setattr(questions, "AnsweredExpired", _without_to)
        async with bench.app(asks) as app:
            run = (await app.start(asks)).id
            await bench.clock.advance(10)
    assert await bench.result(run, asks, seconds=100) == "nobody answered 'How many?' (0) within 10 s"


def _without_to(*, to: str) -> AnsweredExpired:
    return AnsweredExpired()


async def test_a_question_is_found_and_answered_under_a_name_that_is_written_otherwise(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> str:
        return await ctx.ask("Tea?", answer=str, to="Zoë")

    async with bench.app(asks) as app:
        handle = await app.start(asks)
        question = await open_one(bench, app)
        assert [each.id for each in await app.inbox.list(to="ZOË")] == [question.id]
        assert not await app.inbox.list(to="zoe")
        user = app.scoped(Principal(who="zoe\u0308", tenant="default"))
        assert [each.id for each in await user.inbox.list(to="zoë")] == [question.id]
        with pytest.raises(NotAllowed):
            await user.inbox.answer(question.id, "yes", by="ann")
        await user.inbox.answer(question.id, "yes", by="ZOË")
        assert await handle.result() == "yes"


def test_a_mistaken_escalation_is_told() -> None:
    with pytest.raises(UsageError, match="quorum"):
        Escalation(to="boss", quorum=0)
    with pytest.raises(UsageError, match="keep_answers"):
        Escalation(to="boss", keep_answers="yes")  # pyright: ignore[reportArgumentType] - the mistake


async def test_nobody_edits_what_an_escalation_has_several_people_approve(bench: Bench) -> None:
    @workflow
    async def edits(ctx: Context) -> Decision:
        higher = [Escalation(to="board", quorum=2)]
        return await ctx.ask(Approval("Pay?", 5, edit=int), to="boss", within=10, escalate=higher)

    async with bench.app(edits) as app:
        with pytest.raises(RunFailed, match="needs 2 people and lets each of them edit"):
            await app.run(edits)
