"""The statements of a write transaction on SQLite, which has its writers come one after the other."""

from collections.abc import Collection, Mapping, Sequence

from podium.model.audit import GENESIS as NO_ENTRY
from podium.model.audit import Pruning
from podium.model.budget import BudgetState
from podium.model.budget_ids import budget_of_run
from podium.model.run import RunState
from podium.store.codec import decode, encode_as_is
from podium.store.inserting import NewRun
from podium.store.journaling.appending import FactRow, Head
from podium.store.journaling.chain import GENESIS, PLACE_BITS, ChainRow
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.transaction import (
    Amounts,
    BudgetChange,
    EmptiedFact,
    EntryRow,
    Limits,
    Owned,
    ReservationRow,
)
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import BeginGeneration, Block, FinishRun, Leave, Park, Placed, Release
from podium.store.sqlite.inboxes import SqliteInboxes
from podium.store.sqlite.sql import statement
from podium.store.tables.cache import keep
from podium.store.tables.memory_writes import forget_runs
from podium.store.tables.rows import budget_of, placed_of, stored_payload
from podium.store.tables.statements import Row
from podium.store.tables.streams import forget_events

_OWNED = statement("run_owned")
_LAST = statement("run_last_fact")
_FACT = statement("fact_insert")
_BUDGET_RESERVE = statement("budget_reserve")
_BUDGET_SPEND = statement("budget_spend")
_BUDGET_SETTLE = statement("budget_settle")
_NOTHING = (0, 0, 0)
_OF_A_RUN = (
    "facts_delete_run", "signals_forget", "answers_delete_run", "remarks_delete_run", "questions_delete_run",
    "reservations_delete_run", "budget_waits_delete_run", "budget_questions_delete_run", "run_delete",
)  # fmt: skip
"""What deletes all that is kept under the number of a run."""


class SqliteTransaction(SqliteInboxes):
    """Asks and writes on a connection that is inside a transaction. A question costs microseconds: sets are loops."""

    __slots__ = ()

    # Ownership and journals

    def fenced(self, worker: str) -> bool:
        """Whether a worker left, was declared dead, or was never entered."""
        row = self._one("worker_fenced", worker)
        return row is None or bool(row[0])

    def owned(self, worker: str, claims: Collection[tuple[int, int]]) -> dict[tuple[int, int], Owned]:
        """Return those of these runs, with their epochs, that the worker owns in that epoch."""
        found: dict[tuple[int, int], Owned] = {}
        execute = self._connection.execute
        for claim in claims:
            row = execute(_OWNED, (*claim, worker)).fetchone()
            if row is not None:
                found[claim] = Owned(*row)
        return found

    def heads(self, runs: Collection[int]) -> dict[int, Head]:
        """Return where the journals of these runs end, by their facts."""
        heads: dict[int, Head] = {}
        for run in runs:
            name, seq, last = self._connection.execute(_LAST, (run,)).fetchone()
            heads[run] = Head(name.encode(), seq + 1, last)
        return heads

    def large_payloads(self, runs: Collection[int], size: int, count: int) -> Mapping[int, Sequence[tuple[int, bytes]]]:
        """Return place and payload of large facts as they are stored, among the last few hundred of each run."""
        text = statement("payloads_large")
        return {run: self._connection.execute(text, (run, size, count)).fetchall() for run in runs}

    def payload(self, run: int, seq: int) -> bytes | None:
        """Return the payload of a fact as it is stored; None where it has none."""
        return stored_payload(self._statements, run, seq)

    def insert_blobs(self, blobs: Mapping[bytes, bytes]) -> None:
        """Store large payloads by their hashes; those that are there stay."""
        self._do_all("blob_insert", list(blobs.items()))

    def insert_facts(self, rows: Sequence[FactRow]) -> None:
        """Append facts to journals."""
        self._connection.executemany(_FACT, rows)

    # Runs

    def find_runs(self, runs: Sequence[NewRun]) -> Sequence[tuple[int, str] | None]:
        """Return for each the number and id of the run of its id, or else of its tag in its tenant and workflow."""
        return [self._one("run_find_same", run.id, run.tenant, run.workflow, run.tag) for run in runs]

    def numbers(self, count: int) -> Sequence[int]:
        """Return so many numbers for new runs: those after the greatest there was."""
        (last,) = self._connection.execute(statement("run_last_number")).fetchone()
        return range(last + 1, last + 1 + count)

    def insert_run(self, n: int, run: NewRun, state: RunState, epoch: int, owner: str | None) -> None:
        """Insert a run with an empty journal."""
        self._do(
            "run_insert", n, run.id, run.workflow, run.version, state, epoch, owner, run.queue, run.priority, 0,
            GENESIS, run.tenant, run.principal, run.parent, run.root, run.tag, run.at, run.generation,
            int(run.generation > 1), run.affinity,
        )  # fmt: skip

    def hand_back(self, worker: str, run: int) -> Placed | None:
        """Make a run ready that this worker owns; None where it does not own it."""
        row = self._one("run_hand_back", run, worker)
        return None if row is None else placed_of(row)

    def unblock(self, workflow: str) -> Sequence[Placed]:
        """Make the blocked runs of a workflow ready that are not quarantined; returns these."""
        found = self._connection.execute(statement("runs_blocked"), (workflow, None)).fetchall()
        self._do_all("run_make_ready", [(row[0],) for row in found])
        return [placed_of(row) for row in found]

    def close_run(self, n: int, close: Leave, head: Head) -> None:
        """Take a run from its worker, and write down how it stands and where its journal ends."""
        end = head.count, head.hash, n
        match close:
            case Park():
                self._do("run_park", close.wake_at, *end)
            case FinishRun():
                self._do("run_finish", close.state, close.at, close.reason, *end)
            case Block():
                self._do("run_block", close.cause, close.reason, *end)
            case Release():
                self._do("run_release", close.state, close.reason, close.version, close.ended_at, *end)

    def begin_generation(self, n: int, begun: BeginGeneration, since: int) -> None:
        """Write down that a run begins again, with which version, and at which place of its journal; it is woken.

        What was read of its inbox before is older than this, and counts no more.
        """
        self._do("run_begin_generation", begun.generation, since, begun.version, n)

    def standings(self, runs: Collection[str]) -> dict[str, RunStanding]:
        """Return how runs stand, by their ids."""
        found: dict[str, RunStanding] = {}
        for run in runs:
            row = self._one("run_standing", run)
            if row is not None:
                found[run] = RunStanding(row[0], RunState(row[1]), *row[2:])
        return found

    def is_alive(self, run: str) -> bool:
        """Whether a run, or anything that it started, directly or not, has not ended."""
        return self._one("run_is_alive", run) is not None

    # Money

    def budget(self, id: str) -> BudgetState | None:
        """Return how a budget stands."""
        row = self._one("budget_get", id)
        return None if row is None else budget_of(row)

    def open_budget(self, id: str, limits: Limits) -> None:
        """Give a budget these limits; one that is not there is added."""
        self._do("budget_open", id, *limits)

    def raise_budget(self, id: str, by: Amounts) -> None:
        """Add to the limits of a budget; no limit stays none."""
        self._do("budget_raise", id, *by)

    def change_budgets(self, changes: Sequence[BudgetChange]) -> Sequence[bool]:
        """Make those changes, in order and each by itself, for which there is room; returns which were made."""
        return [self._change(change) for change in changes]

    def reserve_budgets(self, changes: Sequence[BudgetChange]) -> int:
        """Make changes in the same way up to the first for which there is no room; returns how many were made."""
        for made, change in enumerate(changes):
            if not self._change(change):
                return made
        return len(changes)

    def _change(self, change: BudgetChange) -> bool:
        budget, (usd, tokens, calls), spent, in_doubt, room = change
        if room == 0:
            values = budget, -usd, -tokens, -calls, *spent, in_doubt
            return self._connection.execute(_BUDGET_SETTLE, values).rowcount == 1
        if spent == _NOTHING:
            return self._connection.execute(_BUDGET_RESERVE, (budget, usd, tokens, calls, room)).rowcount == 1
        return self._connection.execute(_BUDGET_SPEND, (budget, *spent, room)).rowcount == 1

    def want_budget(self, id: str, amounts: Amounts) -> None:
        """Write down that so much is wanted of a budget, if no more is."""
        self._do("budget_want", id, *amounts)

    def reservations(self, ids: Collection[str]) -> Sequence[ReservationRow]:
        """Return reservations."""
        return [_reservation(row) for each in ids if (row := self._one("reservation_get", each)) is not None]

    def reservations_of(self, runs: Collection[int]) -> Sequence[ReservationRow]:
        """Return the reservations of runs."""
        text = statement("reservations_of_run")
        return [_reservation(row) for run in runs for row in self._connection.execute(text, (run,))]

    def insert_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Add reservations."""
        values = [(row.id, row.run, encode_as_is(row.parts).decode(), row.escrow) for row in rows]
        self._do_all("reservation_insert", values)

    def change_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Write the parts of reservations anew."""
        self._do_all("reservation_change", [(row.id, encode_as_is(row.parts).decode()) for row in rows])

    def delete_reservations(self, ids: Sequence[str]) -> None:
        """Delete reservations."""
        self._do_all("reservation_delete", [(each,) for each in ids])

    def take_reservation(self, id: str) -> ReservationRow | None:
        """Delete a reservation and return it; None where it is not there."""
        row = self._one("reservation_take", id)
        return None if row is None else _reservation(row)

    def escrows_held(self, budget: str) -> Amounts:
        """Return what escrows hold of a budget, together."""
        return self._connection.execute(statement("escrows_held"), (budget,)).fetchone()

    def in_flight(self, budget: str, without: Collection[str]) -> tuple[int, int, int]:
        """Return what is set aside in a budget and may come back by itself."""
        values = budget, encode_as_is([*without]).decode()
        return self._connection.execute(statement("reservations_in_flight"), values).fetchone()

    def insert_wait(self, id: str, run: int, epoch: int, holds: Sequence[str]) -> None:
        """Write down that a call waits for room that holds these reservations."""
        self._do("budget_wait_insert", id, run, epoch, encode_as_is([*holds]).decode())

    def delete_wait(self, id: str) -> None:
        """Forget a wait."""
        self._do("budget_wait_delete", id)

    # What is written beside

    def last_entry(self) -> tuple[int, bytes]:
        """Return number and hash of the ledger's last entry."""
        row = self._one("ledger_last")
        return (0, NO_ENTRY) if row is None else (row[0], row[1])

    def insert_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append to the ledger."""
        self._do_all("ledger_enter", rows)

    def keep_answer(self, answer: KeepAnswer) -> None:
        """Keep an answer over one to the same question, and now and then forget some whose time is over."""
        keep(self._statements, answer)

    def keep_events(self, wanted: KeepEvents) -> None:
        """Keep transient events of a run, and how far it has come."""
        rows = [(wanted.run, each.number, each.epoch, each.text) for each in wanted.events]
        self._do_all("stream_event_put", rows)
        if wanted.trim:
            self._do("stream_events_trim", wanted.run, wanted.trim)
        self._do("stream_head_put", wanted.run, wanted.epoch, wanted.last, wanted.until)

    # Redaction

    def chain(self, run: int) -> Sequence[ChainRow]:
        """Return all facts of a run, in order."""
        return self._connection.execute(statement("chain_of_run"), (run,)).fetchall()

    def erase(self, run: int, run_id: str, facts: Sequence[EmptiedFact], blobs: Collection[bytes]) -> None:
        """Delete what a run carries."""
        place = run << PLACE_BITS
        self._do_all("fact_redact", [(fact.digest, fact.body, place + fact.seq) for fact in facts])
        self._do_all("blob_forget", [(blob,) for blob in blobs])
        self._do("signals_forget", run)
        self._do("answers_redact", run)
        self._do("remarks_redact", run)
        self._do("questions_redact", run)
        self._do("kept_forget", run_id)
        forget_events(self._statements, [run_id])

    def redact_run(self, n: int, epoch: int, reason: str, head: Head) -> None:
        """Write down a redacted run's epoch, what is left of its reason, and where its journal ends."""
        self._do("run_redact", epoch, reason, head.count, head.hash, n)

    # Pruning

    def delete_runs(self, runs: Sequence[tuple[int, Pruning]]) -> None:
        """Delete runs by their numbers, with all that is kept of them, and write down that they were pruned."""
        numbers = [(n,) for n, _ in runs]
        self._do_all("conversation_messages_whole", numbers)
        blobs = {row for n in numbers for row in self._connection.execute(statement("blobs_of_run"), n)}
        for name in _OF_A_RUN:
            self._do_all(name, numbers)
        self._do_all("blob_forget", list(blobs))
        self._do_all("budget_delete", [(budget_of_run(each.run),) for _, each in runs])
        self._do("kept_forget_all", encode_as_is([each.run for _, each in runs]).decode())
        forget_runs(self._statements, [each.run for _, each in runs])
        forget_events(self._statements, [each.run for _, each in runs])
        rows = [
            (n, each.run, each.facts, each.head, each.state, each.at, each.by, each.why, each.signature)
            for n, each in runs
        ]
        self._do_all("pruned_insert", rows)


def _reservation(row: Row) -> ReservationRow:
    return ReservationRow(row[0], row[1], [tuple(part) for part in decode(row[2])], bool(row[3]))
