"""What the engine asks of a store. Each implementation is a folder of its own; `podium.testing` has the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from podium.model.audit import Ledger
from podium.model.budget import BudgetState
from podium.model.cache import AnswerCache
from podium.model.cost import Cost, Dimension
from podium.model.delegation import DelegationBook
from podium.model.fact import Fact
from podium.model.memory import MemoryStore
from podium.model.question import Question, QuestionState
from podium.model.run import Run, RunState, Signal
from podium.model.track_record import TrackRecord
from podium.model.trust import Evidence
from podium.store.operations import Committed, Operation, Placed


@dataclass(slots=True)
class Claimed:
    """A run that this worker now owns, with all it needs to be driven."""

    n: int
    run: Run
    wake: int
    facts: list[Fact]
    signals: list[Signal]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs to list."""

    workflow: str | None = None
    state: RunState | None = None
    parent: str | None = None
    tag: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadQuery:
    """Which runs to list of those that failed or are quarantined."""

    workflow: str | None = None
    tenant: str | None = None
    since: float | None = None
    """Not those whose last word is older."""
    before: int | None = None
    """Only runs of a lower number."""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run that failed or is quarantined, and the last thing that was said of it: how it ended, or a notice."""

    n: int
    run: Run
    last: Fact


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Where the journal of a run does not hold together."""

    run: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class RunFact:
    """A fact that was looked for over all runs, and whose it is."""

    run: str
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LostWorker:
    """A worker that was declared dead."""

    id: str
    host: str
    pid: int
    beat: float
    """When it was heard of for the last time."""


RECENT_FACTS = 20_000
"""So many facts, the last ones of the newest runs, are looked at to learn how agents did."""


class WorkerRegistry(Protocol):
    """The workers of a store. Its methods may be called from the beat thread, and may wait."""

    def join(self, worker: str, now: float) -> None:
        """Enter a worker."""
        ...

    def beat(self, worker: str, now: float) -> bool:
        """Say that a worker lives; False where it was fenced."""
        ...

    def reap(self, worker: str, before: float) -> list[Placed]:
        """Fence workers whose beat is older than `before` or whose process is gone, then hand their runs back.

        Each run that a process had in memory when it died gets a strike, or its first if it had come further since its
        last; those of a process that was only late get none.
        """
        ...

    def leave(self, worker: str) -> list[Placed]:
        """Fence a worker, and hand its runs back."""
        ...

    def is_fenced(self, worker: str) -> bool:
        """Whether a worker left, was reaped, or was never entered."""
        ...

    def lost(self, since: float) -> list[LostWorker]:
        """Return the workers that were reaped, and were still heard of at that time or later; not those that left."""
        ...


class Store(Protocol):
    """A place that remembers runs. Methods are called on the event loop unless they say that it is in a thread."""

    @property
    def memory(self) -> MemoryStore:
        """Shared memory of agents."""
        ...

    @property
    def delegations(self) -> DelegationBook:
        """Who may act for whom."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The chain of the heads of all runs."""
        ...

    @property
    def answers(self) -> AnswerCache:
        """Answers of agents that are kept for a while."""
        ...

    @property
    def workers(self) -> WorkerRegistry:
        """Who drives runs on this store."""
        ...

    @property
    def threaded(self) -> bool:
        """Whether commits are to be made in a thread always (they wait for the disk)."""
        ...

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit all operations in one transaction, on the event loop; raises StoreBusy at once rather than wait."""
        ...

    def commit_waiting(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit all operations in one transaction, in the calling thread, which may wait for locks and disk."""
        ...

    def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs: epoch + 1, then journal, then signals. Runs that others took are left out."""
        ...

    def signals(self, n: int) -> tuple[int, list[Signal]]:
        """Return the wake counter of a run and its unconsumed signals, oldest first."""
        ...

    def hand_back(self, worker: str, numbers: Sequence[int]) -> list[Placed]:
        """Make runs ready that this worker owns, but does not drive."""
        ...

    def ready(self, workflows: Sequence[str], limit: int) -> list[Placed]:
        """Return runs that wait for a worker, most urgent first."""
        ...

    def wake_due(self, now: float) -> list[Placed]:
        """Make the parked runs ready whose time has come."""
        ...

    def next_due(self) -> float | None:
        """Return the earliest time at which a parked run wants to be woken."""
        ...

    def woken(self, worker: str) -> list[int]:
        """Return this worker's running runs that have unconsumed signals."""
        ...

    def checkpoint_due(self) -> bool:
        """Whether the log has grown enough for `checkpoint`."""
        ...

    def checkpoint(self) -> None:
        """Fold the log into the store; called in a thread."""
        ...

    def scrub(self) -> bool:
        """Leave nothing in the log of what was deleted; False where readers hold it. Called in a thread."""
        ...

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote since the last question."""
        ...

    def unblock(self, workflow: str, versions: Sequence[str] | None = None) -> list[Placed]:
        """Make the blocked runs of a workflow ready: all, or those that wait for one of these versions of it.

        The code is there now, or they will be blocked again.
        """
        ...

    def run_id(self, n: int) -> str:
        """Return the id of a run by its number."""
        ...

    def run(self, run_id: str) -> Run | None:
        """Return a run."""
        ...

    def runs(self, query: RunQuery) -> list[Run]:
        """Return runs, newest first."""
        ...

    def facts(self, run_id: str, *, after: int = -1) -> list[Fact]:
        """Return the facts of a run after a sequence number."""
        ...

    def dead(self, query: DeadQuery) -> list[DeadRun]:
        """Return runs that failed or are quarantined, newest first; quick however many others there are."""
        ...

    def failed_since(self, at: float) -> list[tuple[str, float]]:
        """Return workflow and end of the runs that failed since a time; called in a thread."""
        ...

    def facts_of(self, n: int, key: str) -> list[Fact]:
        """Return the facts of a run, by its number, about one key."""
        ...

    def records(self, agents: Sequence[str] = (), *, recent: int = RECENT_FACTS) -> list[TrackRecord]:
        """Fold the last facts into a record for each agent and version, by name; called in a thread.

        Of the agents named, or of all that were asked. Facts that a fork copied do not count again.
        """
        ...

    def failures(self, agent: str, version: str, *, limit: int = 10, recent: int = RECENT_FACTS) -> list[RunFact]:
        """Return, of the last facts, how attempts of an agent failed, newest first; called in a thread."""
        ...

    def notices(self, guards: Sequence[str], *, recent: int = RECENT_FACTS) -> list[RunFact]:
        """Return, of the last facts, what these guards said last of each agent and version; called in a thread."""
        ...

    def evidence(self, *, recent: int = RECENT_FACTS) -> list[Evidence]:
        """Fold the last facts into what became of each agent's calls, by the hour; called in a thread."""
        ...

    def questions(self, *, state: QuestionState | None, to: str | None, run: str | None) -> list[Question]:
        """Return questions, oldest first."""
        ...

    def question(self, question_id: str) -> Question | None:
        """Return a question."""
        ...

    def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim an ended, blocked, parked or ready run for an operator's change; None while it is driven."""
        ...

    def costs(
        self, by: Dimension, *, run: str | None = None, since: float | None = None, until: float | None = None
    ) -> list[Cost]:
        """Add up what was spent in a time, of all runs or of one with all it started; called in a thread."""
        ...

    def budgets(self, prefix: str = "") -> list[BudgetState]:
        """Return the budgets whose ids begin so, by id."""
        ...

    def verify(self, run_id: str) -> list[ChainFault]:
        """Recompute a run's hash chain and return what does not fit."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
