"""All of a store is moved, from SQLite to PostgreSQL and back: whoever looks sees no difference."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from podium.errors import MoveInDoubt, NotPossible, StoreError, StoreMoved, StoreUnavailable
from podium.operations import moving
from podium.operations.moving import move_store, undo_move
from podium.reports.audit import audit
from podium.store.moving import moved_from, moved_to, place_of
from podium.store.opening import open_existing, open_store
from podium.store.postgres import moving as on_server
from podium.store.postgres.connection import Connection
from podium.store.protocol import Drain, Serves, Store
from podium.store.sqlite.moving import MovedSqlite
from podium.store.sqlite.store import SqliteStore
from podium.store.tables.moving import MovedStore, copy_all
from podium.store.tables.statements import Row
from podium.testing.contracts.hand import Hand, fact, new_run
from tests.examples import some
from tests.postgres import PostgresServer
from tests.unit.store.postgres.test_reads import answers, fill

NOW = 2_000.0
TEXTS = ["", "a", "é\U0001f600", "B%_\\", "'quoted\"", "two\nlines", "\u0000"]
Make = Callable[[Random, int], object]


def text(chance: Random, n: int) -> str:
    return f"{n} {chance.choice(TEXTS[:-1])}"


def digest(chance: Random, n: int) -> bytes:
    return b"%d" % n + chance.randbytes(30)


OF_TYPE: dict[str, Make] = {
    "TEXT": text,
    "INTEGER": lambda chance, n: n * 1_000 + chance.randrange(1_000),
    "REAL": lambda chance, n: n + chance.random(),
    "BLOB": lambda chance, _: chance.randbytes(chance.choice([0, 1, 40_000])),
}
SPECIAL: dict[tuple[str, str], Make] = {
    ("memory", "key"): lambda chance, n: f"{n}{chance.choice(TEXTS)}",
    ("memory", "value"): lambda chance, n: json.dumps({"said": f"word{n}", "n": chance.random()}).encode(),
    ("memory_gone", "id"): lambda _, n: n,
    ("reservations", "parts"): lambda _, n: json.dumps([["run:a", n, 2, 3], ["day", 1, 0, 0]]),
    ("budget_waits", "holds"): lambda _, n: json.dumps([f"h{n}", 'a"b', ""]),
    ("facts", "kind"): lambda chance, _: chance.choice([2, 28]),
    ("facts", "body"): lambda _, n: json.dumps({"n": n}).encode(),
    ("facts", "blob"): digest,
    ("memory_vectors", "n"): lambda _, n: n,
    ("memory", "n"): lambda _, n: n,
    **{("answers_vectors", key): lambda _, n: str(n) for key in ("digest", "agent", "version", "tenant")},
    **{("answers_kept", key): lambda _, n: str(n) for key in ("digest", "agent", "version", "tenant")},
    **{key: lambda chance, _: chance.randrange(2) for key in (
        ("signals", "taken"), ("reservations", "escrow"), ("budget_questions", "raised"),
    )},
}  # fmt: skip
"""Columns that mean something to a database."""


def random_rows(db: sqlite3.Connection, table: str, columns: Sequence[str], chance: Random) -> Iterator[Row]:
    stored = "conversation_said" if table == "conversation_messages" else table
    info = {row[1]: row for row in db.execute(f"PRAGMA table_info({stored})")}
    most = {"memory_gone": 1, "memory": 8, "answers_kept": 8}.get(table) or chance.randrange(2, 9)
    for n in range(1, most + 1):
        row: list[object] = []
        for column in columns:
            _, _, kind, required, _, key = info[column]
            optional = not (required or key) and (table, column) not in SPECIAL and chance.random() < 0.4
            make = SPECIAL.get((table, column)) or (digest if key and kind == "BLOB" else OF_TYPE[kind])
            row.append(None if optional else make(chance, n))
        yield tuple(row)


def fill_all(path: Path, chance: Random) -> None:
    """Have every table of a store hold rows of every shape that its schema allows."""
    SqliteStore(str(path)).close()
    with closing(sqlite3.connect(path)) as db, db:
        store = MovedSqlite(db)
        for table, columns in store.columns().items():
            store.write(table, columns, random_rows(db, table, columns, chance))
        store.go_on_after({"conversations": 77, "memory_vectors": 99})
        store.index_words()


def contents(path: Path) -> dict[str, list[object]]:
    """Return all that is in a store's file, by table, but for costs, words and how messages are stored."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
            "AND name NOT IN ('conversation_said', 'moved', 'run_costs', 'sqlite_schema') "
            "AND name NOT LIKE 'sqlite_stat%'"
        )]  # fmt: skip
        return {
            name: sorted(map(plain, db.execute(f"SELECT * FROM {name}")), key=repr)
            for name in (*names, "conversation_messages")
        }  # fmt: skip


def plain(row: Row) -> Row:
    """Return a row with JSON as it is read, and sequences as far as they count."""
    return tuple(json.loads(each) if isinstance(each, str) and each.startswith("[[") else each for each in row)


def move(source: str, target: str) -> None:
    asyncio.run(move_store(source, target, by="ann", now=NOW))


@pytest.mark.more
@pytest.mark.parametrize("seed", some(range(8), one_in=4))
def test_every_row_of_every_table_comes_back_as_it_was(seed: int, tmp_path: Path, postgres: PostgresServer) -> None:
    first, back, server = tmp_path / "first.db", tmp_path / "back.db", postgres.address()
    fill_all(first, Random(seed))
    before = contents(first)
    assert all(before.values())
    move(str(first), server)
    move(server, str(back))
    after = contents(back)
    assert {name for name in before if before[name] != after[name]} <= {"sqlite_sequence", "workers"}
    sequences = dict(before["sqlite_sequence"])  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert dict(after["sqlite_sequence"]) == sequences  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_the_two_backends_have_the_same_tables_but_for_what_the_move_knows(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    address = postgres.address()
    open_store(address).close()
    SqliteStore(str(tmp_path / "a.db")).close()
    with moved_from(address) as ours, moved_from(str(tmp_path / "a.db")) as theirs:
        known = {table: sorted(columns) for table, columns in theirs.columns().items()}
        assert {table: sorted(columns) for table, columns in ours.columns().items()} == known
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("CREATE TABLE later (n INTEGER)")
    with pytest.raises(StoreError, match="do not have the same tables: later"):
        move(str(tmp_path / "a.db"), postgres.address())


@pytest.mark.parametrize("pair", ["sqlite to sqlite", "sqlite to postgresql", "postgresql to postgresql"])
def test_whoever_asks_is_answered_alike_and_all_is_as_provable(
    tmp_path: Path, postgres: PostgresServer, pair: str
) -> None:
    source, target = (postgres.address() if end == "postgresql" else str(tmp_path / f"{n}.db")
                      for n, end in enumerate(pair.split(" to ")))  # fmt: skip
    seed = 3
    with closing(open_store(source)) as store:
        hand = Hand(store)
        fill(hand, Random(seed))
        asyncio.run(remember(store))
        store.workers.drain("w_1", Drain(by="ann", why="deploy", at=100.0))
        store.workers.leave("w_1")
        told, found = asyncio.run(answers(store, Random(seed))), asyncio.run(audit(store))
    move(source, target)
    with closing(open_store(target)) as store:
        for (asked, expected), (_, answer) in zip(told, asyncio.run(answers(store, Random(seed))), strict=True):
            assert answer == expected, asked
        assert asyncio.run(audit(store)) == found
        assert [entry.key for entry in asyncio.run(store.memory.search("s", "apples"))] == ["fruit\0"]
        fill_on(Hand(store, "w_2"))
        later = [fault for fault in asyncio.run(audit(store)).faults if "later" not in fault.where]
        assert later == found.faults
    with closing(open_store(source)) as store, pytest.raises(StoreMoved, match=r"was given over to .* by ann"):
        store.workers.join("w_9", NOW, Serves())
    asyncio.run(undo_move(source))
    with closing(open_store(source)) as store:
        store.workers.join("w_9", NOW, Serves())
    with pytest.raises(NotPossible, match="was not moved"):
        asyncio.run(undo_move(source))


async def remember(store: Store) -> None:
    await store.memory.put("s", "fruit\0", "apples and pears", writer="w")
    await store.memory.put("s", "other", ["nuts"], writer="w")


def fill_on(hand: Hand) -> None:
    """Have all that is numbered go on."""
    number = hand.start(new_run("later"))
    hand.write(number, fact())
    hand.signal("later")
    hand.finish(number)
    asyncio.run(remember(hand.store))
    hand.store.workers.leave(hand.worker)


def test_nothing_is_moved_while_somebody_drives_runs(tmp_path: Path) -> None:
    source, target = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    with closing(open_store(source)) as store:
        store.workers.join("w_1", NOW - 1.0)
        with pytest.raises(NotPossible, match=r"others drive runs on the store: w_1 \(pid"):
            move(source, target)
        store.workers.beat("w_1", NOW)  # it was not disturbed
    assert not Path(target).exists()


def test_a_worker_whose_clock_is_behind_is_not_taken_for_gone(tmp_path: Path) -> None:
    source, target = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    with closing(open_store(source)) as store:
        store.workers.join("w_1", NOW - 3_600.0)
        with pytest.raises(NotPossible, match=r"others drive runs on the store: w_1 \(pid"):
            move(source, target)
        assert store.workers.beat("w_1", NOW) is not None  # it was not disturbed
    assert not Path(target).exists()


def test_who_stood_still_during_the_move_does_not_go_on_at_the_old_place(tmp_path: Path) -> None:
    source, target = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    with closing(open_store(source)) as store:
        store.workers.join("w_1", NOW - 60.0, Serves(lease=1e-9))
        move(source, target)
        assert store.workers.beat("w_1", NOW) is None
        with pytest.raises(StoreMoved):
            store.workers.join("w_2", NOW)


def test_a_store_that_was_moved_is_not_moved_to_a_second_place(tmp_path: Path, postgres: PostgresServer) -> None:
    for name, source in (("file", str(tmp_path / "a.db")), ("server", postgres.address())):
        open_store(source).close()
        first, second = str(tmp_path / f"{name}-1.db"), str(tmp_path / f"{name}-2.db")
        move(source, first)
        with pytest.raises(NotPossible, match=r"was moved to .*-1\.db already, by ann\. Move that one on"):
            move(source, second)
        assert not Path(second).exists()
        with (
            closing(open_store(source)) as store,
            pytest.raises(StoreMoved, match=r"-1\.db by ann.* move --undo FROM`"),
        ):
            store.workers.join("w_1", NOW)
        Path(first).unlink()  # as where the move was killed before it ended
        move(source, first)
        asyncio.run(undo_move(source))
        move(source, second)


class Broken(Exception):
    """Stands for whatever ends a move in its middle."""


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
@pytest.mark.parametrize("table", ["runs", "shared_states"])
def test_a_move_that_is_broken_off_leaves_nothing_and_a_second_one_works(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, target: str, table: str
) -> None:
    source = tmp_path / "a.db"
    fill_all(source, Random(1))
    to = postgres.address() if target == "postgresql" else str(tmp_path / "b.db")
    before, rows = contents(source), MovedSqlite.rows

    def breaking(store: MovedSqlite, name: str, columns: Sequence[str]) -> Iterator[Row]:
        yield from rows(store, name, columns)
        if name == table:
            raise Broken

    monkeypatch.setattr(MovedSqlite, "rows", breaking)
    with pytest.raises(Broken):
        move(str(source), to)
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))) == ["a.db"]
    with closing(open_store(str(source))) as store:
        store.workers.join("w_1", NOW - 60.0)  # it was not given over
        store.workers.leave("w_1")
    move(str(source), to)
    back = tmp_path / "back.db"
    move(to, str(back))
    after = contents(back)
    assert {name for name in before if before[name] != after[name]} <= {"workers"}


def test_a_file_that_is_half_written_is_no_store_and_goes(tmp_path: Path) -> None:
    found: list[object] = []

    def break_off() -> None:
        with closing(sqlite3.connect(tmp_path / ".b.db.moving")) as half:
            found.append(half.execute("PRAGMA application_id").fetchone()[0])
        raise Broken

    with pytest.raises(Broken), moved_to(str(tmp_path / "b.db")):
        break_off()
    assert found == [0]
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_has_anything_is_refused_and_the_source_stays_as_it_is(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    source, server = str(tmp_path / "a.db"), postgres.address()
    fill_all(tmp_path / "a.db", Random(1))
    with closing(open_store(server)) as store:
        store.workers.join("w_1", NOW - 60.0)
    with pytest.raises(NotPossible, match="not empty: there are rows in its table workers"):
        move(source, server)
    (tmp_path / "b.db").touch()
    with pytest.raises(NotPossible, match="is there already"):
        move(source, str(tmp_path / "b.db"))
    asyncio.run(move_store(source, str(tmp_path / "c.db"), by="ann", now=NOW))
    with pytest.raises(NotPossible):
        move(source, str(tmp_path / "c.db"))  # made again by mistake: runs go on there, and not here
    with closing(open_store(source)) as store, pytest.raises(StoreMoved, match=r"c\.db"):
        store.workers.join("w_1", NOW)


@pytest.mark.parametrize("schema", ["Staging", "odd%20%22x%27%25%20%C3%9C", "select", "a.b"])
def test_a_schema_may_have_any_name(tmp_path: Path, postgres: PostgresServer, schema: str) -> None:
    source, back, server = tmp_path / "a.db", tmp_path / "b.db", postgres.address(schema)
    with closing(open_store(str(source))) as store:
        fill(Hand(store), Random(3))
        store.workers.leave("w_1")
    move(str(source), server)
    move(server, str(back))
    assert contents(back)["facts"] == contents(source)["facts"] != []
    with closing(open_store(server)) as store:
        assert store.upkeep.scrub()
        store.upkeep.compact()


def test_a_row_that_is_not_written_as_it_was_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_all(tmp_path / "a.db", Random(1))
    write = MovedSqlite.write

    def wrong(store: MovedSqlite, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        first, *others = rows
        write(store, table, columns, [first, *(others[1:] if table == "signals" else others)])

    monkeypatch.setattr(MovedSqlite, "write", wrong)
    with pytest.raises(StoreError, match="the table signals is not what it was"):
        move(str(tmp_path / "a.db"), str(tmp_path / "b.db"))
    assert not (tmp_path / "b.db").exists()


def test_a_source_that_is_lost_once_all_is_at_the_target_does_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs would be driven in both places."""
    source, target = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    fill_all(tmp_path / "a.db", Random(1))

    @contextmanager
    def lost_at_last(address: str) -> Generator[MovedStore]:
        with moved_from(address) as store:
            yield store
        raise StoreUnavailable("lost")

    monkeypatch.setattr(moving, "moved_from", lost_at_last)
    move(source, target)
    with closing(open_store(target)) as store:
        store.workers.join("w_1", NOW)
    with closing(open_store(source)) as store, pytest.raises(StoreMoved):
        store.workers.join("w_2", NOW)


def test_an_address_is_told_without_its_password() -> None:
    assert place_of("postgresql://ann:secret@db/desk") == "postgresql://ann:***@db/desk"


def test_rows_are_copied_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read is written before more is read: so the memory that a move takes does not grow with the store."""
    SqliteStore(str(tmp_path / "a.db")).close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.executemany("INSERT INTO blobs VALUES (?, ?)", ((b"%d" % n, bytes(1_000)) for n in range(3_000)))
    rows, write, read, written = MovedSqlite.rows, MovedSqlite.write, list[int](), list[int]()

    def reading(store: MovedSqlite, table: str, columns: Sequence[str]) -> Iterator[Row]:
        for row in rows(store, table, columns):
            read.append(len(read) - len(written))
            yield row

    def writing(store: MovedSqlite, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        def each() -> Iterator[Row]:
            for row in rows:
                yield row
                written.append(1)  # asked for the next one: this one is written

        write(store, table, columns, each())

    monkeypatch.setattr(MovedSqlite, "rows", reading)
    monkeypatch.setattr(MovedSqlite, "write", writing)
    with moved_from(str(tmp_path / "a.db")) as old, moved_to(str(tmp_path / "b.db")) as new:
        assert copy_all(old, new)["blobs"] == 3_000
    assert len(written) == 3_000
    assert max(read[:3_000]) <= 1


def lost(monkeypatch: pytest.MonkeyPatch, *, commits: bool) -> None:
    """Have the connection of a move be lost as it is committed, and the commit be made or not."""
    execute = Connection.execute

    def losing(connection: Connection, query: Any, *rest: Any, **more: Any) -> Any:
        if query == "COMMIT":
            if commits:
                execute(connection, query)
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return execute(connection, query, *rest, **more)

    monkeypatch.setattr(Connection, "execute", losing)


@pytest.mark.parametrize("commits", [True, False])
def test_where_the_answer_to_the_commit_is_lost_it_is_found_out_what_came_of_it(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, *, commits: bool
) -> None:
    source, target = str(tmp_path / "a.db"), postgres.address()
    open_store(source).close()
    with monkeypatch.context() as patch:
        lost(patch, commits=commits)
        with nullcontext() if commits else pytest.raises(StoreUnavailable, match="closed the connection"):
            move(source, target)
    with closing(open_store(source)) as store:
        assert (store.upkeep.given_over() is not None) == commits
    with nullcontext() if commits else pytest.raises(StoreUnavailable, match="no store"):
        open_existing(target).close()


def test_where_nobody_tells_what_came_of_the_commit_nobody_goes_on_and_the_same_move_tells(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = str(tmp_path / "a.db"), postgres.address()
    with closing(open_store(source)) as store:
        hand = Hand(store)
        hand.start(new_run("r"), drive=False)
        store.workers.leave(hand.worker)
    with monkeypatch.context() as patch:
        lost(patch, commits=True)
        patch.setattr(on_server, "_ASKS_SECONDS", 0.0)
        with pytest.raises(MoveInDoubt, match="make the same move again"):
            move(source, target)
    with closing(open_store(source)) as store, pytest.raises(StoreMoved):
        store.workers.join("w_1", NOW)
    with pytest.raises(NotPossible, match="the target is not empty"):
        move(source, target)
    with closing(open_store(source)) as store, pytest.raises(StoreMoved):
        store.workers.join("w_1", NOW)
