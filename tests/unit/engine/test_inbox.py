"""The inbox: what people see with a question, what they say of it, and to whom of them it is given."""

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest

from podium import App, Approval, Context, Escalation, Principal, agent, workflow
from podium.errors import InvalidValue, NotAllowed, NotPossible, UnknownQuestion
from podium.facade.scoped import ScopedApp
from podium.model.person import Person
from podium.model.question import Question, QuestionState
from podium.model.question_kinds import QuestionKind
from podium.reports.audit import audit
from tests.unit.engine.bench import Bench

PEOPLE: Mapping[str, Person] = {
    "ada": Person(groups=["editors"], capacity=2, substitutes=["cyd"]),
    "bob": Person(groups=["editors"], skills=["contracts"], capacity=1),
    "cyd": Person(),
}


@agent(usd=0.25)
async def write(task: str) -> str:
    return f"{task}\nIt rains.\nThe end."


@workflow
async def publish(ctx: Context) -> str:
    draft = await ctx.call(write, "News")
    while not (decision := await ctx.ask(Approval("Publish?", draft), to="editors")).approved:
        draft = await ctx.call(write, decision.comment)
    return draft


@workflow
async def ask(ctx: Context, to: str) -> str:
    return await ctx.ask("Why?", answer=str, to=to)


@workflow
async def several(ctx: Context) -> list[str]:
    return await ctx.gather(*(ctx.ask(f"{n}?", answer=str, to="editors") for n in range(4)))


def user(app: App, who: str, *roles: str) -> ScopedApp:
    return app.scoped(Principal(who=who, tenant="default", roles=set(roles)))


async def asked(bench: Bench, app: App) -> Question:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question


async def given(app: App) -> list[str | None]:
    return [each.assignee for each in await app.inbox.list()]


async def test_a_question_comes_with_what_was_done_and_what_changed_in_its_draft(bench: Bench) -> None:
    async with bench.app(publish, write) as app:
        await app.start(publish)
        question = await asked(bench, app)
        context = await app.inbox.context(question.id)
        assert [(each.kind, each.name, each.state, each.gave) for each in context.done] == [
            ("call", "write", "done", '"News\\nIt rains.\\nThe end."')
        ]
        assert (context.former, context.diff, context.reminders, context.left_out) == (None, (), 0, 0)
        assert context.cost is not None
        assert context.cost.usd == 0.25
        assert context.run.workflow == "publish"
        await app.inbox.answer(question.id, {"approved": False, "comment": "Weather"}, by="ada")
        question = await asked(bench, app)
        context = await app.inbox.context(question.id)
        assert [each.name for each in context.done] == ["write", "question to editors", "write"]
        assert context.done[1].note == "answered by ada"
        assert context.former == "News\nIt rains.\nThe end."
        assert list(context.diff)[2:] == ["@@ -1,3 +1,3 @@", "-News", "+Weather", " It rains.", " The end."]
        assert context.cost is not None
        assert context.cost.usd == 0.5


async def test_what_was_done_after_a_question_was_asked_is_not_shown_with_it(bench: Bench) -> None:
    async with bench.app(publish, write) as app:
        await app.start(publish)
        question = await asked(bench, app)
        before = await app.inbox.context(question.id)
        await app.inbox.answer(question.id, {"approved": False, "comment": "Weather"}, by="ada")
        await bench.clock.settle()
        assert (await app.inbox.context(question.id)).done == before.done


async def test_people_talk_about_a_question_without_answering_it(bench: Bench) -> None:
    run = await bench.parked(ask, "editors")
    async with bench.app(ask) as app:
        question = await asked(bench, app)
        said = await user(app, "ann", "editors").inbox.comment(question.id, "Ask the lawyers first.")
        assert (said.by, said.assignee) == ("ann", None)
        await bench.clock.advance(5)
        await app.inbox.comment(question.id, "They agree.", by="bob")
        assert (await app.inbox.get(question.id)).state is QuestionState.OPEN
    async with bench.app(ask) as app:
        discussion = await app.inbox.discussion(question.id)
        assert [(each.by, each.text) for each in discussion] == [
            ("ann", "Ask the lawyers first."),
            ("bob", "They agree."),
        ]
        assert (await app.inbox.context(question.id)).discussion == discussion
        await app.inbox.answer(question.id, "so", by="bob")
        assert await (await app.handle(run)).result() == "so"
        await app.inbox.comment(question.id, "Well done.", by="ann")
        assert not (await audit(app.store)).faults


async def test_who_may_not_see_a_question_may_not_talk_about_it(bench: Bench) -> None:
    await bench.parked(ask, "editors")
    async with bench.app(ask) as app:
        question = await asked(bench, app)
        with pytest.raises(UnknownQuestion):
            await user(app, "eve").inbox.comment(question.id, "Hello")
        with pytest.raises(UnknownQuestion):
            await user(app, "eve").inbox.context(question.id)
        with pytest.raises(NotAllowed, match="a viewer changes nothing"):
            await user(app, "eve", "viewer").inbox.comment(question.id, "Hello")
        with pytest.raises(NotAllowed, match="leave `by` out"):
            await user(app, "ann", "editors").inbox.comment(question.id, "Hello", by="bob")
        for text in ("", "  ", "x" * 20_001):
            with pytest.raises(InvalidValue, match="expected 1 to 20,000"):
                await app.inbox.comment(question.id, text)


async def test_questions_are_listed_by_kind_and_by_whom_they_were_given_to(bench: Bench) -> None:
    async with bench.app(ask, publish, write, people=PEOPLE) as app:
        await app.start(publish)
        await bench.clock.settle()
        await app.start(ask, "operators")
        await bench.clock.settle()
        assert [each.kind for each in await app.inbox.list(kind=QuestionKind.APPROVAL)] == ["approval"]
        assert [each.ask.to for each in await app.inbox.list(kind=QuestionKind.TEXT, limit=1)] == ["operators"]
        assert [each.kind for each in await app.inbox.list(assignee="ADA")] == ["approval"]
        assert not await app.inbox.list(assignee="bob")


async def test_questions_asked_at_once_go_to_whoever_has_room(bench: Bench) -> None:
    """All four are asked in one commit: each is given knowing of those before it."""
    async with bench.app(several, people=PEOPLE) as app:
        handle = await app.start(several)
        await bench.clock.settle()
        assert sorted(map(str, await given(app))) == ["ada", "ada", "bob", "cyd"]
        (last,) = await app.inbox.list(assignee="cyd")
        (remark,) = await app.inbox.discussion(last.id)
        assert (remark.by, remark.assignee) == ("podium", "cyd")
        assert remark.text == (
            "cyd stands in for those asked as editors; ada has 2 of 2 questions open; bob has 1 of 1 questions open"
        )
        for each in await app.inbox.list():
            await app.inbox.answer(each.id, "so", by=str(each.assignee))
        assert await handle.result() == ["so"] * 4
        assert not (await audit(app.store)).faults


async def test_whoever_a_question_was_given_to_may_answer_it_without_the_role(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        handle = await app.start(ask, "contracts")
        question = await asked(bench, app)
        assert question.assignee == "bob"
        with pytest.raises(UnknownQuestion):
            await user(app, "ada").inbox.answer(question.id, "so")
        await user(app, "Bob").inbox.answer(question.id, "so")
        assert await handle.result() == "so"


async def test_who_is_asked_next_is_decided_anew(bench: Bench) -> None:
    @workflow
    async def escalating(ctx: Context) -> str:
        return await ctx.ask("Why?", answer=str, to="cyd", within=10, escalate=[Escalation(to="contracts")])

    async with bench.app(escalating, people=PEOPLE) as app:
        await app.start(escalating)
        assert (await asked(bench, app)).assignee == "cyd"
        await bench.clock.advance(10)
        assert (await asked(bench, app)).assignee == "bob"


async def test_what_is_open_goes_to_others_when_somebody_goes_away(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.start(ask, "editors")
        question = await asked(bench, app)
        assert question.assignee == "ada"
        until = bench.clock.now() + 3600
        absence = await user(app, "ada").inbox.away("Ada", until)
        assert (absence.person, absence.by, absence.until) == ("ada", "ada", until)
        assert (await app.inbox.get(question.id)).assignee == "bob"
        (ada, bob, cyd) = await app.inbox.people()
        assert (ada.away, ada.open, bob.open, cyd.hindrance) == (until, 0, 1, None)
        assert str(ada.hindrance).startswith("is away until ")
        await app.start(ask, "ada")
        await bench.clock.settle()
        assert await given(app) == ["bob", "cyd"]  # who stands in for ada
        await app.inbox.away("ada", None, by="boss")
        await app.start(ask, "ada")
        await bench.clock.settle()
        assert await given(app) == ["bob", "cyd", "ada"]
        assert not (await audit(app.store)).faults


async def test_what_nobody_else_can_have_stays_where_it_is_and_holds_up_nothing(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.start(ask, "operators")
        stays = await asked(bench, app)
        await app.start(ask, "editors")
        await bench.clock.settle()
        (goes,) = [each for each in (await app.inbox.list()).items if each.id != stays.id]
        assert goes.assignee == "ada"
        await app.inbox.reassign(stays.id, "ada")
        await user(app, "ada").inbox.away("ada", bench.clock.now() + 3600)
        assert (await app.inbox.get(stays.id)).assignee == "ada"
        assert (await app.inbox.get(goes.id)).assignee == "bob"


async def test_an_absence_ends_by_itself(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.inbox.away("ada", bench.clock.now() + 60)
        await bench.clock.advance(61)
        await app.start(ask, "editors")
        assert (await asked(bench, app)).assignee == "ada"


async def test_a_question_is_given_to_somebody_else(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.start(ask, "editors")
        question = await asked(bench, app)
        moved = await user(app, "ada").inbox.reassign(question.id, "bob", why="he knows them")
        assert moved.assignee == "bob"
        with pytest.raises(NotAllowed, match=r"to give question q_\d+ to anybody takes the role 'operator'"):
            await user(app, "bob").inbox.reassign(question.id, "eve")
        assert (await user(app, "boss", "operator").inbox.reassign(question.id, "eve")).assignee == "eve"
        with pytest.raises(NotAllowed, match="a viewer changes nothing"):
            await user(app, "vic", "viewer").inbox.reassign(question.id, "ada")
        assert (await app.inbox.reassign(question.id)).assignee == "ada"
        said = [(each.by, each.assignee, each.text) for each in await app.inbox.discussion(question.id)]
        assert said[1:3] == [("ada", "bob", "he knows them"), ("boss", "eve", "boss gave it to eve")]
        await user(app, "ann", "editors").inbox.answer(question.id, "so")  # who was asked may answer all the same
        with pytest.raises(NotPossible, match="is answered: too late"):
            await app.inbox.reassign(question.id, "bob")
        assert not (await audit(app.store)).faults


async def test_who_is_known_to_nobody_cannot_be_away_and_a_question_for_nobody_known_goes_nowhere(
    bench: Bench,
) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        with pytest.raises(InvalidValue, match="nobody is known as 'eve'; known are: ada, bob, cyd"):
            await app.inbox.away("eve", None)
        with pytest.raises(NotAllowed, match="takes the role 'operator'"):
            await user(app, "bob").inbox.away("ada", None)
        await app.start(ask, "operators")
        question = await asked(bench, app)
        assert question.assignee is None
        with pytest.raises(NotPossible, match="nobody is known who is asked as 'operators'"):
            await app.inbox.reassign(question.id)


async def test_two_who_give_away_one_question_leave_it_with_one(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.start(ask, "editors")
        question = await asked(bench, app)
        await asyncio.gather(*(app.inbox.reassign(question.id, name) for name in ("bob", "cyd", "ada")))
        told = [each.assignee for each in await app.inbox.discussion(question.id)]
        assert sorted(map(str, told)) == ["ada", "ada", "bob", "cyd"]
        assert (await app.inbox.get(question.id)).assignee in ("ada", "bob", "cyd")


async def test_what_was_said_of_a_question_goes_with_the_content_of_its_run(bench: Bench) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        handle = await app.start(ask, "editors")
        question = await asked(bench, app)
        await app.inbox.comment(question.id, "Carl Meier owes us 5,000.", by="ann")
        await app.inbox.answer(question.id, "so", by="ada")
        await handle.result()
        await app.operations.redact(handle.id, why="law")
        assert [(each.by, each.text) for each in await app.inbox.discussion(question.id)] == [
            ("podium", ""),
            ("ann", ""),
        ]
        assert not (await audit(app.store)).faults
        await bench.clock.advance(10)
        await app.operations.prune(1.0, why="old")
        assert await app.store.inbox.remarks(question.id) == []
        assert not (await audit(app.store)).faults


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE remarks SET text = '\"Pay.\"' WHERE by = 'ann'", "a remark of 'ann' on question {q} is not what was"),
        ("UPDATE remarks SET by = 'boss' WHERE by = 'ann'", "a remark of 'boss' on question {q} is not one that was"),
        ("DELETE FROM remarks WHERE by = 'ann'", "1 of the remarks on questions that were entered in the ledger"),
        ("UPDATE questions SET assignee = 'eve'", "question {q} was not given to 'eve'"),
        ("UPDATE absences SET until = 5", "it is not away as the ledger knows it"),
        ("DELETE FROM absences", "it was away, and is not in the store"),
    ],
)
async def test_what_was_changed_behind_the_back_shows(bench: Bench, change: str, told: str) -> None:
    async with bench.app(ask, people=PEOPLE) as app:
        await app.start(ask, "editors")
        question = await asked(bench, app)
        await app.inbox.comment(question.id, "Do not pay.", by="ann")
        await app.inbox.away("cyd", bench.clock.now() + 60)
    with sqlite3.connect(bench.path) as connection:
        connection.execute(change.replace("'\"Pay.\"'", "CAST('\"Pay.\"' AS BLOB)"))
    connection.close()
    async with bench.app() as app:
        faults: list[Any] = (await audit(app.store)).faults
        assert any(told.format(q=question.id) in each.what for each in faults), faults


async def test_people_of_another_tenant_are_unknown(bench: Bench) -> None:
    people = {"ada": Person(groups=["editors"]), "rex": Person(groups=["editors"], tenant="rival")}
    async with bench.app(ask, people=people) as app:
        boss = app.scoped(Principal(who="boss", tenant="default", roles={"operator"}))
        assert [each.name for each in await boss.inbox.people()] == ["ada"]
        with pytest.raises(InvalidValue, match="nobody is known as 'rex'; known are: ada"):
            await boss.inbox.away("rex", None)
        await app.start(ask, "editors", tenant="rival", principal="rita")
        assert (await asked(bench, app)).assignee == "rex"
