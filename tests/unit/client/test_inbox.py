"""The inbox, as both clients see it."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from podium import Approval, Context, workflow
from podium.api.questions import QuestionAnsweredBody, QuestionBody
from podium.client import Client
from podium.errors import AlreadyAnswered, InvalidValue, UnknownQuestion
from podium.model import question as questions
from podium.model.person import Person
from tests.unit.client.conftest import Ask, Asking


@workflow
async def publish(ctx: Context) -> bool:
    return (await ctx.ask(Approval("Publish?", "It rains."), to="editors")).approved


async def asked(ask: Ask) -> tuple[str, QuestionBody]:
    run = await ask(lambda client: client.runs.start("publish"))
    while not (found := await ask(lambda client: client.inbox.list(run=run.id, to="editors"))):
        await asyncio.sleep(0)
    return run.id, found[0]


async def test_a_question_is_talked_about_given_away_and_answered(asking: Asking) -> None:
    async with asking(publish) as ask:
        run, question = await asked(ask)
        said = await ask(lambda client: client.inbox.comment(question.id, "Is it true?"))
        given = await ask(lambda client: client.inbox.reassign(question.id, "bob", reason="knows"))
        assert (said.by, given.assignee) == ("ann", "bob")
        shown = await ask(lambda client: client.inbox.get(question.id))
        assert (shown.subject, shown.workflow, [each.text for each in shown.discussion]) == (
            "It rains.", "publish", ["Is it true?", "knows"],
        )  # fmt: skip
        assert await ask(lambda client: client.inbox.discussion(question.id)) == shown.discussion
        linked = await ask(lambda client: client.inbox.link(question.id, "bob", within=60))
        assert (linked.question, linked.person, "/answer/" in linked.url) == (question.id, "bob", True)
        with pytest.raises(InvalidValue) as unfit:
            await ask(lambda client: client.inbox.answer(question.id, "maybe"))
        assert unfit.value.status == 422
        done = await ask(lambda client: client.inbox.answer(question.id, {"approved": True}))
        assert (done.question.answered_by, done.run.id) == (["ann"], run)
        assert (await ask(lambda client: client.runs.result(run))).value is True
        again = await ask(lambda client: client.inbox.answer(question.id, {"approved": True}))
        assert again.question == done.question
        with pytest.raises(AlreadyAnswered) as late:
            await ask(lambda client: client.inbox.answer(question.id, {"approved": False}))
        assert late.value.status == 409
        assert await ask(lambda client: client.inbox.list()) == []
        assert [each.id for each in await ask(lambda client: client.inbox.list(every_state=True))] == [question.id]
        with pytest.raises(UnknownQuestion):
            await ask(lambda client: client.inbox.get("q_none"))


def test_an_answer_whose_reply_was_lost_is_sent_again() -> None:
    asked = questions.Question(
        id="q_1", run="run_1", key="0", ask=questions.Ask(text="Well?"), asked_at=1.0, deadline=None,
        state=questions.QuestionState.ANSWERED, answered_by=("ann",),
    )  # fmt: skip
    done = QuestionAnsweredBody(question=QuestionBody.of(asked), run=None)
    replies = [httpx.ReadError("broken"), httpx.Response(200, json=done.model_dump(mode="json"))]

    def answer(_: httpx.Request) -> httpx.Response:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert Client("http://podium", http=http).inbox.answer("q_1", "yes") == done
    assert replies == []


async def test_somebody_is_away_and_back(asking: Asking) -> None:
    async with asking(people={"ann": Person(groups=["editors"])}) as ask:
        until = datetime(2100, 1, 1, tzinfo=UTC)
        assert (await ask(lambda client: client.inbox.away("ann", until))).until == until
        (ann,) = await ask(lambda client: client.inbox.people())
        assert (ann.name, ann.groups, ann.away_until) == ("ann", ["editors"], until)
        await ask(lambda client: client.inbox.away("ann", None))
        (ann,) = await ask(lambda client: client.inbox.people())
        assert ann.away_until is None
