"""What a store can be asked to commit, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from podium.model.audit import Pruning
from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState
from podium.model.empty import empty
from podium.model.json import Json
from podium.model.run import DEFAULT_QUEUE, BlockedReason, RunState, Signal
from podium.store.asking import Expire, KeepRemark, OpenQuestion, Reply, WithdrawQuestion
from podium.store.conversation_changes import ConversationChange
from podium.store.conversing import TurnEffect
from podium.store.corrections import CorrectBudgets
from podium.store.inserting import NewFact, NewRun
from podium.store.keeping import KeepAnswer, KeepEvents

ESCROW_ROOM = 8
"""An escrow is at most this part of what a budget has left: near its limit nothing is set aside that nobody spends."""


@dataclass(frozen=True, slots=True)
class Spawn:
    """Insert a child run; nothing happens where it exists."""

    run: NewRun


@dataclass(frozen=True, slots=True)
class TakeSignal:
    """The fact of this write consumed the signal."""

    id: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Put a signal into another run's inbox."""

    run: str
    signal: Signal


@dataclass(frozen=True, slots=True)
class Settle:
    """It is known what came of a reservation; nothing happens where it was settled before."""

    id: str
    spent: Amount | None
    """None is all that was set aside."""
    in_doubt: bool = False
    """Nobody knows whether any of it was spent."""
    doubt: int = 0
    """So many of the dollars spent, in billionths, nobody told, where it is not all of them."""


@dataclass(frozen=True, slots=True)
class RaiseBudget:
    """A person raised the limits of a budget by so much."""

    id: str
    by: Amount
    question: str | None = None
    """The question in whose answer they said so: it raises the budget once, whoever says it of those that share it."""


@dataclass(frozen=True, slots=True)
class OpenBudget:
    """A budget has these limits from now on."""

    id: str
    limits: BudgetLimits


@dataclass(slots=True, kw_only=True)
class Draw:
    """Set an amount aside that an escrow of the run covers: there is room for it, whatever others took meanwhile.

    It is taken from what the budgets have left, as ever; from the escrow where one has less left than `ESCROW_ROOM`
    times as much, or somebody else wants it.
    """

    id: str
    escrow: str
    lines: Sequence[BudgetLine]
    amount: Amount
    spent: Amount | None = None
    """What it came to, if that is known before it is committed: then it is spent at once, and nothing set aside."""


@dataclass(frozen=True, slots=True)
class StopWaiting:
    """What wanted to set something aside under this id waits for room no more."""

    id: str


Effect = (
    OpenQuestion | WithdrawQuestion | Spawn | TakeSignal | Tell | Settle | Draw | RaiseBudget | StopWaiting | TurnEffect
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Park:
    """Take the run out of memory until it is woken, unless it was woken meanwhile."""

    wake: int
    """The wake counter that was seen when quiet was decided."""
    wake_at: float | None


@dataclass(frozen=True, slots=True)
class FinishRun:
    """The run ended; its parent is told."""

    state: RunState
    reason: str
    at: float
    outcome: Json
    """What the parent's signal carries."""


@dataclass(frozen=True, slots=True)
class Block:
    """The run cannot go on with this code; or, where it is quarantined, is not to, whatever code there is."""

    reason: str
    """In words."""
    cause: BlockedReason = BlockedReason.CODE


@dataclass(frozen=True, slots=True)
class Release:
    """An operator is done with the run: it stands in this state from now on."""

    state: RunState
    reason: str
    version: str
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class BeginGeneration:
    """The run begins again with another input; the worker keeps it, and is handed what came for it."""

    generation: int
    version: str
    """That of its workflow from now on."""
    facts: int = 1
    """How many facts of this write, the last ones, belong to what begins: the first of them says so."""


Leave = Park | FinishRun | Block | Release
Close = Leave | BeginGeneration


@dataclass(slots=True)
class Write:
    """Everything that one run wants to commit in one loop turn."""

    run: int
    epoch: int
    facts: list[NewFact] = field(default_factory=empty(list[NewFact]))
    effects: list[Effect] = field(default_factory=empty(list[Effect]))
    close: Close | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Insert a run; with `drive`, owned at once by the worker that commits."""

    run: NewRun
    drive: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Put a signal into a run's inbox from outside."""

    run: str
    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Set an amount aside in all of these budgets, or in none, and record the fact; SCARCE where one has no room.

    DUPLICATE for the share of a child run, `share:ID`, that is set aside already.
    """

    run: int
    epoch: int
    id: str
    lines: Sequence[BudgetLine]
    amount: Amount
    fact: NewFact
    escrow: bool = False
    """To cover what the run draws later. SCARCE unless each budget has room for `ESCROW_ROOM` times as much."""
    behind: Sequence[str] = ()
    """What those have set aside inside whose calls it is wanted: it comes back only after this has its answer."""
    waits: bool = False
    """Whether it is tried again, where there may be room once what is in flight is settled (`Committed.waiting`).

    Until it is, or `StopWaiting` says that it is not, nobody waits for what it is behind, nor for the share of its run.
    """
    opens: OpenBudget | None = None
    """The budget that is carved out with it: it has these limits once this is set aside, in the same commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redact:
    """Delete what the facts of an ended run carry, and record the fact that says so, under a new epoch.

    Its signals, and what its questions said and were answered, are deleted too, the contents of what it said in
    conversations, and large payloads that nobody else refers to. STALE where the run has not ended, or somebody changed
    it since `epoch`; BUSY where it said something in a conversation in which somebody has a turn now.
    """

    run: str
    epoch: int
    left: Sequence[tuple[int, bytes]]
    """What is to be left of the body of each fact that is redacted, by its place."""
    reason: str
    """What is left of the reason of its end."""
    fact: NewFact


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete a run that has ended with all that it started, and with all that is kept of them but their last hashes.

    STALE where one of them has not ended, or somebody changed it since.
    """

    family: Sequence[tuple[int, Pruning]]
    """Each with the epoch in which it was seen."""


@dataclass(frozen=True, slots=True)
class FetchSignals:
    """Hand over what came for a run that this worker drives, as of this commit; STALE where it does not drive it."""

    run: int
    epoch: int


@dataclass(frozen=True, slots=True)
class HandBack:
    """Make a run ready that this worker owns and does not drive; STALE where it does not own it."""

    run: int


@dataclass(frozen=True, slots=True)
class Unblock:
    """Make the blocked runs of a workflow ready: the code is there now, or they will be blocked again."""

    workflow: str


Operation = (
    Write | Start | Send | Reply | KeepRemark | Expire | Reserve | Redact | Prune | KeepAnswer | KeepEvents
    | FetchSignals | HandBack | Unblock | ConversationChange | CorrectBudgets
)  # fmt: skip


class CommitVerdict(Enum):
    """What became of an operation."""

    OK = "ok"
    STALE = "stale"
    """Somebody else drives the run now: drop it silently."""
    AWAKE = "awake"
    """Not parked: the run was woken meanwhile."""
    DUPLICATE = "duplicate"
    ENDED = "ended"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    """The question is no longer open."""
    SCARCE = "scarce"
    """A budget has no room for it."""
    BUSY = "busy"
    """Somebody has, or waits for, a turn in the conversation, or in one where messages of the run stand."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A run that is ready to be driven."""

    n: int
    priority: int
    crash_count: int = 0
    queue: str = DEFAULT_QUEUE
    epoch: int = 0
    """That in which it waits: a run is ready once in an epoch, since whoever claims it begins the next one."""
    tenant: str = ""
    id: str = ""
    sticky: bool = False
    """Whether it may be meant for another worker first: then a look at the store tells whose turn it is."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came for a run that is driven, as of one moment."""

    run: int
    wake: int
    """How often the run had been woken by then."""
    signals: Sequence[Signal]
    """What nobody had taken by then, the oldest first."""


@dataclass(slots=True)
class Committed:
    """The result of a group commit."""

    verdicts: list[CommitVerdict]
    started: dict[str, int] = field(default_factory=empty(dict[str, int]))
    """The store's numbers of the runs that were inserted, or already there, by id asked for."""
    known: dict[str, str] = field(default_factory=empty(dict[str, str]))
    """The ids of the runs that were already there, by id asked for."""
    placed: list[Placed] = field(default_factory=empty(list[Placed]))
    """Runs that became ready by this commit."""
    deliveries: dict[int, Delivery] = field(default_factory=empty(dict[int, Delivery]))
    """What came for runs that this worker drives, by run: for those that this commit woke or could not park, and
    those whose signals were to be fetched."""
    scarce: dict[str, BudgetState] = field(default_factory=empty(dict[str, BudgetState]))
    """The budget that had no room, by the id of what was to be reserved."""
    recallable: set[str] = field(default_factory=empty(set[str]))
    """What would have had room in that budget but for escrows, by id: to be tried again once they are given back."""
    coming: dict[str, Amount] = field(default_factory=empty(dict[str, Amount]))
    """What of that budget is in flight, and may come back, by the id of what was to be reserved."""
    waiting: set[str] = field(default_factory=empty(set[str]))
    """What may have room there once what is in flight is settled, by id, of what `waits`."""
    drawn_on: set[str] = field(default_factory=empty(set[str]))
    """The escrows that something was taken out of."""
    deleted: bool = False
    """Whether something was redacted, or deleted."""
    noteworthy: bool = False
    """Whether there are new events."""

    def join(self, later: "Committed") -> None:
        """Take in the result of a commit that followed, but for its verdicts."""
        self.started |= later.started
        self.known |= later.known
        self.placed += later.placed
        self.deliveries |= later.deliveries
        self.scarce |= later.scarce
        self.recallable |= later.recallable
        self.coming |= later.coming
        self.waiting |= later.waiting
        self.drawn_on |= later.drawn_on
        self.deleted |= later.deleted
        self.noteworthy |= later.noteworthy
