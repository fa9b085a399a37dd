"""What waits for people."""

from typing import Unpack

from podium.facade.filters import Filters, check_filters
from podium.facade.sight import Sight
from podium.model.expected import one_of, or_none
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

    async def list(
        self, *, state: QuestionState | None = QuestionState.OPEN, **filters: Unpack[QuestionFilters]
    ) -> Page[Question]:
        """Return questions, oldest first: the open ones, those in another state, or with None all."""
        check_filters("inbox.list", {"state": state, **filters}, QuestionFilters, state=_STATE)
        return await self._sight.questions(QuestionQuery(state=state, **filters))
