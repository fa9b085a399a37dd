"""What is asked by all who look: people, reports, the monitor, whoever waits for a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from podium.model.audit import Pruning
from podium.model.budget import BudgetState
from podium.model.fact import Fact
from podium.model.question import Question
from podium.model.run import Run, RunState
from podium.store.protocol.page import Page

if TYPE_CHECKING:
    from podium.model.action import UserAction
    from podium.model.conversation_state import ConversationHit, ConversationMessage, ConversationState
    from podium.model.cost import Cost
    from podium.model.track_record import AgentReport, TrackRecord
    from podium.model.trust import Evidence
    from podium.store.protocol import found, queries
    from podium.store.protocol.workers import StoredQueue, StoredWorker

RECENT_FACTS = 20_000
"""So many facts, the last ones of the newest runs, are looked at to learn how agents did."""


class ReadStore(Protocol):
    """Looks at a store, and changes nothing. Each answer has all that was committed before it was asked for."""

    async def run(self, run_id: str) -> Run | None:
        """Return a run."""
        ...

    async def run_counts(self) -> dict[RunState, int]:
        """Return how many runs there are of each state that any has."""
        ...

    async def left(self, runs: Sequence[str]) -> list[str]:
        """Return those of these runs that have ended or are blocked."""
        ...

    async def runs(self, query: "queries.RunQuery") -> Page[Run]:
        """Return runs, newest first."""
        ...

    async def facts(self, run_id: str, *, after: int = -1, limit: int | None = None) -> list[Fact]:
        """Return the facts of a run after a sequence number, in order: all, or the first so many of them."""
        ...

    async def generation(self, run_id: str) -> list[Fact]:
        """Return the first fact of a run, and those of its present generation: all that there is to drive it."""
        ...

    async def facts_of(self, run_id: str, key: str) -> list[Fact]:
        """Return the facts of a run about one key."""
        ...

    async def journal(self, query: "queries.FactQuery") -> "Page[found.RunFact]":
        """Return facts of all runs: run by run in the order of their start, and each run's in order."""
        ...

    async def dead(self, query: "queries.DeadQuery") -> "Page[found.DeadRun]":
        """Return runs that failed or are quarantined, newest first; quick however many others there are."""
        ...

    async def actions(self, query: "queries.ActionQuery") -> "Page[UserAction]":
        """Return who asked for which change, newest first."""
        ...

    async def failed_since(self, at: float) -> list[tuple[str, float]]:
        """Return workflow and end of the runs that failed since a time."""
        ...

    async def prunable(self, query: "queries.PrunableQuery") -> "list[tuple[int, list[found.PrunableRun]]]":
        """Return runs that may be deleted, each with all that it started, in the order of their start.

        Each has a place for the `after` of the next page. A child run of a run that is there goes with that alone.
        """
        ...

    async def pruning(self, run_id: str) -> Pruning | None:
        """Return how the last run of this id was deleted, if one was."""
        ...

    async def question(self, question_id: str) -> Question | None:
        """Return a question."""
        ...

    async def questions(self, query: "queries.QuestionQuery") -> Page[Question]:
        """Return questions, oldest first."""
        ...

    async def conversation(self, tenant: str, name: str) -> "ConversationState | None":
        """Return a conversation of a tenant."""
        ...

    async def conversations(self, query: "queries.ConversationQuery") -> "Page[ConversationState]":
        """Return conversations, those first in which something was said last."""
        ...

    async def held(self, runs: Sequence[str]) -> "ConversationState | None":
        """Return a conversation in which one of these runs said something and somebody has a turn now, if any."""
        ...

    async def said(self, query: "queries.SaidQuery") -> "Page[ConversationHit]":
        """Return the messages of conversations in which a text stands, newest first."""
        ...

    async def messages(
        self, tenant: str, name: str, *, first: int = 0, end: int | None = None, n: int | None = None
    ) -> "list[ConversationMessage]":
        """Return the messages of a conversation from one place up to another, or to its end; none where it is not.

        With a number `n` also none of another one that was begun later under the same name.
        """
        ...

    async def worker_rows(self) -> "list[StoredWorker]":
        """Return the workers that did not leave and were not declared dead, the oldest first."""
        ...

    async def worker_row(self, worker: str) -> "StoredWorker | None":
        """Return a worker, also one that left."""
        ...

    async def queue_rows(self) -> "list[StoredQueue]":
        """Return the queues in which runs wait or are driven, by name; quick however many runs there are."""
        ...

    async def budgets(self, query: "queries.BudgetQuery") -> Page[BudgetState]:
        """Return budgets, by id."""
        ...

    async def costs(self, query: "queries.CostQuery") -> "Page[Cost]":
        """Add up what was spent, the dearest first."""
        ...

    async def records(
        self, agents: Sequence[str] = (), *, label: str | None = None, recent: int = RECENT_FACTS
    ) -> "list[TrackRecord]":
        """Fold the last facts into a record for each agent and version, by name.

        Of the agents named, or of all that were asked; with a `label`, of the calls that have it. Facts that a fork
        copied do not count again.
        """
        ...

    async def agents(self, query: "queries.AgentQuery", *, recent: int = RECENT_FACTS) -> "Page[AgentReport]":
        """Fold the last facts into how the calls of each agent and version went, by name."""
        ...

    async def evidence(self, *, recent: int = RECENT_FACTS) -> "list[Evidence]":
        """Fold the last facts into what became of each agent's calls, by the hour."""
        ...

    async def failures(self, query: "queries.FailureQuery", *, recent: int = RECENT_FACTS) -> "Page[found.RunFact]":
        """Return, of the last facts, how attempts of an agent failed, newest first."""
        ...

    async def notices(self, query: "queries.NoticeQuery", *, recent: int = RECENT_FACTS) -> "Page[found.RunFact]":
        """Return, of the last facts, what guards said last of each agent and version, oldest first."""
        ...

    async def verify(self, run_id: str) -> "list[found.ChainFault]":
        """Recompute a run's hash chain and return what does not fit."""
        ...
