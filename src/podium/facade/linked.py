"""What whoever has a one-time link sees of its question, and how they answer it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from podium.errors import TokenRefused
from podium.facade.questions import Questions
from podium.facade.sight import Sight
from podium.model.conversation_state import ConversationMessage
from podium.model.fact import Fact
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.json import Json
from podium.model.link import QuestionLink
from podium.model.person import is_same
from podium.model.question import PersonAnswer, Question
from podium.model.run import Run
from podium.reports.calls.tree import CallTree, tree_of


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionContext:
    """What a person may want to know before they answer."""

    run: Run
    """Which run asks."""
    tree: CallTree
    """What it has done so far, and what that came to."""
    earlier: Json
    """What people were shown when the run last asked the same: the draft before this one; None where it did not."""
    said_before: Sequence[ConversationMessage]
    """What was said last in its conversation."""
    answers: Sequence[PersonAnswer]
    """What people answered, once the run has taken it in."""


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """A question as the holder of a link may see and answer it. Made by `app.inbox.linked`."""

    link: QuestionLink
    question: Question
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

    async def context(self) -> QuestionContext:
        """Return what there is to know beside the question; raises UnknownRun where its run is gone."""
        run = await self._sight.run(self.question.run)
        facts = await self._sight.store.facts(run.id)
        return QuestionContext(
            run=run, tree=tree_of(facts), earlier=_earlier(facts, self.question),
            said_before=await self._questions.said_before(self.question.id), answers=_answers(facts, self.question.id),
        )  # fmt: skip

    async def answer(self, value: Json) -> None:
        """Answer, in the name of whom the link is for; raises TokenRefused once its time is over.

        Else raises what `app.inbox.answer` does.
        """
        if self.expired:
            raise TokenRefused("the time of the link is over")
        await self._answer(value)


def _earlier(facts: Sequence[Fact], question: Question) -> Json:
    """Return the subject of the last question before this one that asks in the same words; None if there is none."""
    found: Json = None
    for fact in facts:
        if not isinstance(said := fact.content, QuestionAsked):
            continue
        if said.question == question.id:
            break
        if (said.text, said.kind) == (question.ask.text, question.ask.kind) and fact.payload is not None:
            found = fact.value()["subject"]
    return found


def _answers(facts: Sequence[Fact], question: str) -> Sequence[PersonAnswer]:
    for fact in facts:
        if isinstance(said := fact.content, QuestionAnswered) and said.question == question:
            return tuple(said.answers)
    return ()
