"""Looking at a store that has tables."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.audit import Pruning
from podium.model.budget import BudgetState
from podium.model.cost import Cost
from podium.model.fact import Fact
from podium.model.person import folded
from podium.model.question import Question, QuestionState
from podium.model.run import Run, RunState
from podium.model.track_record import AgentReport, TrackRecord
from podium.model.trust import Evidence
from podium.store.codec import encode, encode_as_is
from podium.store.journaling.chain import PLACE_BITS, ChainRow, faults, place_within, whole_rows
from podium.store.journaling.quoted import Payloads, quotes
from podium.store.protocol import RECENT_FACTS, Page, Query, StoredQueue, StoredWorker
from podium.store.tables.conversations import conversation_state_of, hit_in, messages_of
from podium.store.tables.costs import costs
from podium.store.tables.pages import MOST, closed, containing, given, page
from podium.store.tables.rows import (
    ALL_FACTS,
    action_of,
    budget_of,
    fact_of,
    facts_of,
    facts_to_drive,
    payloads_of,
    pruning_of,
    question_of,
    record_of,
    report_of,
    run_of,
    stored_payload,
)
from podium.store.tables.statements import QueryValues, Row, Statements, Tables, first
from podium.store.tables.workers import queue_of, worker_of

if TYPE_CHECKING:
    from podium.model.action import UserAction
    from podium.model.conversation_state import ConversationHit, ConversationMessage, ConversationState
    from podium.store.protocol import found, queries
else:
    found = lazy.module("podium.store.protocol.found")

_NEVER, _FOR_EVER = -1e300, 1e300
"""Times, in seconds since 1970, before and after all others."""
_RAREST_FIRST = ("prefix", "tag", "parent", "workflow", "state", "principal", "tenant")
"""What a list of runs is looked up by: the first of these that is given."""


class TableReading:
    """All that looks at a store."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    # Runs

    async def run(self, run_id: str) -> Run | None:
        """Return a run."""
        row = first(await self._tables.quickly("run_row_by_id", run_id))
        return None if row is None else run_of(row)

    async def run_counts(self) -> dict[RunState, int]:
        """Return how many runs there are of each state that any has."""
        rows = await self._tables.read_in_thread(lambda s: s.all("runs_counted"))
        return {RunState(state): number for state, number in rows}

    async def left(self, runs: Sequence[str]) -> list[str]:
        """Return those of these runs that have ended or are blocked."""
        if not runs:
            return []
        return [row[0] for row in await self._tables.quickly("runs_left", encode_as_is(list(runs)).decode())]

    async def runs(self, query: "queries.RunQuery") -> Page[Run]:
        """Return runs, newest first."""
        wanted = given(query, "at", "n")
        if query.concerning:
            wanted["concerned"] = query.concerning[0]
            wanted["concerning"] = encode_as_is([folded(name) for name in query.concerning]).decode()
        by = next((name for name in _RAREST_FIRST if name in wanted), "")
        rows = await self._rows("runs_list", {**wanted, f"by_{by}": True})
        return page(rows, query, run_of, lambda row: (row[8], row[0]))

    async def dead(self, query: "queries.DeadQuery") -> "Page[found.DeadRun]":
        """Return runs that failed or are quarantined, newest first."""
        rows = await self._rows("runs_dead", given(query, "n"))
        return page(rows, query, lambda row: found.DeadRun(run_of(row), fact_of(row[25:])), lambda row: (row[0],))

    async def failed_since(self, at: float) -> list[tuple[str, float]]:
        """Return workflow and end of the runs that failed since a time."""
        return await self._tables.read(lambda s: s.all("runs_failed_since", at))

    async def prunable(self, query: "queries.PrunableQuery") -> "list[tuple[int, list[found.PrunableRun]]]":
        """Return runs that may be deleted, each with all that it started."""
        wanted: QueryValues = {
            "before": query.before, "states": encode_as_is(list(query.states)).decode(), "limit": query.limit,
            "after": query.after,
        }  # fmt: skip
        if query.tenant is not None:
            wanted["tenant"] = query.tenant

        def work(statements: Statements) -> "list[tuple[int, list[found.PrunableRun]]]":
            with statements.of_one_moment():
                found = statements.listed("runs_prunable", wanted)
                return [(n, [_prunable(row) for row in statements.all("family_prunable", run)]) for n, run in found]

        return await self._tables.read(work)

    async def pruning(self, run_id: str) -> Pruning | None:
        """Return how the last run of this id was deleted, if one was."""
        row = first(await self._tables.quickly("pruned_last", run_id))
        return None if row is None else pruning_of(row)

    # Facts

    async def facts(self, run_id: str, *, after: int = -1, limit: int | None = None) -> list[Fact]:
        """Return the facts of a run after a sequence number, in order: all, or the first so many of them."""
        before, most = place_within(after + 1) - 1, ALL_FACTS if limit is None else limit
        return await self._tables.read(lambda s: _facts(s, run_id, "facts_of_run", before, most))

    async def generation(self, run_id: str) -> list[Fact]:
        """Return the first fact of a run, and those of its present generation."""
        return await self._tables.read(lambda s: _generation(s, run_id))

    async def facts_of(self, run_id: str, key: str) -> list[Fact]:
        """Return the facts of a run about one key."""
        return await self._tables.read(lambda s: _facts(s, run_id, "facts_of_key", key))

    async def journal(self, query: "queries.FactQuery") -> "Page[found.RunFact]":
        """Return facts of all runs."""
        wanted = given(query, "place")
        if query.kinds:
            wanted["kinds"] = encode_as_is(list(query.kinds)).decode()
        rows = await self._tables.read(lambda s: _listed(s, s.listed("journal_list", wanted)))
        return page(rows, query, lambda row: found.RunFact(row[0], fact_of(row[1:7], row[7])), lambda row: (row[8],))

    async def failures(self, query: "queries.FailureQuery", *, recent: int = RECENT_FACTS) -> "Page[found.RunFact]":
        """Return how attempts of an agent failed lately, newest first."""
        rows = await self._rows("failures_recent", {**given(query, "at", "place"), "recent": recent})
        return _told(rows, query)

    async def notices(self, query: "queries.NoticeQuery", *, recent: int = RECENT_FACTS) -> "Page[found.RunFact]":
        """Return what guards said last of each agent and version, oldest first."""
        guards = encode_as_is(list(query.guards)).decode()
        rows = await self._rows("notices_last", {**given(query, "at", "place"), "guards": guards, "recent": recent})
        return _told(rows, query)

    # Questions

    async def question(self, question_id: str) -> Question | None:
        """Return a question."""
        row = first(await self._tables.quickly("question_get", question_id))
        return None if row is None else question_of(row)

    async def questions(self, query: "queries.QuestionQuery") -> Page[Question]:
        """Return questions, oldest first."""
        wanted = given(query, "at", "id")
        if query.state is QuestionState.OPEN:
            wanted["open"] = wanted.pop("state")
        if query.to is not None:
            wanted["to_folded"] = folded(query.to)
        if query.assignee is not None:
            wanted["assignee_folded"] = folded(query.assignee)
        return page(await self._rows("questions_list", wanted), query, question_of, lambda row: (row[9], row[0]))

    # Conversations

    async def conversation(self, tenant: str, name: str) -> "ConversationState | None":
        """Return a conversation of a tenant."""
        row = first(await self._tables.quickly("conversation_state", tenant, name))
        return None if row is None else conversation_state_of(row)

    async def conversations(self, query: "queries.ConversationQuery") -> "Page[ConversationState]":
        """Return conversations, those first in which something was said last.

        Those in which something is said while pages are read are not missed: they follow on the last of these, and so
        on, until nothing was said since. So some come twice.
        """
        wanted = given(query, "at", "n", "floor", "top")
        rows = await self._rows("conversations_list", wanted)
        floor, top = wanted.get("floor", _NEVER), wanted.get("top", _NEVER)
        if top == _NEVER and rows:
            top = conversation_state_of(rows[0]).changed_at
        found = page(rows, query, conversation_state_of, lambda row: (row[6], row[0], floor, top))
        if found.cursor is not None or query.cursor is None or top == _NEVER:
            return found
        since = {**given(replace(query, cursor=None, limit=1)), "floor": top}
        if not await self._rows("conversations_list", since):
            return found
        return replace(found, cursor=closed(query, (_FOR_EVER, MOST, top, _NEVER)))

    async def held(self, runs: Sequence[str]) -> "ConversationState | None":
        """Return a conversation in which one of these runs said something and somebody has a turn now, if any."""
        wanted = encode_as_is(list(runs)).decode()
        row = await self._tables.read(lambda s: s.one("conversation_held", wanted))
        return None if row is None else conversation_state_of(row)

    async def said(self, query: "queries.SaidQuery") -> "Page[ConversationHit]":
        """Return the messages of conversations in which a text stands, newest first."""
        text = query.text or ""
        stored = containing(encode(text)[1:-1].decode())
        rows = await self._rows("conversation_search", {**given(query, "at", "place"), "stored": stored})
        return page(rows, query, lambda row: hit_in(row, text), lambda row: (row[5], row[0]))

    async def messages(
        self, tenant: str, name: str, *, first: int = 0, end: int | None = None, n: int | None = None
    ) -> "list[ConversationMessage]":
        """Return the messages of a conversation from one place up to another, or to its end."""
        return await self._tables.read(lambda s: messages_of(s, tenant, name, first, end, n))

    # Workers

    async def worker_rows(self) -> list[StoredWorker]:
        """Return the workers that did not leave and were not declared dead, the oldest first."""
        return [worker_of(row) for row in await self._tables.read(lambda s: s.all("workers_list"))]

    async def worker_row(self, worker: str) -> StoredWorker | None:
        """Return a worker, also one that left."""
        row = first(await self._tables.quickly("worker_get", worker))
        return None if row is None else worker_of(row)

    async def queue_rows(self) -> list[StoredQueue]:
        """Return the queues in which runs wait or are driven, by name."""
        return [queue_of(row) for row in await self._tables.read(lambda s: s.all("queues_list"))]

    # Money

    async def budgets(self, query: "queries.BudgetQuery") -> Page[BudgetState]:
        """Return budgets, by id."""
        wanted = given(query, "id")
        return page(await self._rows("budgets_list", wanted), query, budget_of, lambda row: (row[0],))

    async def costs(self, query: "queries.CostQuery") -> Page[Cost]:
        """Add up what was spent, the dearest first."""
        return await costs(self._tables, query)

    # People

    async def actions(self, query: "queries.ActionQuery") -> "Page[UserAction]":
        """Return who asked for which change, newest first."""
        rows = await self._rows("actions_list", given(query, "at", "id"))
        return page(rows, query, action_of, lambda row: (row[0], row[1]))

    # Folds

    async def records(
        self, agents: Sequence[str] = (), *, label: str | None = None, recent: int = RECENT_FACTS
    ) -> list[TrackRecord]:
        """Fold the last facts into a record for each agent and version."""
        wanted = (encode_as_is(list(agents)).decode() if agents else None, recent, label)
        rows = await self._tables.read(lambda s: s.all("records_fold", *wanted))
        return [record_of(row) for row in rows]

    async def agents(self, query: "queries.AgentQuery", *, recent: int = RECENT_FACTS) -> Page[AgentReport]:
        """Fold the last facts into how the calls of each agent and version went."""
        rows = await self._rows("agents_fold", {**given(query, "agent", "version"), "recent": recent})
        return page(rows, query, report_of, lambda row: (row[0], row[1]))

    async def evidence(self, *, recent: int = RECENT_FACTS) -> list[Evidence]:
        """Fold the last facts into what became of each agent's calls, by the hour."""
        rows = await self._tables.read(lambda s: s.all("trust_fold", recent))
        return [Evidence(agent=a, version=v, at=at, done=d, failed=f, violations=n) for a, v, at, d, f, n in rows]

    async def verify(self, run_id: str) -> "list[found.ChainFault]":
        """Recompute a run's hash chain and return what does not fit."""
        return await self._tables.read(lambda s: _faults(s, run_id))

    async def _rows(self, name: str, wanted: QueryValues) -> list[Row]:
        return await self._tables.read(lambda s: s.listed(name, wanted))


def _listed(statements: Statements, rows: Iterable[Row]) -> list[Row]:
    """Return rows of `journal_list` with their whole payloads."""
    runs: dict[int, Payloads] = {}
    found: list[Row] = []
    for row in rows:
        payload, place = row[7:]
        if quotes(payload):
            run, seq = place >> PLACE_BITS, row[1]
            payload = runs.setdefault(run, payloads_of(statements, run)).whole(seq, payload)
        found.append((*row[:7], payload, place))
    return found


def _prunable(row: Row) -> "found.PrunableRun":
    run, epoch, facts, head, state, workflow, ended_at, size = row
    return found.PrunableRun(
        id=run, epoch=epoch, facts=facts, head=head, state=RunState(state), workflow=workflow, ended_at=ended_at,
        bytes=int(size),
    )  # fmt: skip


def _told(rows: Sequence[Row], query: Query) -> "Page[found.RunFact]":
    return page(rows, query, lambda row: found.RunFact(row[0], fact_of(row[1:7])), lambda row: (row[4], row[7]))


def _facts(statements: Statements, run_id: str, query: str, *wanted: object) -> list[Fact]:
    row = statements.one("run_number", run_id)
    return [] if row is None else facts_of(statements, query, row[0], *wanted)


def _generation(statements: Statements, run_id: str) -> list[Fact]:
    with statements.of_one_moment():
        row = statements.one("run_row_by_id", run_id)
        return [] if row is None else facts_to_drive(statements, row[0], run_of(row).since)


def _faults(statements: Statements, run_id: str) -> "list[found.ChainFault]":
    return [found.ChainFault(run_id, seq, what) for seq, what in chain_of(statements, run_id)[1]]


def chain_of(statements: Statements, run_id: str) -> tuple[list[ChainRow], list[tuple[int, str]]]:
    """Return the facts of a run as they are stored, and place and description of what does not fit in their chain."""
    with statements.of_one_moment():
        row = statements.one("run_number", run_id)
        if row is None:
            return [], [(0, "the run is not in the store")]
        stored: list[ChainRow] = statements.all("chain_of_run", row[0])
        whole = whole_rows(stored, lambda seq: stored_payload(statements, row[0], seq))
        open_end = row[3] in (RunState.READY, RunState.RUNNING)
        return stored, faults(run_id, whole, row[1], row[2], open_end=open_end)
