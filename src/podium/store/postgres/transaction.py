"""A write transaction on PostgreSQL, where many write at once: what is read for a change is locked until the commit."""

from collections.abc import Collection, Mapping, Sequence

from podium.model.audit import GENESIS as NO_ENTRY
from podium.model.audit import Pruning
from podium.model.budget_ids import budget_of_run
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.codec import decode
from podium.store.inserting import NewRun
from podium.store.journaling.appending import FactRow, Head
from podium.store.journaling.chain import PLACE_BITS, ChainRow
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.transaction import EmptiedFact, EntryRow, Owned
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import BeginGeneration, Block, FinishRun, Leave, Park, Placed, Release
from podium.store.postgres.columns import Blobs, Ints, Texts
from podium.store.postgres.events import PostgresEvents
from podium.store.postgres.named import Named
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.cache import keep
from podium.store.tables.ledger import LEDGER
from podium.store.tables.memory_writes import forget_runs
from podium.store.tables.rows import plain_reason, stored_payload
from podium.store.tables.streams import forget_events

_OF_RUNS = (
    "facts_delete_runs", "signals_forget", "answers_delete_runs", "remarks_delete_runs", "questions_delete_runs",
    "reservations_delete_runs", "budget_waits_delete_runs", "budget_questions_delete_runs", "runs_delete",
)  # fmt: skip
"""What deletes all that is kept under the numbers of runs."""


class PostgresTransaction(PostgresEvents):
    """Asks and writes on a connection that is inside a transaction, and in a pipeline.

    Locked are, in this order: the worker's row; the rows of runs that are let go, told something, or end below one that
    is told so; budgets; whatever else is asked for a change; the end of the ledger. Two that lock in different orders
    all the same find out, and one of them is made again. A run that is only written to needs no lock: whoever takes it
    from its worker has to lock the worker's row.
    """

    __slots__ = ("_fenced", "_named_runs")

    def __init__(self, statements: PostgresStatements, named: Named) -> None:
        """`named` is what the operations are going to ask for."""
        super().__init__(statements, named.budgets)
        self._named_runs: Named | None = named
        self._fenced: dict[str, bool] = {}

    def finish(self) -> None:
        """Send what was not sent yet; the commit follows."""
        self.write_budgets()
        self._gathered.send()

    # Ownership and journals

    def fenced(self, worker: str) -> bool:
        """Whether a worker left, was declared dead, or was never entered; it stays so until the commit."""
        if worker not in self._fenced:
            row = self._ask.one("worker_lock", worker)
            self._fenced[worker] = row is None or bool(row[0])
        return self._fenced[worker]

    def owned(self, worker: str, claims: Collection[tuple[int, int]]) -> dict[tuple[int, int], Owned]:
        """Return those of these runs, with their epochs, that the worker owns in that epoch."""
        self._ask.send("worker_lock", worker)
        self._lock_runs()
        numbers, epochs = zip(*claims, strict=True)
        rows = self._statements.all("runs_owned_in", Ints(numbers), Ints(epochs), worker)
        return {(n, epoch): Owned(wake, parent) for n, epoch, wake, parent in rows}

    def heads(self, runs: Collection[int]) -> dict[int, Head]:
        """Return where the journals of these runs end, by their facts."""
        rows = self._ask.all("runs_last_fact", Ints(runs))
        return {n: Head(name.encode(), seq + 1, last) for n, name, seq, last in rows}

    def large_payloads(self, runs: Collection[int], size: int, count: int) -> Mapping[int, Sequence[tuple[int, bytes]]]:
        """Return place and payload of large facts as they are stored, among the last few hundred of each run."""
        found: dict[int, list[tuple[int, bytes]]] = {run: [] for run in runs}
        wanted = {"runs": Ints(runs), "size": size, "count": count}
        for run, seq, payload in self._ask.named("payloads_large", wanted).fetchall():
            found[run].append((seq, payload))
        return found

    def payload(self, run: int, seq: int) -> bytes | None:
        """Return the payload of a fact as it is stored; None where it has none."""
        return stored_payload(self._ask, run, seq)

    def insert_blobs(self, blobs: Mapping[bytes, bytes]) -> None:
        """Store large payloads by their hashes; those that are there stay."""
        self._gathered.add("blobs_insert", list(blobs.items()))

    def insert_facts(self, rows: Sequence[FactRow]) -> None:
        """Append facts to journals."""
        self._gathered.add("facts_insert", [(*row, _turn(row)) for row in rows])

    # Runs

    def find_runs(self, runs: Sequence[NewRun]) -> Sequence[tuple[int, str] | None]:
        """Return for each the number and id of the run of its id, or else of its tag in its tenant and workflow."""
        tagged = [run for run in runs if run.tag is not None]
        found = self._ask.all(
            "runs_find_same", Texts(run.id for run in runs), Texts(run.tenant for run in tagged),
            Texts(run.workflow for run in tagged), Texts(run.tag for run in tagged),
        )  # fmt: skip
        by_id = {row[1]: (row[0], row[1]) for row in found}
        by_tag = {row[2:]: (row[0], row[1]) for row in found if row[4] is not None}
        return [by_id.get(run.id) or by_tag.get((run.tenant, run.workflow, run.tag)) for run in runs]

    def numbers(self, count: int) -> Sequence[int]:
        """Return so many numbers for new runs."""
        return sorted(row[0] for row in self._ask.all("run_numbers", count)) if count else []

    def insert_run(self, n: int, run: NewRun, state: RunState, epoch: int, owner: str | None) -> None:
        """Insert a run with an empty journal."""
        self._gathered.add(
            "runs_insert",
            [(
                n, run.id, run.workflow, run.version, state, epoch, owner, run.queue, run.priority, run.tenant,
                run.principal, run.parent, run.root, run.tag, run.at, run.generation,
                run.affinity,
            )],
        )  # fmt: skip

    def hand_back(self, worker: str, run: int) -> Placed | None:
        """Make a run ready that this worker owns; None where it does not own it."""
        self._ask.send("worker_lock", worker)
        row = self._statements.one("run_hand_back", run, worker)
        return None if row is None else Placed(*row)

    def unblock(self, workflow: str) -> Sequence[Placed]:
        """Make the blocked runs of a workflow ready that are not quarantined; returns these."""
        return [Placed(*row) for row in sorted(self._ask.all("runs_unblock", workflow))]

    def close_run(self, n: int, close: Leave, head: Head) -> None:
        """Take a run from its worker, and write down how it stands and where its journal ends."""
        match close:
            case Park():
                self._gathered.add("runs_park", [(n, close.wake_at, head.count, head.hash)])
            case FinishRun():
                row = n, close.state, close.at, plain_reason(close.reason), head.count, head.hash
                self._gathered.add("runs_finish", [row])
            case Block():
                values = {
                    "n": n, "cause": close.cause, "reason": plain_reason(close.reason), "facts": head.count,
                    "head": head.hash,
                }  # fmt: skip
                self._ask.named("run_block", values)
            case Release():
                values = {
                    "n": n, "state": close.state, "reason": plain_reason(close.reason), "version": close.version,
                    "ended_at": close.ended_at, "facts": head.count, "head": head.hash,
                }  # fmt: skip
                self._ask.named("run_release", values)

    def begin_generation(self, n: int, begun: BeginGeneration, since: int) -> None:
        """Write down that a run begins again, with which version, and at which place of its journal; it is woken."""
        self._ask.send("run_begin_generation", begun.generation, since, begun.version, n)

    def standings(self, runs: Collection[str]) -> dict[str, RunStanding]:
        """Return how runs stand, by their ids; nobody else changes them before the commit."""
        self._gathered.send()
        self._lock_runs()
        rows = self._statements.all("run_standings", Texts(runs))
        return {row[0]: RunStanding(row[1], RunState(row[2]), *row[3:]) for row in rows}

    def is_alive(self, run: str) -> bool:
        """Whether a run, or anything that it started, directly or not, has not ended."""
        return self._ask.one("run_is_alive", run) is not None

    # What is written beside

    def last_entry(self) -> tuple[int, bytes]:
        """Return number and hash of the ledger's last entry; nobody else appends to it before the commit."""
        self._ask.send("lock", LEDGER)
        row = self._statements.one("ledger_last")
        return (0, NO_ENTRY) if row is None else (row[0], row[1])

    def insert_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append to the ledger."""
        self._gathered.add("ledger_insert", rows)

    def keep_answer(self, answer: KeepAnswer) -> None:
        """Keep an answer over one to the same question, and now and then forget some whose time is over."""
        keep(self._ask, answer)

    def keep_events(self, wanted: KeepEvents) -> None:
        """Keep transient events of a run, and how far it has come."""
        run = wanted.run
        self._gathered.add("stream_events_put", [(run, each.number, each.epoch, each.text) for each in wanted.events])
        if wanted.trim:
            self._gathered.add("stream_events_trim", [(run, wanted.trim)])
        self._gathered.add("stream_heads_put", [(run, wanted.epoch, wanted.last, wanted.until)])

    # Redaction

    def chain(self, run: int) -> Sequence[ChainRow]:
        """Return all facts of a run, in order."""
        return self._ask.all("chain_of_run", run)

    def erase(self, run: int, run_id: str, facts: Sequence[EmptiedFact], blobs: Collection[bytes]) -> None:
        """Delete what a run carries."""
        place = run << PLACE_BITS
        self._ask.send(
            "facts_redact", Ints(place + fact.seq for fact in facts), Blobs(fact.digest for fact in facts),
            Blobs(fact.body for fact in facts),
        )  # fmt: skip
        statements = self._statements
        statements.send("blobs_forget", Blobs(sorted(blobs)))
        statements.send("signals_forget", Ints([run]))
        statements.send("answers_redact", run)
        statements.send("remarks_redact", run)
        statements.send("questions_redact", run)
        statements.send("kept_forget_all", Texts([run_id]))
        forget_events(statements, [run_id])

    def redact_run(self, n: int, epoch: int, reason: str, head: Head) -> None:
        """Write down a redacted run's epoch, what is left of its reason, and where its journal ends."""
        self._ask.send("run_redact", epoch, plain_reason(reason), head.count, head.hash, n)

    # Pruning

    def delete_runs(self, runs: Sequence[tuple[int, Pruning]]) -> None:
        """Delete runs by their numbers, with all that is kept of them, and write down that they were pruned."""
        self.write_budgets()
        numbers, ids = Ints(n for n, _ in runs), [each.run for _, each in runs]
        blobs = sorted(row[0] for row in self._ask.all("blobs_of_runs", numbers))
        statements = self._statements
        for name in _OF_RUNS:
            statements.send(name, numbers)
        statements.send("blobs_forget", Blobs(blobs))
        statements.send("budgets_delete", Texts(budget_of_run(run) for run in ids))
        statements.send("kept_forget_all", Texts(ids))
        forget_runs(statements, ids)
        forget_events(statements, ids)
        for n, each in runs:
            row = n, each.run, each.facts, each.head, each.state, each.at, each.by, each.why, each.signature
            statements.send("pruned_insert", *row)

    def _lock_runs(self) -> None:
        """Lock the runs that the operations name and that may be changed by others too, together."""
        named, self._named_runs = self._named_runs, None
        if named is not None and named.changes_runs:
            values = {"numbers": Ints(named.leaving), "ids": Texts(named.told), "ending": Ints(named.ending)}
            self._statements.named("runs_lock", values)


def _turn(row: FactRow) -> int | None:
    """Return the number of the conversation in which a fact says that a turn began."""
    return decode(row[7])["n"] if row[1] == FactKind.TURN else None
