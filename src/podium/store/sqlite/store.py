"""The store itself: which connection does what."""

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from podium.errors import InvalidValue, Unwritable
from podium.model.run import Signal
from podium.store.codec import encode
from podium.store.operations import Committed, CommitVerdict, Operation, Placed, Write
from podium.store.protocol import Claimed
from podium.store.sqlite.appending import Head, Salts, append_alone, lone
from podium.store.sqlite.cache import SqliteAnswerCache
from podium.store.sqlite.commit_transaction import CommitTransaction
from podium.store.sqlite.connection import (
    OF_A_VALUE,
    Durability,
    connect,
    migrate,
    prepare,
    reserve_log,
    transaction,
    translate,
    translated,
)
from podium.store.sqlite.delegations import SqliteDelegations
from podium.store.sqlite.ledger import SqliteLedger
from podium.store.sqlite.memory import SqliteMemory
from podium.store.sqlite.readers import Readers
from podium.store.sqlite.reading import SqliteReading
from podium.store.sqlite.rows import facts_of, run_of, signal_of
from podium.store.sqlite.sql import statement
from podium.store.sqlite.workers import Workers

_CHECKPOINT_COMMITS = {"process": 2_000, "power": 400}
"""With `power` the log is to stay within the space that it owns already."""
_LONG_LOG_BYTES = 256 * 1024 * 1024
_WAIT_SECONDS = 30.0
_NO_LOCK = nullcontext()
_MOST_RUNS = 1 << 40
"""No run has so large a number."""


class SqliteStore(SqliteReading):
    """A store in one SQLite file; `:memory:` for work that need not survive.

    The event loop commits on its own connection and never waits for a lock; the commit thread has one that does;
    beats and take-overs have a third, so that a busy loop is not taken for dead.
    """

    def __init__(self, path: str, *, durability: Durability = "process") -> None:
        """Open the file, creating or migrating it; raises StoreError with what to do where that cannot be."""
        self.path = path
        self._memory_only = path == ":memory:"
        self.threaded = durability == "power" and not self._memory_only
        self._lock = threading.RLock()
        self._commits = 0
        self._checkpoint_after = _CHECKPOINT_COMMITS[durability]
        self._heads: dict[int, Head] = {}
        self._salts = Salts()
        if self._memory_only:
            self._loop = connect(path, durability, wait=0.0)
            migrate(self._loop, path)
            self._patient = self._beats = self._loop
        else:
            prepare(path, durability)
            self._loop = connect(path, durability, wait=0.0)
            self._patient = connect(path, durability, wait=_WAIT_SECONDS)
            self._beats = connect(path, durability, wait=_WAIT_SECONDS)
            if durability == "power":
                reserve_log(self._patient, path)
        self._readers = Readers(path, self._loop, self._lock)
        super().__init__(self._readers)
        self.memory = SqliteMemory(self._patient, self._lock, path)
        self.ledger = SqliteLedger(self._readers, self._loop, self._patient, self._lock, path)
        self.answers = SqliteAnswerCache(self._loop, self._patient, self._lock, path)
        self.delegations = SqliteDelegations(self._loop, self._patient, self._lock, path)
        self.workers = Workers(self._beats, self._lock if self._memory_only else threading.RLock(), path)
        self._data_version = self._read_data_version()

    # Writing

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit on the event loop; raises StoreBusy at once where another process writes."""
        return self._commit(self._loop, worker, operations)

    def commit_waiting(self, worker: str, operations: Sequence[Operation]) -> Committed:
        """Commit in the calling thread, waiting for locks and disk, and checkpoint when the log has grown."""
        return self._commit(self._patient, worker, operations)

    def _commit(self, connection: sqlite3.Connection, worker: str, operations: Sequence[Operation]) -> Committed:
        self._commits += 1
        write = lone(operations)
        head = None if write is None else self._heads.get(write.run)
        if write is not None and head is not None:
            return self._commit_alone(connection, worker, write, head)
        group = CommitTransaction(connection, worker, self._heads, self._salts)
        with self._lock if connection is self._patient else _NO_LOCK:
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = group.perform(operations)
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, InvalidValue):
                    raise Unwritable(str(error)) from error
                if isinstance(error, (sqlite3.Error, *OF_A_VALUE)):
                    raise translate(error, self.path) from error
                raise
        for number, head in group.heads.items():
            if head is None:
                self._heads.pop(number, None)
            else:
                self._heads[number] = head
        return result

    def _commit_alone(self, connection: sqlite3.Connection, worker: str, write: Write, head: Head) -> Committed:
        with self._lock if connection is self._patient else _NO_LOCK:
            try:
                after = append_alone(connection, worker, write, head, self._salts)
            except (sqlite3.Error, *OF_A_VALUE) as error:
                raise translate(error, self.path) from error
        if after is None:
            del self._heads[write.run]
            return Committed([CommitVerdict.STALE])
        self._heads[write.run] = after
        return Committed([CommitVerdict.OK])

    def checkpoint_due(self) -> bool:
        """Whether the write-ahead log has grown enough to be folded into the file."""
        return self._commits >= self._checkpoint_after and not self._memory_only

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file; called in a thread. Only a log grown long holds writers up."""
        self._commits = 0
        with self._lock, translated(self.path):
            long = Path(self.path + "-wal").stat().st_size > _LONG_LOG_BYTES
            self._patient.execute(f"PRAGMA wal_checkpoint({'RESTART' if long else 'PASSIVE'})")

    def scrub(self) -> bool:
        """Leave nothing in the log of what was deleted; False where readers hold it. Called in a thread."""
        if self._memory_only:
            return True
        with self._lock, translated(self.path):
            busy, *_ = self._patient.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    # Ownership

    def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs, then load journal and signals."""
        known, mine = set(workflows), list[int]()
        with self._on_loop() as connection:
            if CommitTransaction(connection, worker, {}, self._salts).is_fenced():
                return []
            for number in numbers:
                row = connection.execute(statement("run_row_by_n"), (number,)).fetchone()
                if row is not None and row[2] in known:
                    taken = connection.execute(statement("run_claim"), (worker, number)).rowcount
                    mine.extend([number] * taken)
        for number in mine:
            self._heads.pop(number, None)
        return [self._load(number) for number in mine]

    def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim a run that nobody drives, whatever its state, for an operator's change."""
        with self._lock:
            with transaction(self._patient, self.path) as connection:
                row = connection.execute(statement("run_number"), (run_id,)).fetchone()
                if row is None or not connection.execute(statement("run_take_over"), (worker, row[0])).rowcount:
                    return None
            return self._load(row[0])

    def _load(self, number: int) -> Claimed:
        with translated(self.path):
            row = self._loop.execute(statement("run_row_by_n"), (number,)).fetchone()
            facts = facts_of(self._loop, statement("facts_of_run"), (number, -1))
            wake, signals = self.signals(number)
            return Claimed(number, run_of(row), wake, facts, signals)

    def signals(self, n: int) -> tuple[int, list[Signal]]:
        """Return the wake counter of a run, and then its unconsumed signals: a late one moves the counter."""
        with translated(self.path):
            wake = self._loop.execute(statement("run_row_by_n"), (n,)).fetchone()[19]
            return wake, [signal_of(row) for row in self._loop.execute(statement("signals_waiting"), (n,))]

    def hand_back(self, worker: str, numbers: Sequence[int]) -> list[Placed]:
        """Make runs ready that this worker owns, but does not drive."""
        with self._on_loop() as connection:
            rows = [connection.execute(statement("run_hand_back"), (n, worker)).fetchone() for n in numbers]
        return [Placed(*row) for row in rows if row is not None]

    def ready(self, workflows: Sequence[str], limit: int) -> list[Placed]:
        """Return runs that wait for a worker, most urgent first."""
        with translated(self.path):
            wanted = (encode(list(workflows)).decode(), limit)
            rows = self._loop.execute(statement("runs_ready"), wanted).fetchall()
            suspects = self._loop.execute(statement("runs_suspect"), wanted).fetchall()
        return [Placed(*row) for row in (*suspects, *rows)]

    def wake_due(self, now: float) -> list[Placed]:
        """Make the parked runs ready whose time has come."""
        with self._on_loop() as connection:
            rows = connection.execute(statement("runs_due"), (now,)).fetchall()
            connection.executemany(statement("run_wake"), [(number,) for number, _ in rows])
        return [Placed(*row) for row in rows]

    def next_due(self) -> float | None:
        """Return the earliest time at which a parked run wants to be woken."""
        with translated(self.path):
            return self._loop.execute(statement("next_due")).fetchone()[0]

    def woken(self, worker: str) -> list[int]:
        """Return this worker's running runs that have unconsumed signals."""
        with translated(self.path):
            return [row[0] for row in self._loop.execute(statement("runs_woken"), (worker,))]

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote since the last question."""
        with translated(self.path):
            version = self._read_data_version()
        changed, self._data_version = version != self._data_version, version
        return changed

    def _read_data_version(self) -> int:
        return self._loop.execute("PRAGMA data_version").fetchone()[0]

    def unblock(self, workflow: str, versions: Sequence[str] | None = None) -> list[Placed]:
        """Make the blocked runs of a workflow ready: all, or those that wait for one of these versions of it."""
        wanted = None if versions is None else encode(list(versions)).decode()
        with translated(self.path):
            rows = self._loop.execute(statement("runs_blocked"), (workflow, wanted)).fetchall()
        found = [Placed(*row) for row in rows]
        if found:
            with self._on_loop() as connection:
                connection.executemany(statement("run_make_ready"), [(run.n,) for run in found])
        return found

    def close(self) -> None:
        """Close all connections; the last one folds the log into the file."""
        self._readers.close()
        with self._lock:
            for connection in {id(c): c for c in (self._beats, self._patient, self._loop)}.values():
                connection.close()

    def _on_loop(self) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction on the event loop's connection, which in memory is everybody's."""
        return self._locked() if self._memory_only else transaction(self._loop, self.path)

    @contextmanager
    def _locked(self) -> Generator[sqlite3.Connection]:
        with self._lock, transaction(self._loop, self.path) as connection:
            yield connection


def default_path(folder: Path) -> str:
    """Return where a project keeps its store."""
    return str(folder / ".podium" / "podium.db")
