"""The ledger of a store, as it is read and sealed; `journaling` enters the runs."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from podium.model.audit import GENESIS, ROTATED, EnteredPruning, KeyChange, LedgerEntry, Seal, entry_hash
from podium.model.question import Question
from podium.store.codec import content_hash
from podium.store.sqlite.connection import transaction
from podium.store.sqlite.readers import Readers
from podium.store.sqlite.rows import key_change_of, pruning_of, question_of, row_of_key_change
from podium.store.sqlite.sql import statement


class SqliteLedger:
    """Reads the ledger on the connection of the store, and keeps seals on that which may wait."""

    def __init__(
        self, readers: Readers, quick: sqlite3.Connection, patient: sqlite3.Connection, lock: threading.RLock, path: str
    ) -> None:
        self._readers = readers
        self._quick = quick
        self._patient = patient
        self._lock = lock
        self._path = path

    def snapshot(self) -> AbstractContextManager[None]:
        """See the store as it is now, whatever others write meanwhile."""
        return self._readers.snapshot()

    def last(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry; 0 and GENESIS where there is none."""
        row = self._quick.execute(statement("ledger_last")).fetchone()
        return (0, GENESIS) if row is None else (row[0], row[1])

    def entries(self) -> Iterator[LedgerEntry]:
        """Give all entries, in order."""
        for n, run, facts, head, state, chained in self._quick.execute(statement("ledger_all")):
            yield LedgerEntry(n=n, run=run, facts=facts, head=head, state=state, hash=chained)

    def of(self, run: str) -> list[LedgerEntry]:
        """Return the entries of a run, in order, without their own hashes; not those of one that was pruned."""
        rows = self._quick.execute(statement("ledger_of_run"), (run,))
        return [
            LedgerEntry(n=n, run=run, facts=facts, head=head, state=state, hash=b"") for n, facts, head, state in rows
        ]

    def orphans(self) -> list[str]:
        """Return the runs that were entered and are not in the store, but for those that were pruned."""
        return [run for (run,) in self._quick.execute(statement("ledger_orphans"))]

    def prunings(self) -> Iterator[EnteredPruning]:
        """Give all runs that were pruned, in the order in which they had been started."""
        for *row, entry, before in self._quick.execute(statement("pruned_all")):
            yield EnteredPruning(pruning=pruning_of(row), entry=entry, before=before)

    def unknown_prunings(self) -> list[tuple[int, str]]:
        """Return number and run of the entries that tell of a pruning of which nobody says whose it was."""
        return self._quick.execute(statement("pruned_unknown")).fetchall()

    def runs(self) -> Iterator[str]:
        """Give the ids of all runs, in the order in which they were started."""
        for (run,) in self._quick.execute(statement("run_ids")):
            yield run

    def hashes(self, run: str) -> list[bytes]:
        """Return the hashes of a run's facts, in order."""
        return [row[0] for row in self._quick.execute(statement("hashes_of_run"), (run,))]

    def lost_blobs(self) -> list[tuple[str, int]]:
        """Return run and place of the facts whose large payload is gone."""
        return self._quick.execute(statement("lost_blobs")).fetchall()

    def stray_runs(self) -> int:
        """Return of how many runs there are facts, and not the run."""
        return self._quick.execute(statement("stray_runs")).fetchone()[0]

    def questions(self, run: str) -> list[Question]:
        """Return the questions of a run, as they stand in the inbox."""
        return [question_of(row) for row in self._quick.execute(statement("questions_of_run"), (run,))]

    def unredacted(self, before: float) -> list[str]:
        """Return the runs that ended before a time, as did those that started them, and still say all they said."""
        return [run for (run,) in self._quick.execute(statement("runs_unredacted"), (before,))]

    def forged_blobs(self) -> int:
        """Return how many large payloads are not what their hash says."""
        rows = self._quick.execute(statement("blobs_all"))
        return sum(not isinstance(body, bytes) or content_hash(body) != name for name, body in rows)

    def seals(self) -> list[Seal]:
        """Return all seals, in order."""
        rows = self._quick.execute(statement("seals_all"))
        return [Seal(n=n, hash=chained, at=at, signature=signature) for n, chained, at, signature in rows]

    def seal(self, seal: Seal) -> None:
        """Keep a seal; one more of the same entry changes nothing."""
        with self._lock, transaction(self._patient, self._path) as connection:
            connection.execute(statement("seal_insert"), (seal.n, seal.hash, seal.at, seal.signature))

    def key_changes(self) -> list[KeyChange]:
        """Return how the key that seals was replaced, in order."""
        return [key_change_of(row) for row in self._quick.execute(statement("key_changes_all"))]

    def change_key(self, sign: Callable[[int], KeyChange]) -> KeyChange:
        """Enter that the key is replaced, as `sign` says it for the number of that entry."""
        with self._lock, transaction(self._patient, self._path) as connection:
            row = connection.execute(statement("ledger_last")).fetchone()
            n, last = (0, GENESIS) if row is None else row
            change = sign(n + 1)
            hashed = entry_hash(last, n + 1, change.new, 0, change.digest, ROTATED)
            connection.execute(statement("ledger_insert"), (n + 1, change.new, 0, change.digest, ROTATED, hashed))
            connection.execute(statement("key_change_insert"), row_of_key_change(change))
        return change
