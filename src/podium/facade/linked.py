"""What whoever has a one-time link sees of its question, and how they answer it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import tzinfo

from podium.errors import TokenRefused
from podium.facade.questions import Questions
from podium.facade.sight import Sight
from podium.model.json import Json
from podium.model.link import QuestionLink
from podium.model.person import is_same
from podium.model.question import Question
from podium.reports.question_context import InboxContext


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """A question as the holder of a link may see and answer it. Made by `app.inbox.linked`."""

    link: QuestionLink
    question: Question
    zone: tzinfo
    """In which the person is told times: theirs, or that of the settings."""
    _sight: Sight
    _questions: Questions
    _answer: Callable[[Json], Awaitable[None]]

    @property
    def now(self) -> float:
        """The time, by the clock of the app."""
        return self._sight.clock.now()

    @property
    def expired(self) -> bool:
        """Whether the time of the link is over."""
        return self.now >= self.link.expires

    @property
    def has_answered(self) -> bool:
        """Whether the person whom the link is for has answered."""
        return any(is_same(self.link.person, each) for each in self.question.answered_by)

    async def context(self) -> InboxContext:
        """Return what there is to know to answer it; raises UnknownQuestion where its run is gone."""
        return await self._questions.context(self.question.id)

    async def answer(self, value: Json) -> None:
        """Answer, in the name of whom the link is for; raises TokenRefused once its time is over.

        Else raises what `app.inbox.answer` does.
        """
        if self.expired:
            raise TokenRefused("the time of the link is over")
        await self._answer(value)
