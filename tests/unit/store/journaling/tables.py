"""What a backend of dicts keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from podium.model.audit import Pruning
from podium.model.question import QuestionState
from podium.model.run import BlockedReason, RunState
from podium.store.inserting import NewRun
from podium.store.journaling.assigning import RemarkRow
from podium.store.journaling.chain import GENESIS
from podium.store.journaling.conversations import ConversationRow, MessageRow, TurnRow
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.transaction import (
    Amounts,
    AnswerRow,
    EntryRow,
    Limits,
    QuestionRow,
    ReservationRow,
    SignalRow,
)
from podium.store.keeping import KeepAnswer
from podium.store.operations import Placed


@dataclass
class RunRow:
    """A run."""

    n: int
    run: NewRun
    state: RunState
    epoch: int
    owner: str | None
    version: str
    wake: int = 0
    wake_at: float | None = None
    crash_count: int = 0
    reason: str = ""
    ended_at: float | None = None
    blocked: BlockedReason | None = None
    head: tuple[int, bytes] = (0, GENESIS)

    generation: int = 1
    since: int = 0

    @property
    def placed(self) -> Placed:
        run = self.run
        sticky = run.affinity is not None
        return Placed(self.n, run.priority, self.crash_count, run.queue, self.epoch, run.tenant, run.id, sticky)

    @property
    def standing(self) -> RunStanding:
        run = self.run
        return RunStanding(
            self.n, self.state, self.epoch, self.owner, run.priority, self.crash_count, run.queue, run.parent,
            run.tenant, run.id, run.affinity is not None,
        )  # fmt: skip


@dataclass
class FactData:
    """A fact."""

    kind: int
    key: str
    at: float
    epoch: int
    hash: bytes
    digest: bytes | None
    salt: bytes | None
    body: bytes | None
    payload: bytes | None
    blob: bytes | None


@dataclass
class BudgetData:
    """A budget."""

    limits: Limits
    reserved: Amounts = (0, 0, 0)
    spent: Amounts = (0, 0, 0)
    wanted: Amounts = (0, 0, 0)
    in_doubt: int = 0


@dataclass
class QuestionData:
    """A question, and who answered it what."""

    row: QuestionRow
    state: QuestionState = QuestionState.OPEN
    answers: dict[str, AnswerRow] = field(default_factory=dict[str, AnswerRow])
    remarks: list[RemarkRow] = field(default_factory=list[RemarkRow])


@dataclass
class SharedQuestion:
    """A question about a budget."""

    run: int
    budget: str
    lead: str
    raised: bool = False


@dataclass
class ConversationData:
    """A conversation, and what was said in it."""

    row: ConversationRow
    created_at: float
    changed_at: float
    forked: tuple[str, int] | None = None
    messages: list[MessageRow] = field(default_factory=list[MessageRow])


@dataclass
class Tables:
    """All there is."""

    fenced: set[str] = field(default_factory=set[str])
    workers: set[str] = field(default_factory=set[str])
    runs: dict[int, RunRow] = field(default_factory=dict[int, RunRow])
    facts: dict[int, FactData] = field(default_factory=dict[int, FactData])
    blobs: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    signals: dict[int, dict[str, SignalRow]] = field(default_factory=dict[int, dict[str, SignalRow]])
    taken: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    questions: dict[str, QuestionData] = field(default_factory=dict[str, QuestionData])
    budgets: dict[str, BudgetData] = field(default_factory=dict[str, BudgetData])
    reservations: dict[str, ReservationRow] = field(default_factory=dict[str, ReservationRow])
    budget_questions: dict[str, SharedQuestion] = field(default_factory=dict[str, SharedQuestion])
    waits: dict[str, tuple[int, int, Sequence[str]]] = field(default_factory=dict[str, tuple[int, int, Sequence[str]]])
    ledger: list[EntryRow] = field(default_factory=list[EntryRow])
    kept: dict[tuple[str, str, str, str], KeepAnswer] = field(
        default_factory=dict[tuple[str, str, str, str], KeepAnswer]
    )
    book: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    """Events of the system, as rows."""
    events: dict[tuple[str, int], tuple[int, bytes]] = field(default_factory=dict[tuple[str, int], tuple[int, bytes]])
    """Transient events by run and number: epoch and text."""
    event_heads: dict[str, tuple[int, int, float]] = field(default_factory=dict[str, tuple[int, int, float]])
    pruned: dict[int, Pruning] = field(default_factory=dict[int, Pruning])
    conversations: dict[int, ConversationData] = field(default_factory=dict[int, ConversationData])
    begun: int = 0
    """How many conversations there were."""
    turns: dict[int, TurnRow] = field(default_factory=dict[int, TurnRow])
    tickets: int = 0
    """How many turns there were."""
