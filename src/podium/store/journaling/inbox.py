"""The inbox: signals that wake runs, and questions to people with their answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from podium import lazy
from podium.model.entered import answer_head, remark_head, value_digest
from podium.model.json import Json, decode, encode
from podium.model.person import folded
from podium.model.principal import INSTALLATION
from podium.model.question import QuestionState
from podium.model.run import RunState, Signal
from podium.store.asking import OpenQuestion, Reply
from podium.store.journaling.assigning import RemarkRow
from podium.store.journaling.events import EventEntries
from podium.store.journaling.ledger import LedgerEntries
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import AnswerRow, QuestionRow, SignalRow, Transaction
from podium.store.operations import Committed, CommitVerdict

if TYPE_CHECKING:
    from podium.model import inbox_book, people
else:
    inbox_book, people = lazy.module("podium.model.inbox_book"), lazy.module("podium.model.people")


class InboxWriter:
    """Puts signals and questions into the inbox, and wakes the runs that they are for.

    Signals are inserted together, at the end or before somebody looks; only then is it known which had come before.
    """

    __slots__ = (
        "_entries",
        "_events",
        "_result",
        "_sent",
        "_standings",
        "_transaction",
        "_waiting",
        "_wakes",
        "_worker",
        "fetched",
    )

    def __init__(
        self, transaction: Transaction, worker: str, standings: Standings, entries: LedgerEntries, events: EventEntries,
        result: Committed,
    ) -> None:  # fmt: skip
        self._transaction = transaction
        self._entries = entries
        self._events = events
        self._worker = worker
        self._standings = standings
        self._result = result
        self.fetched: set[int] = set()
        """Runs of this worker whose deliveries are handed over once all is carried out."""
        self._sent: list[tuple[SignalRow, RunStanding, int | None]] = []
        self._waiting: set[int] = set()
        """The runs for which signals are to be inserted."""
        self._wakes: dict[int, int] = {}

    def send(self, run_id: str, signal: Signal, *, place: int | None = None) -> CommitVerdict:
        """Put a signal into an inbox and wake the run; a signal whose id is known stops here.

        Then the verdict at this place, which is OK until then, becomes DUPLICATE.
        """
        standing = self._standings.of(run_id)
        if standing is None:
            return CommitVerdict.UNKNOWN
        if standing.state.ended:
            return CommitVerdict.ENDED
        row = SignalRow(standing.n, signal.id, signal.kind, signal.name, signal.at, encode(signal.body))
        self._sent.append((row, standing, place))
        self._waiting.add(standing.n)
        return CommitVerdict.OK

    def wakes(self, run: int) -> int:
        """Return how often this transaction woke a run."""
        self.deliver_to(run)
        return self._wakes.get(run, 0)

    def deliver_to(self, run: int) -> None:
        """Insert the signals now if any is for this run, about which something is decided or changed."""
        if run in self._waiting:
            self.deliver()

    def deliver(self) -> None:
        """Insert the signals that were sent, and wake their runs."""
        if not self._sent:
            return
        sent, self._sent, self._waiting = self._sent, [], set()
        woken: list[int] = []
        for (_, standing, place), new in zip(sent, self._transaction.insert_signals([s[0] for s in sent]), strict=True):
            if new:
                woken.append(standing.n)
                self._wake(standing)
            elif place is not None:
                self._result.verdicts[place] = CommitVerdict.DUPLICATE
        self._transaction.wake(woken)

    def _wake(self, standing: RunStanding) -> None:
        self._wakes[standing.n] = self._wakes.get(standing.n, 0) + 1
        if standing.state is RunState.PARKED:
            standing.state = RunState.READY
            self._result.placed.append(standing.placed)
        elif standing.state is RunState.RUNNING and standing.owner == self._worker:
            self.fetched.add(standing.n)

    def hand_over(self) -> None:
        """Deliver what is left, and hand over what came for the runs that this worker drives."""
        self.deliver()
        if self.fetched:
            self._result.deliveries = {each.run: each for each in self._transaction.deliveries(self.fetched)}

    def take(self, run: int, signal: str) -> None:
        """A fact of the run consumed a signal."""
        self.deliver_to(run)
        self._transaction.take_signal(run, signal)

    def drop(self, run: int, signal: str) -> None:
        """A signal means nothing any more, consumed or not: the turn that it told of is over."""
        self.deliver_to(run)
        self._transaction.drop_signal(run, signal)

    def ask(self, run: int, opened: OpenQuestion) -> None:
        """Put a question into the inbox, with the answers to another one that count for it.

        One about a budget stands behind another one about it that people are shown.
        """
        question, ask = opened.question, opened.question.ask
        given = self._given(opened)
        row = QuestionRow(
            id=question.id, run=run, run_id=question.run, key=question.key, kind=ask.kind, text=ask.text,
            subject=encode(ask.subject), schema=encode(ask.schema), to=ask.to, quorum=ask.quorum,
            asked_at=question.asked_at, deadline=question.deadline, tenant=question.tenant,
            principal=question.principal, step=question.step, idempotency_key=ask.idempotency_key,
            to_folded=folded(ask.to), remind=ask.remind, assignee=None if given is None else given.name,
            assignee_folded=None if given is None else folded(given.name),
        )  # fmt: skip
        self._transaction.insert_question(row)
        if given is not None:
            remark = inbox_book.Remark(
                id=f"{question.id}/given", question=question.id, by=INSTALLATION, at=question.asked_at, text=given.why,
                assignee=given.name,
            )  # fmt: skip
            self._keep(remark, question.run)
        if opened.budget is not None:
            lead = self._transaction.shown_question(opened.budget, ask.to, question.asked_at) or question.id
            self._transaction.insert_budget_question(question.id, run, opened.budget, lead)
        self._events.opened(question.id, question.asked_at)
        earlier = () if opened.keeps is None else self._transaction.answers(opened.keeps)
        for answer in earlier:
            self._add(question.id, question.run, answer.by, answer.value, answer.at)
        if len(earlier) >= ask.quorum:
            self._answered(question.id, question.run, earlier, question.asked_at)

    def _given(self, opened: OpenQuestion) -> "people.Assignee | None":
        """Return to whom of those asked a question is given, where people are known who are asked."""
        if opened.people is None or self._transaction.question(opened.question.id) is not None:
            return None  # one that is there stays as it is
        tenant, at = opened.question.tenant, opened.question.asked_at
        transaction = self._transaction
        now = people.PeopleNow(at=at, open=transaction.open_questions(tenant), away=transaction.away(tenant, at))
        ask = opened.question.ask
        return opened.people.assign(ask.to, tenant, now, agents=ask.for_agents)

    def remark(self, remark: "inbox_book.Remark") -> CommitVerdict:
        """Keep what somebody says of a question, or give it to somebody, who is told."""
        asked, assignee = self._transaction.question(remark.question), remark.assignee
        if asked is None:
            return CommitVerdict.UNKNOWN
        if assignee is not None and asked.state is not QuestionState.OPEN:
            return CommitVerdict.CLOSED
        if not self._keep(remark, asked.run):
            return CommitVerdict.DUPLICATE
        if assignee is not None:
            self._transaction.assign_question(remark.question, assignee, folded(assignee))
        self._events.remarked(remark.question, remark.by, remark.at, assigned=assignee is not None)
        return CommitVerdict.OK

    def _keep(self, remark: "inbox_book.Remark", run: str) -> bool:
        """Keep a remark, and enter it in the ledger; False where it is there."""
        salt, text = self._entries.salts.next(), encode(remark.text)
        digest = value_digest(salt, text)
        said = remark.id, remark.question, remark.by, remark.at
        if not self._transaction.insert_remark(RemarkRow(*said, text, remark.assignee, salt, digest)):
            return False
        self._entries.enter_remark(run, remark_head(*said, remark.assignee, digest))
        return True

    def close(self, question: str, state: QuestionState, at: float | None) -> CommitVerdict:
        """Move a question out of `open`, if it still is; the oldest of those behind it is shown then."""
        if not self._transaction.close_question(question, state):
            return CommitVerdict.CLOSED
        self._events.closed(question, state, at)
        if (shown := self._transaction.show_next(question)) is not None:
            self._events.opened(shown, at)
        return CommitVerdict.OK

    def reply(self, reply: Reply) -> CommitVerdict:
        """Record one person's answer; the last one needed closes the question, with those behind it, and wakes runs."""
        answer, question = reply.answer, self._transaction.lead_of(reply.question) or reply.question
        asked = self._transaction.question(question)
        if asked is None:
            return CommitVerdict.UNKNOWN
        who = folded(answer.by)
        given = [each.value for each in self._transaction.answers(question) if folded(each.by) == who]
        if reply.again and any(_same(value, answer.value) for value in given):
            return CommitVerdict.OK
        late = asked.deadline is not None and answer.at >= asked.deadline
        if late or asked.state is not QuestionState.OPEN:
            return CommitVerdict.CLOSED
        if given:
            return CommitVerdict.DUPLICATE
        answers = self._add(question, asked.run, answer.by, encode(answer.value), answer.at)
        if answers is None:
            return CommitVerdict.DUPLICATE
        self._events.answered(question, answer.by, answer.at)
        if len(answers) >= asked.quorum:
            self._answered(question, asked.run, answers, answer.at)
            for each in self._transaction.questions_behind(question):
                self._answer_behind(each, answers, answer.at)
        return CommitVerdict.OK

    def _answer_behind(self, question: str, answers: Sequence[AnswerRow], at: float) -> None:
        """Close a question that stood behind the one that was answered, unless its own time is over."""
        asked = self._transaction.question(question)
        if asked is not None and (asked.deadline is None or at < asked.deadline):
            self._answered(question, asked.run, answers, at)

    def _add(self, question: str, run: str, by: str, value: bytes, at: float) -> Sequence[AnswerRow] | None:
        """Add an answer and enter it in the ledger; returns all there are, or None where this name has answered."""
        salt = self._entries.salts.next()
        digest = value_digest(salt, value)
        answers = self._transaction.add_answer(question, AnswerRow(by, value, at, salt, digest))
        if answers is not None:
            self._entries.enter_answer(run, answer_head(question, by, at, digest))
        return answers

    def _answered(self, question: str, run: str, answers: Sequence[AnswerRow], at: float) -> None:
        """Close a question that all have answered who were needed, and wake its run."""
        if self._transaction.close_question(question, QuestionState.ANSWERED):
            self._events.closed(question, QuestionState.ANSWERED, at)
        body = [{"by": each.by, "value": decode(each.value), "at": each.at} for each in answers]
        self.send(run, Signal(f"answer:{question}", "answer", question, body, at))


def _same(kept: bytes, value: Json) -> bool:
    """Whether an answer that is kept has this value, in whichever order its members were written."""
    texts = (orjson.dumps(orjson.loads(each), option=orjson.OPT_SORT_KEYS) for each in (kept, encode(value)))
    return next(texts) == next(texts)
