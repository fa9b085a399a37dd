"""The events of a commit: what of what it changes is noteworthy, in the order in which it was done."""

from collections.abc import Sequence
from typing import Protocol

from podium.model.event_types import EventType
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.question import QuestionState
from podium.store.codec import encode
from podium.store.inserting import NewFact
from podium.store.operations import BeginGeneration, Block, Close, FinishRun, Park, Release

EventRow = tuple[float | None, EventType, int | None, str | None, str]
"""When, what, of which run, of which question, and the content as JSON.

Without a time it is that of the store; an event of a question is of the run that asks it.
"""


class QuestionsLeft:
    """What became of questions as runs ended."""

    __slots__ = ("shown", "withdrawn")

    def __init__(self) -> None:
        self.withdrawn: list[tuple[int, str]] = []
        """Those that were withdrawn, each with its run."""
        self.shown: list[str] = []
        """Those about budgets that came to be shown to people in place of these; some may be withdrawn themselves."""


class EventsTransaction(Protocol):
    """What a transaction is asked about events."""

    def questions_left(self) -> QuestionsLeft:
        """Return what `withdraw_questions` did in this transaction."""
        ...

    def insert_events(self, rows: Sequence[EventRow]) -> None:
        """Append events to the book, in this order, at the positions that follow its last one.

        No position is left out, and nobody else appends before this transaction ends. What else an event says is that
        of its run, and of its question: one about a question that people are not shown (`shown_question`) is left out.
        """
        ...


class EventEntries:
    """Gathers the events of a commit, and writes them together."""

    __slots__ = ("_ends", "_opened", "_rows", "_transaction")

    def __init__(self, transaction: EventsTransaction) -> None:
        self._transaction = transaction
        self._rows: list[EventRow] = []
        self._ends = False
        """Whether a run ends, which withdraws its questions."""
        self._opened: set[str] = set()

    def of_run(self, run: int, type: EventType, at: float | None, **content: Json) -> None:
        """Note an event of a run."""
        self._rows.append((at, type, run, None, encode(content).decode() if content else "{}"))
        self._ends |= type is EventType.RUN_ENDED

    def of_close(self, run: int, close: Close, facts: Sequence[NewFact]) -> None:
        """Note what becomes of a run that is closed, or begins again, with these facts."""
        at = facts[-1].at if facts else None
        match close:
            case FinishRun():
                self.of_run(run, EventType.RUN_ENDED, close.at, state=close.state.value)
            case Block():
                self.of_run(run, EventType.RUN_BLOCKED, at, cause=close.cause.value)
            case BeginGeneration():
                self.of_run(run, EventType.RUN_RESTARTED, at, generation=close.generation)
            case Release():
                self._of_release(run, close, facts)
            case Park():
                pass

    def _of_release(self, run: int, close: Release, facts: Sequence[NewFact]) -> None:
        for fact in facts:
            if fact.kind is FactKind.REWOUND:
                self.of_run(run, EventType.RUN_REWOUND, fact.at)
            elif fact.kind is FactKind.REPINNED:
                self.of_run(run, EventType.RUN_REPINNED, fact.at, version=close.version)

    def opened(self, question: str, at: float | None) -> None:
        """Note that people are asked; of one question once in a commit."""
        if question not in self._opened:
            self._opened.add(question)
            self._of_question(question, EventType.QUESTION_OPENED, at)

    def remarked(self, question: str, by: str, at: float, *, assigned: bool) -> None:
        """Note that somebody said something of a question, or gave it to somebody."""
        self._of_question(
            question, EventType.QUESTION_ASSIGNED if assigned else EventType.QUESTION_COMMENTED, at, by=by
        )

    def answered(self, question: str, by: str, at: float) -> None:
        """Note that one person answered."""
        self._of_question(question, EventType.QUESTION_ANSWERED, at, by=by)

    def closed(self, question: str, state: QuestionState, at: float | None) -> None:
        """Note that a question takes no answers any more."""
        self._of_question(question, EventType.QUESTION_CLOSED, at, state=state.value)

    def _of_question(self, question: str, type: EventType, at: float | None, **content: Json) -> None:
        self._rows.append((at, type, None, question, encode(content).decode()))

    def insert(self) -> bool:
        """Append them to the book: late, since nobody else can append until the commit; whether there are any."""
        if self._ends:
            self._withdraw()
        if self._rows:
            self._transaction.insert_events(self._rows)
        return bool(self._rows)

    def _withdraw(self) -> None:
        """Have the questions that runs leave closed before these have ended, and others shown in their place."""
        left = self._transaction.questions_left()
        if not left.withdrawn:
            return
        gone, rows = {question for _, question in left.withdrawn}, self._rows
        shown = set(left.shown)
        at: float | None = None
        self._rows = []
        for row in rows:
            if row[1] is EventType.RUN_ENDED:
                at = row[0]
                for run, question in sorted(left.withdrawn):
                    if run == row[2] and question not in shown:  # one that was shown on the way nobody saw
                        self.closed(question, QuestionState.WITHDRAWN, at)
            self._rows.append(row)
        for question in sorted(shown - gone):
            self.opened(question, at)
