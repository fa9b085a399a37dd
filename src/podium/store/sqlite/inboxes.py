"""Inboxes in a transaction on SQLite: signals, questions and answers."""

from collections.abc import Collection, Mapping, Sequence

from podium.model.question import QuestionState
from podium.store.journaling.assigning import RemarkRow
from podium.store.journaling.transaction import AnswerRow, AskedQuestion, QuestionRow, SignalRow
from podium.store.operations import Delivery
from podium.store.sqlite.events import SqliteEvents
from podium.store.sqlite.ownership import delivery_of
from podium.store.sqlite.sql import statement
from podium.store.tables.inbox import absences_in, open_in


class SqliteInboxes(SqliteEvents):
    """The statements about inboxes of a write transaction."""

    __slots__ = ()

    def insert_signals(self, rows: Sequence[SignalRow]) -> Sequence[bool]:
        """Put signals into inboxes, in this order; returns for each whether it is new."""
        return [self._do("signal_insert", *row) == 1 for row in rows]

    def wake(self, runs: Sequence[int]) -> None:
        """Count each run's wake counter up; one that is parked becomes ready."""
        self._do_all("run_wake", [(run,) for run in runs])

    def deliveries(self, runs: Collection[int]) -> Sequence[Delivery]:
        """Return the wake counters of runs, and their signals that were not taken, the oldest first."""
        return [delivery_of(self._connection, run) for run in runs]

    def take_signal(self, run: int, id: str) -> None:
        """Mark a signal as consumed."""
        self._do("signal_take", run, id)

    def drop_signal(self, run: int, id: str) -> None:
        """Delete a signal."""
        self._do("signal_drop", run, id)

    def insert_question(self, row: QuestionRow) -> None:
        """Put an open question into the inbox; one that is there stays."""
        self._do("question_insert", *row)

    def close_question(self, id: str, state: QuestionState) -> bool:
        """Move a question out of `open`; False where it is not open."""
        return self._do("question_close", state, id) == 1

    def withdraw_questions(self, run: int) -> None:
        """Withdraw the open questions of a run."""
        shown = self._connection.execute(statement("budget_questions_shown_of_run"), (run,)).fetchall()
        withdrawn = self._connection.execute(statement("questions_withdraw_run"), (run,)).fetchall()
        self._left.withdrawn.extend((run, question) for (question,) in withdrawn)
        self._left.shown.extend(each for (lead,) in shown if (each := self.show_next(lead)) is not None)

    def question(self, id: str) -> AskedQuestion | None:
        """Return a question."""
        row = self._one("question_get", id)
        return None if row is None else AskedQuestion(row[1], row[8], row[10], QuestionState(row[12]))

    # Questions about budgets

    def insert_budget_question(self, id: str, run: int, budget: str, lead: str) -> None:
        """Note that a question of a run is about a budget."""
        self._do("budget_question_insert", id, run, budget, lead)

    def shown_question(self, budget: str, to: str, at: float) -> str | None:
        """Return the oldest question about a budget that these people are shown."""
        row = self._one("budget_question_shown", budget, to, at)
        return None if row is None else row[0]

    def lead_of(self, question: str) -> str | None:
        """Return the lead of a question about a budget."""
        row = self._one("budget_question_lead", question)
        return None if row is None else row[0]

    def questions_behind(self, lead: str) -> Sequence[str]:
        """Return the open questions behind a lead, oldest first."""
        return [row[0] for row in self._connection.execute(statement("budget_questions_behind"), (lead,))]

    def show_next(self, lead: str) -> str | None:
        """Have the oldest open question behind a lead shown in its place; returns it."""
        if not (behind := self.questions_behind(lead)):
            return None
        self._do("budget_question_show", lead, behind[0])
        return behind[0]

    def take_raise(self, question: str) -> bool:
        """Say that the answer to a question's lead raises its budget now."""
        return self.lead_of(question) is None or self._do("budget_question_raise", question) == 1

    def answers(self, question: str) -> Sequence[AnswerRow]:
        """Return the answers to a question, oldest first."""
        return [AnswerRow(*row) for row in self._connection.execute(statement("answers_list"), (question,))]

    def add_answer(self, question: str, answer: AnswerRow) -> Sequence[AnswerRow] | None:
        """Add a person's answer; returns all there are, oldest first, or None where this name has answered."""
        return self.answers(question) if self._do("answer_insert", question, *answer) else None

    # Who is to answer

    def open_questions(self, tenant: str) -> Mapping[str, int]:
        """Return how many open questions of a tenant were given to whom, by their names as they are compared."""
        return open_in(self._statements, tenant)

    def away(self, tenant: str, at: float) -> Mapping[str, float]:
        """Return who of a tenant is away at a time, and until when."""
        return absences_in(self._statements, tenant, at)

    def assign_question(self, id: str, assignee: str, assignee_folded: str) -> None:
        """Give an open question to somebody."""
        self._do("question_assign", assignee, assignee_folded, id)

    def insert_remark(self, row: RemarkRow) -> bool:
        """Keep a remark on a question; False where there is one of this id."""
        return self._do("remark_insert", *row) == 1
