"""SQLite and PostgreSQL against dicts: what two backends make of the same operations, given the same salts."""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from random import Random
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from podium.errors import InvalidValue, Unwritable
from podium.model.run import RunState
from podium.store.codec import decode
from podium.store.journaling.appending import Head, Salts
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.operations import Committed, Operation
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import Connection, prepare
from podium.store.postgres.named import Named
from podium.store.postgres.ownership import claim as claimed_in_postgres
from podium.store.postgres.session import Session
from podium.store.postgres.statements import PostgresStatements
from podium.store.postgres.transaction import PostgresTransaction
from podium.store.sqlite.connection import connect, migrate, transaction
from podium.store.sqlite.ownership import claim
from podium.store.sqlite.transaction import SqliteTransaction
from tests.examples import examples
from tests.postgres import PostgresServer
from tests.unit.store.journaling.dicts import DictBackend, UnseeingBackend, take_heads
from tests.unit.store.journaling.programs import Programs
from tests.unit.store.journaling.tables import Tables

LONG_AGO = 1_000_000.0
"""The times of the operations here; where they say none, it is the time of the store."""
Rows = dict[str, list[tuple[Any, ...]]]


class CountedSalts(Salts):
    """Salts that are the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def next(self) -> bytes:
        self.count += 1
        return self.count.to_bytes(16, "big")


class SqliteBackend:
    """SQLite in memory."""

    def __init__(self, salts: Salts) -> None:
        self.connection = connect(":memory:", "process", wait=0.0)
        migrate(self.connection, ":memory:")
        self._salts = salts
        self._heads: dict[int, Head] = {}

    def join(self, worker: str) -> None:
        self.connection.execute("INSERT INTO workers (id, host, pid, born, beat) VALUES (?, '', 1, '', 1.0)", (worker,))

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        group = CommitTransaction(SqliteTransaction(self.connection), worker, self._heads, self._salts)
        with transaction(self.connection, ":memory:"):
            result = group.perform(operations)
        take_heads(self._heads, group)
        return result

    def strike(self, n: int) -> None:
        self.connection.execute("UPDATE runs SET strikes = strikes + 1 WHERE n = ?", (n,))

    def claim(self, worker: str, n: int) -> None:
        if claim(self.connection, worker, [n], ["work"]):
            self._heads.pop(n, None)


class PostgresBackend:
    """A schema of a PostgreSQL database."""

    def __init__(self, server: PostgresServer, salts: Salts) -> None:
        address = parsed(server.address())
        prepare(address)
        self.session = Session(address)
        self._salts = salts
        self._heads: dict[int, Head] = {}

    def join(self, worker: str) -> None:
        self._do("INSERT INTO workers (id, host, pid, born, beat) VALUES (%s, '', 1, '', 1.0)", worker)

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        groups: list[CommitTransaction] = []

        def work(connection: Connection) -> Committed:
            transaction = PostgresTransaction(PostgresStatements(connection), Named(operations))
            groups.append(CommitTransaction(transaction, worker, self._heads, self._salts))
            committed = groups[-1].perform(operations)
            transaction.finish()
            return committed

        with self.same_numbers():
            result = self.session.write(work)
        take_heads(self._heads, groups[-1])
        return result

    def strike(self, n: int) -> None:
        self._do("UPDATE runs SET strikes = strikes + 1 WHERE n = %s", n)

    def claim(self, worker: str, n: int) -> None:
        if self.session.write(lambda c: claimed_in_postgres(PostgresStatements(c), worker, [n], ["work"])):
            self._heads.pop(n, None)

    @contextmanager
    def same_numbers(self) -> Generator[None]:
        """Have numbers that were not used be given again, as dicts do: PostgreSQL counts on."""
        self._do(
            "SELECT setval('run_numbers', 1 + greatest(0, max(n)), false)"
            " FROM (SELECT n FROM runs UNION ALL SELECT number FROM pruned) u (n)"
        )
        counted = ("conversations_n_seq", "conversation_turns_n_seq")
        before = [(name, *self._rows(f"SELECT last_value, is_called FROM {name}")[0]) for name in counted]
        try:
            yield
        except Unwritable:
            for each in before:
                self._do("SELECT setval(%s::regclass, %s, %s)", *each)
            raise

    def rows(self) -> Rows:
        return rows_of(lambda query: self._rows(query.replace("parts,", "parts::text,")))

    def _do(self, query: str, *values: object) -> None:
        self.session.read(lambda connection: connection.execute(query.encode(), values or None))

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.session.read(lambda connection: connection.execute(query.encode(), binary=True).fetchall())


def of_sqlite(connection: sqlite3.Connection) -> Rows:
    return rows_of(lambda query: connection.execute(query).fetchall())


def rows_of(rows: Callable[[str], list[tuple[Any, ...]]]) -> Rows:
    return {
        "runs": rows(
            "SELECT n, id, version, state, epoch, owner, wake, wake_at, strikes, reason, ended_at, tag, parent, queue,"
            " generation, since"
            " FROM runs ORDER BY n"
        ),
        "left": rows("SELECT n, facts, head FROM runs WHERE state NOT IN ('ready', 'running') ORDER BY n"),
        "facts": rows(
            "SELECT place, kind, key, at, epoch, hash, digest, salt, body, payload, blob FROM facts ORDER BY place"
        ),
        "blobs": rows("SELECT hash, body FROM blobs ORDER BY hash"),
        "signals": rows("SELECT run, id, kind, name, at, body, taken FROM signals ORDER BY run, n"),
        "questions": [
            (*row[:4], decode(row[4]), decode(row[5]), *row[6:])
            for row in rows(
                "SELECT id, run, run_id, text, subject, schema, quorum, deadline, state, assignee FROM questions"
                " ORDER BY id"
            )
        ],
        "answers": rows("SELECT question, by, value, at, salt, digest FROM answers ORDER BY question, by"),
        "remarks": rows(
            "SELECT id, question, by, at, text, assignee, salt, digest FROM remarks ORDER BY question, id"
        ),
        "budgets": rows(
            "SELECT id, usd_limit, tokens_limit, calls_limit, usd_reserved, tokens_reserved, calls_reserved, usd_spent,"
            " tokens_spent, calls_spent, usd_wanted, tokens_wanted, calls_wanted, usd_in_doubt FROM budgets ORDER BY id"
        ),
        "reservations": [
            (*row[:2], [tuple(part) for part in decode(row[2])], row[3])
            for row in rows("SELECT id, run, parts, escrow FROM reservations ORDER BY id")
        ],
        "ledger": rows("SELECT n, run, facts, head, state, hash FROM ledger ORDER BY n"),
        "pruned": rows("SELECT number, run, facts, head FROM pruned ORDER BY number"),
        "kept": rows("SELECT digest, run, until FROM answers_kept ORDER BY digest"),
        "book": [
            (row[0], None if row[1] > LONG_AGO else row[1], *row[2:])
            for row in rows(
                'SELECT position, at, type, run, root, workflow, tenant, principal, question, "to", assignee,'
                " content FROM events ORDER BY position"
            )
        ],
        "events": rows("SELECT run, number, epoch, text FROM stream_events ORDER BY run, number"),
        "event_heads": rows("SELECT run, epoch, last, until FROM stream_heads ORDER BY run"),
        "conversations": rows(
            "SELECT n, tenant, name, principal, revision, created_at, changed_at, forked_from, forked_at"
            " FROM conversations ORDER BY n"
        ),
        "messages": rows(
            "SELECT place, author, run, number, key, at, message FROM conversation_messages ORDER BY place"
        ),
        "turns": rows("SELECT n, conversation, run, key, within FROM conversation_turns ORDER BY n"),
    }  # fmt: skip


def of_dicts(tables: Tables) -> Rows:
    runs = [row for _, row in sorted(tables.runs.items())]
    gone = [row for row in runs if row.state not in (RunState.READY, RunState.RUNNING)]
    questions = [each for _, each in sorted(tables.questions.items())]
    return {
        "runs": [
            (row.n, row.run.id, row.version, row.state, row.epoch, row.owner, row.wake, row.wake_at, row.crash_count,
             row.reason, row.ended_at, row.run.tag, row.run.parent, row.run.queue, row.generation, row.since)
            for row in runs
        ],
        "left": [(row.n, *row.head) for row in gone],
        "facts": [
            (place, fact.kind, fact.key, fact.at, fact.epoch, fact.hash, fact.digest, fact.salt, fact.body,
             fact.payload, fact.blob) for place, fact in sorted(tables.facts.items())
        ],
        "blobs": sorted(tables.blobs.items()),
        "signals": [
            (*row, int((n, row.id) in tables.taken))
            for n, inbox in sorted(tables.signals.items()) for row in inbox.values()
        ],
        "questions": [
            (row.id, row.run, row.run_id, row.text, decode(row.subject), decode(row.schema), row.quorum, row.deadline,
             each.state, row.assignee) for each in questions for row in [each.row]
        ],
        "answers": [(each.row.id, *row) for each in questions for _, row in sorted(each.answers.items())],
        "remarks": [tuple(row) for each in questions for row in sorted(each.remarks)],
        "budgets": [
            (name, *row.limits, *row.reserved, *row.spent, *row.wanted, row.in_doubt)
            for name, row in sorted(tables.budgets.items())
        ],
        "reservations": [
            (row.id, row.run, list(row.parts), int(row.escrow)) for _, row in sorted(tables.reservations.items())
        ],
        "ledger": [tuple(row) for row in tables.ledger],
        "pruned": [(n, each.run, each.facts, each.head) for n, each in sorted(tables.pruned.items())],
        "kept": [(key[3], each.run, each.until) for key, each in sorted(tables.kept.items())],
        "book": list(tables.book),
        "events": [(*at, *each) for at, each in sorted(tables.events.items())],
        "event_heads": [(run, *head) for run, head in sorted(tables.event_heads.items())],
        "conversations": [
            (n, each.row.tenant, each.row.name, each.row.principal, each.row.revision, each.created_at,
             each.changed_at, *(each.forked or (None, None)))
            for n, each in sorted(tables.conversations.items())
        ],
        "messages": [
            ((n << 24) + row.place, *row[2:8])
            for n, each in sorted(tables.conversations.items()) for row in each.messages
        ],
        "turns": [tuple(row) for _, row in sorted(tables.turns.items())],
    }  # fmt: skip


def both(
    one: SqliteBackend | PostgresBackend | DictBackend, other: DictBackend, worker: str, operations: Sequence[Operation]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return all that two backends say of a commit."""
    said: list[dict[str, Any]] = []
    for backend in (one, other):
        try:
            committed = backend.commit(worker, operations)
        except (InvalidValue, Unwritable) as error:
            said.append({"error": str(error)})
        else:
            said.append({name: getattr(committed, name) for name in Committed.__slots__})
    return said[0], said[1]


def assert_same(
    backend: SqliteBackend | PostgresBackend, dicts: DictBackend, chance: Random, commits: int, rows: Callable[[], Rows]
) -> None:
    """Have a backend and dicts commit the same."""
    programs = Programs(chance)
    for worker in ("w_1", "w_2"):
        backend.join(worker)
        dicts.tables.workers.add(worker)
    for _ in range(commits):
        worker = chance.choice(["w_1", "w_1", "w_1", "w_2"])
        for n in dicts.tables.runs:
            if chance.random() < 0.1:
                backend.strike(n)
                dicts.strike(n)
        for n in dicts.ready():
            if chance.random() < 0.6:
                backend.claim(worker, n)
                dicts.claim(worker, n)
        operations = programs.group(dicts.tables)
        one, other = both(backend, dicts, worker, operations)
        assert one == other, operations
        assert rows() == of_dicts(dicts.tables), operations


@given(seed=st.integers(0, 1 << 32), commits=st.integers(1, 30))
@settings(max_examples=examples(200), deadline=None, phases=[Phase.generate])
def test_two_backends_make_the_same_of_the_same_operations(seed: int, commits: int) -> None:
    sqlite = SqliteBackend(CountedSalts())
    with closing(sqlite.connection):
        assert_same(
            sqlite, DictBackend(CountedSalts()), Random(seed), commits, lambda: of_sqlite(sqlite.connection)
        )  # fmt: skip


@given(seed=st.integers(0, 1 << 32), commits=st.integers(1, 30))
@settings(max_examples=examples(10), deadline=None, phases=[Phase.generate])
def test_postgresql_makes_the_same_of_the_same_operations(postgres: PostgresServer, seed: int, commits: int) -> None:
    backend = PostgresBackend(postgres, CountedSalts())
    with closing(backend.session):
        assert_same(backend, DictBackend(CountedSalts()), Random(seed), commits, backend.rows)


@given(seed=st.integers(0, 1 << 32), commits=st.integers(1, 30))
@settings(max_examples=examples(80), deadline=None, phases=[Phase.generate])
def test_it_makes_no_difference_whether_a_store_is_asked_ahead(seed: int, commits: int) -> None:
    chance, salts = Random(seed), (CountedSalts(), CountedSalts())
    ahead, late, programs = DictBackend(salts[0]), UnseeingBackend(salts[1]), Programs(chance)
    for backend in (ahead, late):
        backend.tables.workers.add("w_1")
    for _ in range(commits):
        for n in ahead.ready():
            if chance.random() < 0.6:
                ahead.claim("w_1", n)
                late.claim("w_1", n)
        operations = programs.group(ahead.tables)
        one, other = both(ahead, late, "w_1", operations)
        assert one == other, operations
        assert of_dicts(ahead.tables) == of_dicts(late.tables), operations
