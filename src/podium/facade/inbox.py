"""`app.inbox`: what waits for people, and answering it."""

from podium.agents.jsonable import json_copy
from podium.agents.schema import mismatch
from podium.errors import AlreadyAnswered, InvalidValue, NotAllowed
from podium.facade.questions import Questions
from podium.facade.scope import Scope
from podium.model.json import Json
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
