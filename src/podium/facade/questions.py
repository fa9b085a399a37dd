"""What waits for people."""

from collections.abc import Sequence
from typing import Unpack

from podium.engine.run.held_turns import HeldTurns
from podium.facade.filters import Filters, check_filters
from podium.facade.sight import Sight
from podium.model.conversation_state import ConversationMessage
from podium.model.expected import COUNT, one_of, or_none
from podium.model.question import Question, QuestionState
from podium.store.protocol import Page, QuestionQuery


class QuestionFilters(Filters, total=False):
    """Which questions to list; their time is when they were asked."""

    to: str | None
    run: str | None
    prefix: str | None
    """How their ids begin."""


_STATE = or_none(one_of(tuple(QuestionState)))


class Questions:
    """Looks at what waits for people."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def get(self, question_id: str) -> Question:
        """Return a question; raises UnknownQuestion."""
        return await self._sight.question(question_id)

    async def said_before(self, question_id: str, *, last: int = 20) -> Sequence[ConversationMessage]:
        """Return what was said last in the conversation in which a question is asked, the oldest first.

        None where it is asked in no conversation, or that was deleted. Raises UnknownQuestion.
        """
        COUNT.check("last of what was said before", last)
        question, store = await self.get(question_id), self._sight.store
        turns = HeldTurns()
        turns.read(await store.facts(question.run))
        turn = turns.innermost(question.key)
        if turn is None:
            return []
        first = max(turn.revision - last, 0)
        said = await store.messages(question.tenant, turn.name, first=first, n=turn.n)
        return [each for each in said if each.at <= question.asked_at][-last:]

    async def list(
        self, *, state: QuestionState | None = QuestionState.OPEN, **filters: Unpack[QuestionFilters]
    ) -> Page[Question]:
        """Return questions, oldest first: the open ones, those in another state, or with None all."""
        check_filters("inbox.list", {"state": state, **filters}, QuestionFilters, state=_STATE)
        return await self._sight.questions(QuestionQuery(state=state, **filters))
