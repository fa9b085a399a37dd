"""The inbox: what waits for people, answering it, talking about it, and who is to answer."""

from typing import Annotated

from fastapi import Query

from podium.api.body import PageBody
from podium.api.questions import (
    AbsenceBody,
    AnswerGiven,
    AwayGiven,
    CommentGiven,
    LinkBody,
    LinkGiven,
    PersonBody,
    QuestionAnsweredBody,
    QuestionBody,
    QuestionsGiven,
    QuestionShown,
    ReassignGiven,
    RemarkBody,
)
from podium.api.runs import RunBody
from podium.errors import UnknownRun
from podium.server.again import IdempotencyKey
from podium.server.callers import READS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("inbox")
ANSWERS = ("anyone", "approver", "operator", "admin")
"""May answer what is put to them, and talk about it; operators whatever is asked in their tenant."""


@router.get("/questions", openapi_extra=rights(*READS))
async def list_questions(who: Who, given: Annotated[QuestionsGiven, Query()]) -> PageBody[QuestionBody]:
    """List questions, oldest first: the open ones, unless a state is named, or `every_state`."""
    page = await who.app.inbox.list(**given.filters())
    return PageBody(items=[QuestionBody.of(each) for each in page], cursor=page.cursor)


@router.get("/questions/{question}", openapi_extra=rights(*READS), responses=responses(404))
async def show_question(question: str, who: Who) -> QuestionShown:
    """Show a question, with what was done and said before, what it cost, and what changed in the draft."""
    return QuestionShown.shown(await who.app.inbox.context(question))


@router.get("/questions/{question}/discussion", openapi_extra=rights(*READS), responses=responses(404))
async def question_discussion(question: str, who: Who) -> list[RemarkBody]:
    """Give what people said of a question, and to whom it was given and why, the oldest first."""
    return [RemarkBody.of(each) for each in await who.app.inbox.discussion(question)]


@router.post("/questions/{question}/answer", openapi_extra=rights(*ANSWERS), responses=responses(404, 409))
async def answer_question(question: str, body: AnswerGiven, who: Who) -> QuestionAnsweredBody:
    """Answer a question, in the name of whoever signed in. The run goes on where its workflow is served.

    The same answer may be sent again, where it is not known whether it arrived.
    """
    await who.app.inbox.answer(question, body.value, again=True)
    asked = await who.app.inbox.get(question)
    try:
        run = RunBody.of(await who.app.runs.get(asked.run))
    except UnknownRun:
        run = None
    return QuestionAnsweredBody(question=QuestionBody.of(asked), run=run)


@router.post(
    "/questions/{question}/comments", status_code=201, openapi_extra=rights(*ANSWERS), responses=responses(404, 409)
)
async def comment_on_question(
    question: str, body: CommentGiven, who: Who, idempotency_key: IdempotencyKey = None
) -> RemarkBody:
    """Say something of a question, for all who see it. It answers nothing."""
    return RemarkBody.of(await who.app.inbox.comment(question, body.text, once=idempotency_key))


@router.post("/questions/{question}/reassign", openapi_extra=rights(*ANSWERS), responses=responses(404, 409))
async def reassign_question(
    question: str, body: ReassignGiven, who: Who, idempotency_key: IdempotencyKey = None
) -> QuestionBody:
    """Give an open question to somebody else, or to whom it would be given now. Whoever was asked may still answer."""
    given = await who.app.inbox.reassign(question, body.to, why=body.reason, once=idempotency_key)
    return QuestionBody.of(given)


@router.post(
    "/questions/{question}/links", status_code=201, openapi_extra=rights(*ANSWERS), responses=responses(404, 409)
)
async def link_question(question: str, body: LinkGiven, who: Who) -> LinkBody:
    """Make a link to a page on which one person answers, once. Whoever has it answers as that person.

    Operators make links for anybody, others for themselves, to questions put to them. 409 where it is not open.
    """
    url = await who.app.inbox.link(question, for_=body.person, within=body.within)
    return LinkBody(question=question, person=body.person, url=url)


@router.get("/people", openapi_extra=rights(*READS))
async def list_people(who: Who) -> list[PersonBody]:
    """List the people of the tenant whom questions can be given to, and how they stand."""
    return [PersonBody.of(each) for each in await who.app.inbox.people()]


@router.post("/people/{person}/away", openapi_extra=rights(*ANSWERS))
async def person_away(person: str, body: AwayGiven, who: Who) -> AbsenceBody:
    """Note that somebody is away, or back. What they were given goes to others."""
    until = None if body.until is None else body.until.timestamp()
    return AbsenceBody.of(await who.app.inbox.away(person, until))
