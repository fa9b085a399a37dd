"""The inbox: what waits for people, answering it, talking about it, and who is to answer."""

from datetime import datetime
from typing import TypeVar

from typing_extensions import Unpack

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
from podium.client.api_call import ApiCall, get, keyed, page, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import QuestionsQuery
from podium.client.ways import Awaiting, Blocking
from podium.model.json import Json

W = TypeVar("W", Blocking, Awaiting)


class InboxClient(Resource[W]):
    """`client.inbox`."""

    @endpoint
    def get(self, question: str) -> ApiCall[QuestionShown]:
        """Return a question, with what was done and said before, what it cost, and what changed in the draft."""
        return get("/questions/{question}", QuestionShown, question=question)

    @endpoint
    def answer(self, question: str, value: Json) -> ApiCall[QuestionAnsweredBody]:
        """Answer a question, in the name of whoever signed in. The run goes on where its workflow is served."""
        given = AnswerGiven(value=value)
        return post("/questions/{question}/answer", QuestionAnsweredBody, given, again=True, question=question)

    @endpoint
    def comment(self, question: str, text: str, *, idempotency_key: str | None = None) -> ApiCall[RemarkBody]:
        """Say something of a question, for all who see it. It answers nothing."""
        call = post("/questions/{question}/comments", RemarkBody, CommentGiven(text=text), question=question)
        return keyed(call, idempotency_key)

    @endpoint
    def discussion(self, question: str) -> ApiCall[list[RemarkBody]]:
        """Return what people said of a question, and to whom it was given and why, the oldest first."""
        return get("/questions/{question}/discussion", list[RemarkBody], question=question)

    @endpoint
    def reassign(
        self, question: str, to: str | None = None, *, reason: str = "", idempotency_key: str | None = None
    ) -> ApiCall[QuestionBody]:
        """Give an open question to somebody else, or to whom it would be given now."""
        given = ReassignGiven(to=to, reason=reason)
        call = post("/questions/{question}/reassign", QuestionBody, given, question=question)
        return keyed(call, idempotency_key)

    @endpoint
    def link(self, question: str, person: str, *, within: float | None = None) -> ApiCall[LinkBody]:
        """Make a link to a page on which one person answers, once. Whoever has it answers as that person.

        It ends after `within` seconds, else as the settings of the server say, and with the question. Operators make
        links for anybody, others for themselves, to questions put to them.
        """
        given = LinkGiven(person=person, within=within)
        return post("/questions/{question}/links", LinkBody, given, question=question)

    @endpoint
    def people(self) -> ApiCall[list[PersonBody]]:
        """List the people of the tenant whom questions can be given to, and how they stand."""
        return get("/people", list[PersonBody])

    @endpoint
    def away(self, person: str, until: datetime | None) -> ApiCall[AbsenceBody]:
        """Note that somebody is away until a time, or with None that they are back."""
        return post("/people/{person}/away", AbsenceBody, AwayGiven(until=until), again=True, person=person)

    @listed
    def list(self, **filters: Unpack[QuestionsQuery]) -> ApiCall[PageBody[QuestionBody]]:
        """List questions, the oldest first: the open ones, unless a state is named, or `every_state`."""
        return page("/questions", PageBody[QuestionBody], QuestionsGiven, filters)
