"""What waits for people."""

from collections.abc import Sequence
from typing import Unpack

from podium.engine.run.held_turns import HeldTurns
from podium.errors import UnknownQuestion
from podium.facade.filters import Filters, check_filters
from podium.facade.sight import Sight
from podium.model.conversation_state import ConversationMessage
from podium.model.cost import Cost
from podium.model.expected import COUNT, one_of, or_none
from podium.model.inbox_book import Remark
from podium.model.question import Question, QuestionState
from podium.model.question_kinds import QuestionKind
from podium.reports.question_context import InboxContext, diff_of, former_draft, trail_of
from podium.reports.sifting import sifted
from podium.store.protocol import CostQuery, Page, QuestionQuery


class QuestionFilters(Filters, total=False):
    """Which questions to list; their time is when they were asked."""

    to: str | None
    assignee: str | None
    """To whom they were given."""
    run: str | None
    prefix: str | None
    """How their ids begin."""


_STATE = or_none(one_of(tuple(QuestionState)))
_KIND = or_none(one_of(tuple(QuestionKind)))
_EARLIER = 1_000
"""So many questions of a run are looked through for a former draft."""


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

    async def discussion(self, question_id: str) -> Sequence[Remark]:
        """Return what people said of a question, and to whom it was given and why, the oldest first.

        Raises UnknownQuestion.
        """
        await self.get(question_id)
        return await self._sight.store.inbox.remarks(question_id)

    async def context(self, question_id: str, *, last: int = 20) -> InboxContext:
        """Return what people need to know to answer a question; `last` messages of its conversation.

        Raises UnknownQuestion.
        """
        said = await self.said_before(question_id, last=last)
        question, store = await self.get(question_id), self._sight.store
        run = await store.run(question.run)
        if run is None:  # it was pruned meanwhile, and its questions with it
            raise UnknownQuestion(f"question {question_id} is gone, with the run that asked it.")
        trail = trail_of(question, await store.facts(question.run))
        earlier = await store.questions(QuestionQuery(state=None, run=question.run, limit=_EARLIER))
        former = former_draft(question, earlier)
        return InboxContext(
            question=question, run=run, done=trail.done, left_out=trail.left_out, cost=await self._cost(question.run),
            former=former, diff=diff_of(former, question.ask.subject), reminders=trail.reminders, said_before=said,
            discussion=await store.inbox.remarks(question_id), answers=trail.answers,
        )  # fmt: skip

    async def _cost(self, run: str) -> Cost | None:
        found = await self._sight.store.costs(CostQuery(by="run", run=run, limit=1))
        return next(iter(found), None)

    async def list(
        self, *, state: QuestionState | None = QuestionState.OPEN, kind: QuestionKind | None = None,
        **filters: Unpack[QuestionFilters],
    ) -> Page[Question]:  # fmt: skip
        """Return questions, oldest first: the open ones, those in another state, or with None all; or of one kind."""
        given = {"state": state, "kind": kind, **filters}
        check_filters("inbox.list", given, QuestionFilters, state=_STATE, kind=_KIND)
        query = QuestionQuery(state=state, **filters)
        if kind is None:
            return await self._sight.questions(query)

        async def fitting(question: Question) -> Question | None:
            return question if question.kind == kind else None

        return await sifted(self._sight.questions, query, fitting)
