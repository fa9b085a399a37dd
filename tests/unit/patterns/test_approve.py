"""`approve`: a person approves, edits, rejects or asks back, in time or not."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from podium import Agent, App, Escalation, agent
from podium.cli.answering import to_value
from podium.errors import InvalidValue, PatternError, RunFailed
from podium.model.json import Json
from podium.model.question import Question
from podium.patterns import approve, sequence
from podium.testing import scripted
from tests.unit.engine.bench import Bench

YES, NO = {"approved": True}, {"approved": False, "comment": "too long"}


@dataclass
class Draft:
    title: str
    words: list[str]


class Even(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def even(cls, n: int) -> int:
        if n % 2:
            raise ValueError("n is odd")
        return n


@agent
async def write(text: str) -> Draft:
    return Draft(title=text, words=text.split())


@agent
async def publish(draft: Draft) -> str:
    return f"{draft.title}: {len(draft.words)}"


@agent
async def explain(value: str, question: str) -> str:
    return f"{question} Because of {value}."


@agent
async def archive(value: str, comment: str) -> str:
    return f"archived {value}: {comment}"


async def asked(bench: Bench, app: App) -> Question:
    """Return the one question that is open."""
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question


async def said(bench: Bench, made: Agent[Any, Any], value: Json, *answers: Json) -> Any:
    """Run it, give these answers, each by a person called after its place, and return the value."""
    async with bench.app(made) as app:
        handle = await app.start(made, value)
        for n, answer in enumerate(answers):
            await app.inbox.answer((await asked(bench, app)).id, answer, by=f"p{n}")
        return await handle.result()


async def test_what_is_approved_goes_on(bench: Bench) -> None:
    made = sequence(write, approve("editors"), publish, name="s")
    assert await said(bench, made, "a b", YES) == "a b: 2"


async def test_the_person_sees_the_value_and_answers_yes_or_no_in_the_inbox(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(approve("editors", text="Print it?", name="a"), "news")
        question = await asked(bench, app)
        assert (question.ask.to, question.ask.text, question.ask.subject) == ("editors", "Print it?", "news")
        await app.inbox.answer(question.id, to_value(question, "yes", "well done"), by="ann")
        assert await handle.result() == "news"


async def test_what_is_edited_goes_on_as_it_was_edited(bench: Bench) -> None:
    made = sequence(write, approve("editors", edit=Draft), publish, name="s")
    edited: Json = {"approved": True, "value": {"title": "A", "words": []}}
    assert await said(bench, made, "a b", edited) == "A: 0"


async def test_an_edit_is_checked_against_the_type_before_it_is_taken(bench: Bench) -> None:
    made = sequence(write, approve("editors", edit=Draft), publish, name="s")
    async with bench.app() as app:
        handle = await app.start(made, "a b")
        question = await asked(bench, app)
        with pytest.raises(InvalidValue, match="'words' is a required property"):
            await app.inbox.answer(question.id, {"approved": True, "value": {"title": "A"}}, by="ann")
        await app.inbox.answer(question.id, YES, by="ann")
        assert await handle.result() == "a b: 2"


@pytest.mark.parametrize(
    ("value", "fits", "wrong"), [("a", "b", 5), (5, 5.5, "b"), (True, False, 1), ([1], [], {}), ({"a": 1}, {}, [])]
)
async def test_without_a_type_an_edit_is_of_the_same_kind_of_json(
    bench: Bench, value: Json, fits: Json, wrong: Json
) -> None:
    async with bench.app() as app:
        handle = await app.start(approve("editors", name="a"), value)
        question = await asked(bench, app)
        with pytest.raises(InvalidValue, match="does not fit question"):
            await app.inbox.answer(question.id, {"approved": True, "value": wrong}, by="ann")
        await app.inbox.answer(question.id, {"approved": True, "value": fits}, by="ann")
        assert await handle.result() == fits


async def test_where_edits_are_not_wanted_none_is_taken(bench: Bench) -> None:
    async with bench.app() as app:
        await app.start(approve("editors", edit=False, name="a"), "x")
        question = await asked(bench, app)
        with pytest.raises(InvalidValue, match="'value' was unexpected"):
            await app.inbox.answer(question.id, {"approved": True, "value": "y"}, by="ann")


async def test_an_edit_that_only_the_type_itself_refuses_is_asked_about_again(bench: Bench) -> None:
    odd, even = ({"approved": True, "value": {"n": n}} for n in (3, 4))
    async with bench.app() as app:
        handle = await app.start(approve("editors", edit=Even, name="a"), Even(n=2))
        await app.inbox.answer((await asked(bench, app)).id, odd, by="ann")
        question = await asked(bench, app)
        assert question.ask.subject["value"] == {"n": 2}
        assert "n is odd" in question.ask.subject["exchange"][0]["refused"]
        await app.inbox.answer(question.id, even, by="ann")
        assert await handle.result() == Even(n=4)


async def test_edits_that_never_fit_end_it(bench: Bench) -> None:
    odd = {"approved": True, "value": {"n": 3}}
    with pytest.raises(RunFailed, match=r"GateClosed: approve: what was put in its place does not fit.*n is odd"):
        await said(bench, approve("editors", edit=Even, questions=1, name="a"), {"n": 2}, odd, odd)


async def test_what_is_rejected_ends_it_with_the_comment_and_by_whom(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="GateClosed: approve: p0 rejected it: too long"):
        await said(bench, sequence(write, approve("editors"), publish, name="s"), "a", NO)


async def test_what_is_rejected_goes_to_somebody_else_with_the_comment(bench: Bench) -> None:
    made = approve("editors", otherwise=archive, name="a")
    assert await said(bench, made, "news", NO) == "archived news: too long"


async def test_a_person_who_asks_back_is_answered_by_the_author_and_asked_again(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(approve("editors", author=explain, name="a"), "news")
        await app.inbox.answer((await asked(bench, app)).id, {"question": "Why now?"}, by="ann")
        question = await asked(bench, app)
        exchange = {"question": "Why now?", "by": ["ann"], "answer": "Why now? Because of news."}
        assert question.ask.subject == {"value": "news", "exchange": [exchange]}
        await app.inbox.answer(question.id, YES, by="ann")
        assert await handle.result() == "news"


async def test_after_so_many_questions_only_a_decision_is_taken(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(approve("editors", author=explain, questions=2, name="a"), "news")
        for _ in range(2):
            await app.inbox.answer((await asked(bench, app)).id, {"question": "Why?"}, by="ann")
        question = await asked(bench, app)
        with pytest.raises(InvalidValue):
            await app.inbox.answer(question.id, {"question": "Why?"}, by="ann")
        await app.inbox.answer(question.id, YES, by="ann")
        assert await handle.result() == "news"


async def test_without_an_author_nobody_can_be_asked_back(bench: Bench) -> None:
    async with bench.app() as app:
        await app.start(approve("editors", name="a"), "news")
        with pytest.raises(InvalidValue):
            await app.inbox.answer((await asked(bench, app)).id, {"question": "Why?"}, by="ann")


async def test_nobody_answering_ends_it(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(approve("editors", within=60, name="a"), "x")
        await bench.clock.advance(60)
        with pytest.raises(RunFailed, match=r"GateClosed: approve: nobody answered 'Approve\?'.*asked were editors"):
            await handle.result()


async def test_an_escalation_asks_for_other_numbers_of_people_also_after_it_asked_back(bench: Bench) -> None:
    board = Escalation(to="board", within=60, quorum=2)
    pattern = approve("editors", within=60, escalate=[board, Escalation(to="ceo", quorum=1)], author=explain, name="a")
    async with bench.app() as app:
        handle = await app.start(pattern, "news")
        await bench.clock.advance(60)
        for who, answer in (("ann", {"question": "Why?"}), ("bob", YES)):
            await app.inbox.answer((await asked(bench, app)).id, answer, by=who)
        again = await asked(bench, app)
        assert (again.ask.to, again.ask.quorum, again.answered_by) == ("board", 2, ())
        assert "value" not in again.ask.schema["properties"]  # what one edits, the other would not have approved
        await bench.clock.advance(60)
        assert (await asked(bench, app)).ask.quorum == 1
        await app.inbox.answer((await asked(bench, app)).id, YES, by="eve")
        assert await handle.result() == "news"


async def test_where_nobody_answers_the_value_counts_as_preset(bench: Bench) -> None:
    yes, no = (
        approve("editors", within=60, default="approve", name="yes"),
        approve("editors", within=60, default="reject", otherwise=archive, name="no"),
    )
    async with bench.app() as app:
        approved, rejected = await app.start(yes, "x"), await app.start(no, "x")
        await bench.clock.advance(60)
        assert await approved.result() == "x"
        assert await rejected.result() == "archived x: nobody answered in time"


async def test_where_nobody_answers_in_time_the_next_one_is_asked_also_after_a_restart(bench: Bench) -> None:
    made = approve("clerk", within=60, escalate=[Escalation(to="boss", within=60), Escalation(to="board")], name="a")
    run = await bench.parked(made, "x")
    await bench.clock.advance(60)
    async with bench.app(made) as app:
        assert (await asked(bench, app)).ask.to == "boss"
        await bench.clock.advance(60)
        question = await asked(bench, app)
        assert question.ask.to == "board"
        await app.inbox.answer(question.id, YES, by="eve")
        assert await (await app.handle(run)).result() == "x"


async def test_whoever_asks_back_after_an_escalation_is_the_one_who_is_asked_again(bench: Bench) -> None:
    made = approve("clerk", within=60, escalate=[Escalation(to="boss")], author=explain, name="a")
    async with bench.app() as app:
        await app.start(made, "x")
        await bench.clock.advance(60)
        await app.inbox.answer((await asked(bench, app)).id, {"question": "Why?"}, by="boss")
        assert (await asked(bench, app)).ask.to == "boss"


async def test_a_quorum_needs_all_of_different_people(bench: Bench) -> None:
    made = approve("board", quorum=2, name="a")
    assert await said(bench, made, "x", YES, YES) == "x"
    with pytest.raises(RunFailed, match="approve: p0 and p1 rejected it: too long"):
        await said(bench, made, "x", YES, NO)


async def test_with_a_quorum_nobody_may_edit(bench: Bench) -> None:
    async with bench.app() as app:
        await app.start(approve("board", quorum=2, name="a"), "x")
        with pytest.raises(InvalidValue, match="'value' was unexpected"):
            await app.inbox.answer((await asked(bench, app)).id, {"approved": True, "value": "y"}, by="ann")


async def test_with_a_quorum_all_are_asked_again_once_a_question_is_answered(bench: Bench) -> None:
    made = approve("board", quorum=2, author=explain, name="a")
    async with bench.app() as app:
        handle = await app.start(made, "x")
        for person, answer in [("ann", YES), ("bob", {"question": "Why?"}), ("ann", YES), ("bob", YES)]:
            await app.inbox.answer((await asked(bench, app)).id, answer, by=person)
        assert await handle.result() == "x"


async def test_a_run_that_waits_holds_what_was_said_and_asks_the_author_once(bench: Bench) -> None:
    author = scripted("author", ["because"], witness=bench.witness)
    made = approve("editors", author=author, name="a")
    async with bench.app(made) as app:
        handle = await app.start(made, "x")
        await app.inbox.answer((await asked(bench, app)).id, {"question": "Why?"}, by="ann")
        await bench.clock.settle()
    async with bench.app(made) as app:
        question = await asked(bench, app)
        assert question.ask.subject["exchange"][0]["answer"] == "because"
        await app.inbox.answer(question.id, YES, by="ann")
        assert await (await app.handle(handle.id)).result() == "x"
    assert bench.witness.count("author") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quorum": 0}, "approve was given quorum=0: expected at least 1"),
        ({"questions": -1}, "approve was given questions=-1: expected at least 0"),
        ({"default": "maybe", "within": 5}, "approve was given default='maybe': expected 'approve' or 'reject'"),
        ({"default": "approve"}, "approve waits for editors for ever, so what is to follow never does"),
        ({"escalate": [Escalation(to="boss")]}, "approve waits for editors for ever"),
        ({"within": 5, "default": "reject", "escalate": [Escalation(to="boss")]}, "approve waits for boss for ever"),
        ({"author": archive}, "archive, its author, needs comment, and is offered value, question"),
        ({"otherwise": explain}, "explain, its otherwise, needs question, and is offered value, comment"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        approve("editors", **options)


def test_it_takes_and_gives_the_type_of_the_value_or_of_what_the_other_one_gives() -> None:
    assert (approve("a").input.type, approve("a").output.type) == (Any, Any)
    assert (approve("a", edit=Draft).input.type, approve("a", edit=Draft).output.type) == (Draft, Draft)
    assert approve("a", edit=Draft, otherwise=archive).output.type == Draft | str


def test_its_picture_shows_who_is_asked_after_whom() -> None:
    made = approve("clerk", within=5, escalate=[Escalation(to="boss")], author=explain, otherwise=archive, name="a")
    picture = made.graph()
    for shown in ("clerk", "boss", "author: explain", "otherwise: archive", "asks back", "rejects", "not answered"):
        assert shown in picture
