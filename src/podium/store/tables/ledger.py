"""The ledger of a store, as it is read and sealed; `journaling` enters the runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from podium.model.audit import GENESIS, ROTATED, EnteredPruning, KeyChange, LedgerEntry, ReadRun, Seal, entry_hash
from podium.model.entered import (
    KEY_ISSUED,
    KEY_MADE,
    KEY_REVOKED,
    StoredAnswer,
    StoredGrant,
    StoredQuestion,
    StoredRemark,
    absence_digest,
    action_digest,
    drain_digest,
    grant_digest,
    key_issued_digest,
    key_made_digest,
    key_revoked_digest,
    revocation_digest,
    shown_digest,
)
from podium.model.fact import NOTHING, Fact, FactKind
from podium.store.codec import content_hash
from podium.store.tables.reading import chain_of
from podium.store.tables.rows import key_change_of, pruning_of, question_of, row_of_key_change
from podium.store.tables.statements import Row, Statements, Tables

LEDGER = "ledger"
"""What who enters something is alone with."""

Schema = Mapping[tuple[str, str], str]
"""What made each table, index, view and trigger, by kind and name."""


class TableLedger:
    """Reads the ledger as it is now, and keeps seals where that may wait."""

    def __init__(self, tables: Tables, schemas: Callable[[], tuple[Schema, Schema]]) -> None:
        """`schemas` returns the schema of a new store of this kind, and that of this store."""
        self._tables = tables
        self._schemas = schemas

    def snapshot(self) -> AbstractContextManager[None]:
        """See the store as it is now, whatever others write meanwhile."""
        return self._tables.snapshot()

    def last(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry; 0 and GENESIS where there is none."""
        return self._tables.now(_last)

    def entries(self) -> Iterator[LedgerEntry]:
        """Give all entries, in order."""
        for n, run, facts, head, state, chained in self._tables.each("ledger_all"):
            yield LedgerEntry(n=n, run=run, facts=facts, head=head, state=state, hash=chained)

    def of(self, run: str) -> list[LedgerEntry]:
        """Return the entries of a run, in order, without their own hashes; not those of one that was pruned."""
        rows = self._all("ledger_of_run", run)
        return [
            LedgerEntry(n=n, run=run, facts=facts, head=head, state=state, hash=b"") for n, facts, head, state in rows
        ]

    def orphans(self) -> list[str]:
        """Return the runs that were entered and are not in the store, but for those that were pruned."""
        return [run for (run,) in self._all("ledger_orphans")]

    def prunings(self) -> Iterator[EnteredPruning]:
        """Give all runs that were pruned, in the order in which they had been started."""
        for *row, entry, before in self._tables.each("pruned_all"):
            yield EnteredPruning(pruning=pruning_of(row), entry=entry, before=before)

    def unknown_prunings(self) -> list[tuple[int, str]]:
        """Return number and run of the entries that tell of a pruning of which nobody says whose it was."""
        return [(n, run) for n, run in self._all("pruned_unknown")]

    def runs(self, after: str | None = None) -> Iterator[str]:
        """Give the ids of all runs, or of those after this one, in the order in which they were started."""
        for (run,) in self._tables.each("run_ids", after):
            yield run

    def read(self, run: str) -> ReadRun:
        """Return the facts of a run, with what its hash chain says of them."""
        rows, found = self._tables.now(lambda s: chain_of(s, run))
        if found:
            return ReadRun(faults=found, facts=(), hashes=())
        facts = [Fact(*row[:1], FactKind(row[1]), *row[2:5], row[8] or NOTHING) for row in rows]
        return ReadRun(faults=(), facts=facts, hashes=[row[5] for row in rows])

    def hashes(self, run: str) -> list[bytes]:
        """Return the hashes of a run's facts, in order."""
        return [row[0] for row in self._all("hashes_of_run", run)]

    def lost_blobs(self) -> list[tuple[str, int]]:
        """Return run and place of the facts whose large payload is gone."""
        return [(run, seq) for run, seq in self._all("lost_blobs")]

    def stray_runs(self) -> int:
        """Return of how many runs there are facts, and not the run."""
        return self._all("stray_runs")[0][0]

    def questions(self, run: str) -> list[StoredQuestion]:
        """Return the questions of a run, as they stand in the inbox, with their answers."""
        rows = self._all("questions_of_run", run)
        if not rows:
            return []
        answers: dict[str, list[StoredAnswer]] = {}
        for question, by, value, at, salt, digest in self._all("answers_of_run", run):
            answer = StoredAnswer(by=by, value=value, at=at, salt=salt, digest=digest)
            answers.setdefault(question, []).append(answer)
        remarks: dict[str, list[StoredRemark]] = {}
        for question, name, by, at, text, assignee, salt, digest in self._all("remarks_of_run", run):
            remark = StoredRemark(id=name, by=by, at=at, text=text, assignee=assignee, salt=salt, digest=digest)
            remarks.setdefault(question, []).append(remark)
        return [_stored_question(row, answers.get(row[0], ()), remarks.get(row[0], ())) for row in rows]

    def grants(self) -> list[StoredGrant]:
        """Return what stands for each delegation."""
        rows = self._all("grants_all")
        return [
            StoredGrant(
                id=said[0], granted=grant_digest(*said),
                revoked=None if revoked_at is None else revocation_digest(said[0], revoked_at),
            )
            for *said, revoked_at in rows
        ]  # fmt: skip

    def drains(self) -> list[tuple[str, bytes]]:
        """Return the workers that somebody had drained, each with what stands for that."""
        return [(row[0], drain_digest(*row)) for row in self._all("drains_all")]

    def absences(self) -> list[tuple[str, bytes]]:
        """Return who was said to be away, or back, by its id, each with what stands for that."""
        return [(row[0], absence_digest(*row)) for row in self._all("absences_all")]

    def keys(self) -> Iterator[tuple[str, str, bytes | None]]:
        """Give what stands for each key, for its secret and for its end, by id and state; None is no end."""
        for row in self._all("keys_all"):
            key, *issued, revoked_at, revoked_by, _ = (row[:8], *row[8:])
            yield row[0], KEY_MADE, key_made_digest(*key)
            yield row[0], KEY_ISSUED, key_issued_digest(row[0], *issued)
            is_whole = revoked_at is None and revoked_by is None
            ended = None if is_whole else key_revoked_digest(row[0], revoked_at or 0.0, revoked_by or "")
            yield row[0], KEY_REVOKED, ended

    def actions(self) -> Iterator[tuple[str, bytes]]:
        """Give the id of each action, and what stands for it."""
        for row in self._tables.each("actions_all"):
            yield row[1], action_digest(*row)

    def foreign(self) -> list[str]:
        """Return what is in the schema that Podium did not make, or made otherwise, by kind and name."""
        expected, there = self._schemas()
        added = [f"{kind} {name}" for (kind, name), sql in there.items() if expected.get((kind, name)) != sql]
        return added + [f"{kind} {name}, which is gone" for kind, name in expected if (kind, name) not in there]

    def strays(self) -> list[tuple[str, int]]:
        """Return how many rows there are of which table that belong to nothing, but for those of facts."""
        return [(table, count) for table, count in self._all("strays") if count]

    def unredacted(self, before: float) -> list[str]:
        """Return the runs that ended before a time, as did those that started them, and still say all they said."""
        return [run for (run,) in self._all("runs_unredacted", before)]

    def forged_blobs(self) -> int:
        """Return how many large payloads are not what their hash says."""
        rows = self._tables.each("blobs_all")
        return sum(not isinstance(body, bytes) or content_hash(body) != name for name, body in rows)

    def seals(self) -> list[Seal]:
        """Return all seals, in order."""
        rows = self._all("seals_all")
        return [Seal(n=n, hash=chained, at=at, signature=signature) for n, chained, at, signature in rows]

    def seal(self, seal: Seal) -> None:
        """Keep a seal; one more of the same entry changes nothing."""
        self._tables.write(lambda s: s.do("seal_insert", seal.n, seal.hash, seal.at, seal.signature))

    def key_changes(self) -> list[KeyChange]:
        """Return how the key that seals was replaced, in order."""
        return [key_change_of(row) for row in self._all("key_changes_all")]

    def change_key(self, sign: Callable[[int], KeyChange]) -> KeyChange:
        """Enter that the key is replaced, as `sign` says it for the number of that entry."""

        def work(statements: Statements) -> KeyChange:
            n, _ = _end_of(statements)
            change = sign(n + 1)
            enter(statements, change.new, change.digest, ROTATED)
            statements.do("key_change_insert", *row_of_key_change(change))
            return change

        return self._tables.write(work)

    def _all(self, name: str, *values: object) -> list[Row]:
        return self._tables.now(lambda s: s.all(name, *values))


def _stored_question(row: Row, answers: Sequence[StoredAnswer], remarks: Sequence[StoredRemark]) -> StoredQuestion:
    question = question_of(row)
    return StoredQuestion(
        question=question,
        shown=shown_digest(question, row[5] or b"", row[6] or b""),
        to_folded=row[19],
        answers=answers,
        remarks=remarks,
        assignee_folded=row[20],
    )


def enter(statements: Statements, name: str, head: bytes, state: str) -> None:
    """Append an entry that is of no run to the ledger, inside a write transaction."""
    n, last = _end_of(statements)
    hashed = entry_hash(last, n + 1, name, 0, head, state)
    statements.do("ledger_enter", n + 1, name, 0, head, state, hashed)


def _end_of(statements: Statements) -> tuple[int, bytes]:
    """Return number and hash of the last entry, after which nobody else enters one until the transaction ends."""
    statements.alone(LEDGER)
    return _last(statements)


def _last(statements: Statements) -> tuple[int, bytes]:
    row = statements.one("ledger_last")
    return (0, GENESIS) if row is None else (row[0], row[1])
