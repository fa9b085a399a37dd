"""Inboxes in a transaction on PostgreSQL: signals, questions and answers."""

from collections.abc import Collection, Mapping, Sequence

from podium.model.question import QuestionState
from podium.model.run import Signal
from podium.store.codec import decode
from podium.store.journaling.assigning import RemarkRow
from podium.store.journaling.transaction import AnswerRow, AskedQuestion, QuestionRow, SignalRow
from podium.store.operations import Delivery
from podium.store.postgres.columns import Blobs, Floats, Ints, Texts
from podium.store.postgres.money import PostgresMoney
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.inbox import absences_in, assigning, open_in


class PostgresInboxes(PostgresMoney):
    """The statements about inboxes of a write transaction."""

    __slots__ = ("told",)

    def __init__(self, statements: PostgresStatements, budgets: Collection[str]) -> None:
        super().__init__(statements, budgets)
        self.told = False
        """Whether a run was told something, which another process may drive."""

    def insert_signals(self, rows: Sequence[SignalRow]) -> Sequence[bool]:
        """Put signals into inboxes, in this order; returns for each whether it is new."""
        if not rows:
            return []
        self.told = True
        runs, ids, kinds, names, times, bodies = zip(*rows, strict=True)
        columns = Ints(runs), Texts(ids), Texts(kinds), Texts(names), Floats(times), Blobs(bodies)
        new = {(row[0], row[1]) for row in self._ask.all("signals_insert", *columns)}
        found: list[bool] = []
        for row in rows:
            found.append((row.run, row.id) in new)
            new.discard((row.run, row.id))
        return found

    def wake(self, runs: Sequence[int]) -> None:
        """Count each run's wake counter up; one that is parked becomes ready."""
        if runs:
            self.told = True
            self._ask.send("runs_wake", Ints(runs))

    def deliveries(self, runs: Collection[int]) -> Sequence[Delivery]:
        """Return the wake counters of runs, and their signals that were not taken, the oldest first."""
        return deliveries_of(self._ask, runs)

    def take_signal(self, run: int, id: str) -> None:
        """Mark a signal as consumed."""
        self._gathered.add("signals_take", [(run, id)])

    def drop_signal(self, run: int, id: str) -> None:
        """Delete a signal."""
        self._gathered.add("signals_drop", [(run, id)])

    def insert_question(self, row: QuestionRow) -> None:
        """Put an open question into the inbox; one that is there stays."""
        self._ask.send("question_insert", *row)

    def close_question(self, id: str, state: QuestionState) -> bool:
        """Move a question out of `open`; False where it is not open."""
        return self._ask.happened("question_close", state, id)

    def withdraw_questions(self, run: int) -> None:
        """Withdraw the open questions of a run."""
        self._gathered.add("questions_withdraw", [(run,)])

    def question(self, id: str) -> AskedQuestion | None:
        """Return a question."""
        row = self._ask.one("question_asked", id)
        return None if row is None else AskedQuestion(row[0], row[1], row[2], QuestionState(row[3]))

    def insert_budget_question(self, id: str, run: int, budget: str, lead: str) -> None:
        """Note that a question of a run is about a budget."""
        self._ask.send("budget_question_insert", id, run, budget, lead)

    def shown_question(self, budget: str, to: str, at: float) -> str | None:
        """Return the oldest question about a budget that these people are shown."""
        row = self._ask.one("budget_question_shown", budget, to, at)
        return None if row is None else row[0]

    def lead_of(self, question: str) -> str | None:
        """Return the lead of a question about a budget."""
        row = self._ask.one("budget_question_lead", question)
        return None if row is None else row[0]

    def questions_behind(self, lead: str) -> Sequence[str]:
        """Return the open questions behind a lead, oldest first."""
        return [row[0] for row in self._ask.named("budget_questions_behind", {"lead": lead}).fetchall()]

    def show_next(self, lead: str) -> str | None:
        """Have the oldest open question behind a lead shown in its place; returns it."""
        if not (behind := self.questions_behind(lead)):
            return None
        self._statements.named("budget_question_show", {"lead": lead, "next": behind[0]})
        return behind[0]

    def take_raise(self, question: str) -> bool:
        """Say that the answer to a question's lead raises its budget now."""
        return self.lead_of(question) is None or self._ask.happened("budget_question_raise", question)

    def answers(self, question: str) -> Sequence[AnswerRow]:
        """Return the answers to a question, oldest first."""
        return [AnswerRow(*row) for row in self._ask.all("answers_list", question)]

    def add_answer(self, question: str, answer: AnswerRow) -> Sequence[AnswerRow] | None:
        """Add a person's answer; returns all there are, oldest first, or None where this name has answered."""
        return self.answers(question) if self._ask.happened("answer_insert", question, *answer) else None

    def open_questions(self, tenant: str) -> Mapping[str, int]:
        """Return how many open questions of a tenant were given to whom, by their names as they are compared."""
        self._ask.send("lock", assigning(tenant))
        return open_in(self._ask, tenant)

    def away(self, tenant: str, at: float) -> Mapping[str, float]:
        """Return who of a tenant is away at a time, and until when."""
        return absences_in(self._ask, tenant, at)

    def assign_question(self, id: str, assignee: str, assignee_folded: str) -> None:
        """Give an open question to somebody."""
        self._ask.send("question_assign", assignee, assignee_folded, id)

    def insert_remark(self, row: RemarkRow) -> bool:
        """Keep a remark on a question; False where there is one of this id."""
        return self._ask.happened("remark_insert", *row)


def deliveries_of(statements: PostgresStatements, runs: Collection[int]) -> list[Delivery]:
    """Return what came for runs: first their wake counters, then the signals, so that a late one moves the counter."""
    numbers = sorted(runs)
    woken = statements.send("runs_wakes", Ints(numbers))
    signals = signals_of(statements, numbers)
    wakes = dict(woken.fetchall())
    return [Delivery(number, wakes[number], signals[number]) for number in numbers]


def signals_of(statements: PostgresStatements, runs: Collection[int]) -> dict[int, list[Signal]]:
    """Return the signals of runs that were not taken, the oldest first."""
    signals: dict[int, list[Signal]] = {number: [] for number in runs}
    for run, signal, kind, name, body, at in statements.all("signals_waiting", Ints(runs)):
        signals[run].append(Signal(signal, kind, name, decode(body), at))
    return signals
