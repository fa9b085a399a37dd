"""`app.inbox`: what waits for people, and answering it."""

from podium.agents.jsonable import json_copy
from podium.agents.schema import mismatch
from podium.errors import AlreadyAnswered, InvalidValue, NotAllowed, NotPossible, TokenRefused
from podium.facade.linked import LinkedQuestion
from podium.facade.questions import Questions
from podium.facade.scope import Scope
from podium.model.duration import FINITE, Duration, in_seconds
from podium.model.expected import NAME
from podium.model.json import Json
from podium.model.person import is_same
from podium.model.principal import Principal
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.store.operations import CommitVerdict, Reply


class Inbox(Questions):
    """Looks at what waits for people, and answers it."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._scope = scope

    async def answer(self, question_id: str, value: Json, *, by: str | None = None) -> None:
        """Answer a question, in the name of the principal; the operator of the app may say `by` whom.

        Raises UnknownQuestion, AlreadyAnswered, InvalidValue where the value does not fit, and NotAllowed where the
        question is put to somebody else.
        """
        parts, who = self._scope.parts, self._scope.name_of(by)
        self._scope.must_answer("answer questions")
        question = await self.get(question_id)
        user = self._scope.principal
        if user is not None and not user.operates and not user.is_asked(question.ask.to):
            raise NotAllowed(f"question {question_id} is put to {question.ask.to!r}, and {who} is none of them.")
        _check_answer(question, value)
        json_copy(value, "JSON as the answer")
        answer = PersonAnswer(by=who, value=value, at=parts.clock.now())
        verdict, _ = await parts.worker.commits.submit(Reply(question_id, answer))
        if verdict is CommitVerdict.CLOSED:
            now = _standing(await self._scope.store.question(question_id))
            raise AlreadyAnswered(f"question {question_id} is {now}: too late to answer it")
        if verdict is CommitVerdict.DUPLICATE:
            raise AlreadyAnswered(f"{who} has answered question {question_id} already; it waits for other people")

    async def link(self, question_id: str, *, for_: str, within: Duration | None = None) -> str:
        """Return the address of a page on which one person answers this question, once, and sees what it is about.

        It ends after `within` seconds (`[podium.links]` says how many if this does not), and with the question.
        Whoever has it answers as the person `for_`: send it to nobody else. Opening it changes nothing.
        Raises UnknownQuestion, NotPossible where the question is no longer open, and NotAllowed for a principal who is
        no operator, unless it is put to them and the link is for themselves.
        """
        scope = self._scope
        parts, user = scope.parts, scope.principal
        NAME.check("for_ of a link", for_)
        span = parts.config.links.within if within is None else in_seconds(within, "within of a link", FINITE)
        scope.must_answer("make links")
        question = await self.get(question_id)
        scope.check_user(Principal(who=for_, tenant="default"))
        if user is not None and not user.operates and not (user.is_asked(question.ask.to) and is_same(for_, user.who)):
            raise NotAllowed(f"{user.who} may not make links for {for_!r}: it takes the role of an operator.")
        await scope.record("make links", question_id, tenant=question.tenant, person=for_)
        now = parts.clock.now()
        late = question.deadline is not None and now >= question.deadline
        if late or question.state is not QuestionState.OPEN:
            raise NotPossible(f"question {question_id} is {_standing(question)}: nobody can answer it with a link.")
        expires = now + span if question.deadline is None else min(now + span, question.deadline)
        return await parts.links.make(question_id, for_, expires)

    async def linked(self, token: str) -> LinkedQuestion:
        """Return what the token of a link lets its holder see and answer, whoever holds it.

        That is for a server: only the app itself takes tokens. Raises TokenRefused for what is no link of this
        installation, or to a question that is gone.
        """
        if self._scope.principal is not None:
            raise NotAllowed(f"{self._scope.principal.who} may not read the links of others: use the app unscoped.")
        link = await self._scope.parts.links.read(token)
        question = await self._scope.store.question(link.question)
        if question is None:
            raise TokenRefused("the link is to a question that is gone")

        async def answer(value: Json) -> None:
            await self.answer(link.question, value, by=link.person)

        return LinkedQuestion(link, question, self._scope, self, answer)


def _standing(question: Question | None) -> str:
    """Return where a question stands; that its time is over is written down later, by who drives its run."""
    if question is None:
        return "gone"
    return QuestionState.EXPIRED if question.state is QuestionState.OPEN else question.state


def _check_answer(question: Question, value: Json) -> None:
    """Raise InvalidValue unless an answer fits the question's schema."""
    if question.ask.schema is None:
        return
    if (wrong := mismatch(value, question.ask.schema)) is not None:
        raise InvalidValue(f"the answer does not fit question {question.id}: {wrong}")
