"""Questions to people: answered once, by enough of them, in time or not at all."""

from dataclasses import dataclass

import pytest

from podium import App, Approval, Context, Decision, Escalation, RunState, human, workflow
from podium.errors import AlreadyAnswered, InvalidValue, RunFailed, UnknownQuestion
from podium.model.question import QuestionState
from tests.unit.engine.bench import Bench


@dataclass
class Draft:
    title: str
    words: list[str]


@workflow
async def approve(ctx: Context) -> Decision:
    return await ctx.ask(Approval("Publish?", {"draft": 1}), to="editors", quorum=2)


@workflow
async def count(ctx: Context) -> int:
    return await ctx.ask("How many?", answer=int, within=100)


async def asked(bench: Bench, app: App) -> str:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question.id


async def test_a_question_waits_in_the_inbox_over_a_restart(bench: Bench) -> None:
    run = await bench.parked(count)
    async with bench.app(count) as app:
        (question,) = await app.inbox.list(run=run)
        assert (question.ask.text, question.ask.schema) == ("How many?", {"type": "integer"})
        await app.inbox.answer(question.id, 7, by="ann")
        assert await (await app.handle(run)).result() == 7
        assert not await app.inbox.list()


async def test_an_approval_needs_all_of_different_people(bench: Bench) -> None:
    async with bench.app(approve) as app:
        handle = await app.start(approve)
        question = await asked(bench, app)
        await app.inbox.answer(question, {"approved": True}, by="ann")
        with pytest.raises(AlreadyAnswered, match="ann has answered"):
            await app.inbox.answer(question, {"approved": True}, by="ann")
        await app.inbox.answer(question, {"approved": False, "comment": "too long"}, by="bob")
        assert await handle.result() == Decision(approved=False, by=("ann", "bob"), comment="too long")


async def test_an_answer_that_does_not_fit_is_refused(bench: Bench) -> None:
    async with bench.app(count) as app:
        await app.start(count)
        question = await asked(bench, app)
        with pytest.raises(InvalidValue, match="does not fit"):
            await app.inbox.answer(question, "many", by="ann")
        with pytest.raises(UnknownQuestion, match="podium inbox list"):
            await app.inbox.answer("q_x", 1, by="ann")
        assert len(await app.inbox.list()) == 1


async def test_a_second_answer_is_refused_visibly(bench: Bench) -> None:
    async with bench.app(count) as app:
        handle = await app.start(count)
        question = await asked(bench, app)
        await app.inbox.answer(question, 1, by="ann")
        with pytest.raises(AlreadyAnswered, match="too late"):
            await app.inbox.answer(question, 2, by="bob")
        assert await handle.result() == 1


async def test_an_expired_question_fails_the_run_and_refuses_late_answers(bench: Bench) -> None:
    async with bench.app(count) as app:
        handle = await app.start(count)
        question = await asked(bench, app)
        await bench.clock.advance(100)
        with pytest.raises(RunFailed, match=r"QuestionExpired: nobody answered 'How many\?'"):
            await handle.result()
        with pytest.raises(AlreadyAnswered, match="too late"):
            await app.inbox.answer(question, 1, by="ann")


async def test_a_question_whose_time_is_over_is_expired_though_nobody_has_noted_it(bench: Bench) -> None:
    await bench.parked(count)
    async with bench.app() as app:
        await bench.clock.advance(100)
        (question,) = await app.inbox.list()
        with pytest.raises(AlreadyAnswered, match=f"{question.id} is expired: too late"):
            await app.inbox.answer(question.id, 1, by="ann")


async def test_an_expired_question_gives_its_default(bench: Bench) -> None:
    @workflow
    async def preset(ctx: Context) -> int:
        number = await ctx.ask("How many?", answer=int, within=100, default=3)
        await ctx.sleep(10)
        return number

    async with bench.app(preset) as app:
        handle = await app.start(preset)
        await bench.clock.advance(105)
        (question,) = await app.inbox.list(state=None)
        assert question.state is QuestionState.EXPIRED
    assert await bench.result(handle.id, preset, seconds=10) == 3


async def test_an_answer_in_time_counts_although_nobody_was_there_to_take_it(bench: Bench) -> None:
    run = await bench.parked(count)
    async with bench.app() as app:
        await bench.clock.advance(99)
        await app.inbox.answer((await app.inbox.list())[0].id, 5, by="ann")
    await bench.clock.advance(100)
    assert await bench.result(run, count) == 5


async def test_a_cancelled_run_withdraws_its_question(bench: Bench) -> None:
    async with bench.app(count) as app:
        handle = await app.start(count)
        question = await asked(bench, app)
        await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.CANCELLED
        assert [each.state for each in await app.inbox.list(state=None)] == [QuestionState.WITHDRAWN]
        with pytest.raises(AlreadyAnswered):
            await app.inbox.answer(question, 1, by="ann")


async def test_a_question_that_loses_a_race_is_withdrawn(bench: Bench) -> None:
    @workflow
    async def deadline(ctx: Context) -> int | None:
        first = await ctx.race(ctx.ask("How many?", answer=int), ctx.sleep(10))
        await ctx.sleep(10)
        return first

    async with bench.app(deadline) as app:
        handle = await app.start(deadline)
        await bench.clock.advance(10)
        assert not await app.inbox.list()
        await bench.clock.advance(10)
        assert await handle.result() is None


async def test_a_person_is_called_like_any_other_agent(bench: Bench) -> None:
    boss = human("boss", text="Raise?", answer=bool, within=100)

    @workflow
    async def asks(ctx: Context) -> bool:
        return await ctx.call(boss, {"by": 5})

    run = await bench.parked(asks, None, boss)
    async with bench.app(asks, boss) as app:
        (question,) = await app.inbox.list(to="boss")
        assert question.ask.subject == {"by": 5}
        await app.inbox.answer(question.id, value=True, by="kim")
        assert await (await app.handle(run)).result() is True


async def test_a_person_who_does_not_answer_in_time_is_a_failed_call(bench: Bench) -> None:
    boss = human("boss", text="Raise?", answer=bool, within=100)

    @workflow
    async def asks(ctx: Context) -> bool:
        return await ctx.call(boss, {"by": 5})

    async with bench.app(asks, boss) as app:
        handle = await app.start(asks)
        await bench.clock.advance(100)
        with pytest.raises(RunFailed, match="QuestionExpired"):
            await handle.result()
        assert not await app.inbox.list()


@workflow
async def edited(ctx: Context) -> Decision:
    draft = Draft("a", ["b"])
    return await ctx.ask(Approval("Publish?", draft, edit=Draft, questions=True), to="editors")


async def test_a_person_may_approve_something_else_of_the_same_type(bench: Bench) -> None:
    async with bench.app(edited) as app:
        handle = await app.start(edited)
        question = await asked(bench, app)
        for wrong in ({"title": "a"}, {"title": "a", "words": "b"}, 5):
            with pytest.raises(InvalidValue, match="does not fit question"):
                await app.inbox.answer(question, {"approved": True, "value": wrong}, by="ann")
        with pytest.raises(InvalidValue, match="True was expected"):
            await app.inbox.answer(question, {"approved": False, "value": {"title": "c", "words": []}}, by="ann")
        await app.inbox.answer(question, {"approved": True, "value": {"title": "c", "words": []}}, by="ann")
        decision = await handle.result()
        assert (decision.approved, decision.edited, decision.value) == (True, True, {"title": "c", "words": []})


async def test_an_edited_value_comes_as_its_type_also_from_the_journal(bench: Bench) -> None:
    @workflow
    async def twice(ctx: Context) -> str:
        decision = await ctx.ask(Approval("Publish?", edit=Draft))
        assert isinstance(decision.value, Draft)
        await ctx.sleep(10)
        return decision.value.title

    async with bench.app(twice) as app:
        handle = await app.start(twice)
        await app.inbox.answer(
            await asked(bench, app), {"approved": True, "value": {"title": "c", "words": []}}, by="ann"
        )
        await bench.clock.settle()
    assert await bench.result(handle.id, twice, seconds=10) == "c"


async def test_a_person_may_ask_back_and_nothing_is_decided(bench: Bench) -> None:
    async with bench.app(edited) as app:
        handle = await app.start(edited)
        question = await asked(bench, app)
        with pytest.raises(InvalidValue):
            await app.inbox.answer(question, {"approved": True, "question": "why?"}, by="ann")
        await app.inbox.answer(question, {"question": "why?"}, by="ann")
        assert await handle.result() == Decision(approved=False, by=("ann",), question="why?")


async def test_an_approval_that_offers_neither_takes_no_edit_and_no_question(bench: Bench) -> None:
    async with bench.app(approve) as app:
        await app.start(approve)
        question = await asked(bench, app)
        for answer in ({"approved": True, "value": 1}, {"question": "why?"}):
            with pytest.raises(InvalidValue):
                await app.inbox.answer(question, answer, by="ann")


async def test_a_rejection_goes_before_what_another_person_asks_back(bench: Bench) -> None:
    @workflow
    async def two(ctx: Context) -> Decision:
        return await ctx.ask(Approval("Publish?", questions=True), quorum=2)

    async with bench.app(two) as app:
        handle = await app.start(two)
        question = await asked(bench, app)
        await app.inbox.answer(question, {"question": "why?"}, by="ann")
        await app.inbox.answer(question, {"approved": False, "comment": "no"}, by="bob")
        assert await handle.result() == Decision(approved=False, by=("ann", "bob"), comment="no")


async def test_several_people_are_not_offered_to_edit(bench: Bench) -> None:
    @workflow
    async def two(ctx: Context) -> Decision:
        return await ctx.ask(Approval("Publish?", edit=Draft), quorum=2)

    async with bench.app(two) as app:
        with pytest.raises(RunFailed, match="what one changed, nobody else approved"):
            await app.run(two)


@workflow
async def escalating(ctx: Context) -> list[str]:
    decision = await ctx.ask(
        Approval("Pay?"), to="clerk", within=10, escalate=[Escalation(to="boss", within=20), Escalation(to="board")]
    )
    return [decision.to, *decision.by]


async def test_a_question_that_expires_goes_on_to_the_next_person(bench: Bench) -> None:
    run = await bench.parked(escalating)
    async with bench.app(escalating) as app:
        await bench.clock.advance(9)
        assert [each.ask.to for each in await app.inbox.list()] == ["clerk"]
        await bench.clock.advance(1)
        assert [each.ask.to for each in await app.inbox.list()] == ["boss"]
    await bench.clock.advance(20)
    async with bench.app(escalating) as app:
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        assert (question.ask.to, question.deadline) == ("board", None)
        await app.inbox.answer(question.id, {"approved": True}, by="eve")
        assert await (await app.handle(run)).result() == ["board", "eve"]
        assert [each.state for each in await app.inbox.list(state=None)] == ["expired", "expired", "answered"]
        assert await app.reports.verify(run) == []


async def test_after_the_last_person_the_question_gives_its_default_or_fails(bench: Bench) -> None:
    @workflow
    async def number(ctx: Context, preset: int | None) -> int:
        steps = [Escalation(to="boss", within=20)]
        if preset is None:
            return await ctx.ask("How many?", answer=int, within=10, escalate=steps)
        return await ctx.ask("How many?", answer=int, within=10, escalate=steps, default=preset)

    async with bench.app(number) as app:
        preset, none = await app.start(number, 3), await app.start(number, None)
        await bench.clock.advance(30)
        assert await preset.result() == 3
        with pytest.raises(RunFailed, match=r"nobody answered 'How many\?' \(0\) within 30 s"):
            await none.result()


async def test_a_run_that_is_cancelled_withdraws_the_question_to_the_next_person(bench: Bench) -> None:
    async with bench.app(escalating) as app:
        handle = await app.start(escalating)
        await bench.clock.advance(10)
        await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.CANCELLED
        assert [each.state for each in await app.inbox.list(state=None)] == ["expired", "withdrawn"]


async def test_nobody_can_be_next_after_a_question_that_never_expires(bench: Bench) -> None:
    @workflow
    async def forever(ctx: Context) -> Decision:
        return await ctx.ask(Approval("Pay?"), to="clerk", escalate=[Escalation(to="boss")])

    async with bench.app(forever) as app:
        with pytest.raises(RunFailed, match=r"'Pay\?' never expires for 'clerk', so nobody is asked next"):
            await app.run(forever)
