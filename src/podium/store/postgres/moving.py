"""A store on PostgreSQL whose rows are read or written as a whole."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from podium.errors import MoveInDoubt
from podium.model.fact import FactKind
from podium.store.codec import decode
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect, migrate, refuse_pooled, translated
from podium.store.postgres.table_statements import TableStatements
from podium.store.postgres.words import WordTable
from podium.store.tables.moving import (
    JSON_COLUMNS,
    KEY_COLUMNS,
    NOT_MOVED,
    NOT_MOVED_COLUMNS,
    Columns,
    index_entries,
    plain_json,
)
from podium.store.tables.statements import Row

_OWN_TABLES = NOT_MOVED | {"batches", "podium_store", "memory_words"}
"""The sessions of this server, the version of the schema, and what `index_words` makes anew."""
_OWN_COLUMNS = NOT_MOVED_COLUMNS | {("facts", "turn"), ("memory", "words")}
"""What is told from the other columns."""
_SERIAL_RUNS = "run_numbers"
_NO_LIMIT = "SET idle_in_transaction_session_timeout = 0"
_ASKS_SECONDS = 60.0
"""For so long a server is asked what came of a commit, if it does not answer."""
_PAUSE_SECONDS = 0.2
_AT_ONCE = 100
"""So many rows are fetched at once; a payload that stands in its row has at most 32 KiB."""

Convert = Callable[[object], object]


class MovedPostgres:
    """Reads or writes on one connection, inside a transaction of the caller."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._types = {
            (table, column): kind
            for table, column, kind in TableStatements(connection).all("schema_columns")
            if table not in _OWN_TABLES and (table, column) not in _OWN_COLUMNS
        }

    def columns(self) -> Columns:
        """Return all tables that are moved, those first that others refer to."""
        found: dict[str, list[str]] = {table: [] for table in sorted({table for table, _ in self._types})}
        for (child,) in TableStatements(self._connection).all("schema_referring"):
            if child in found:
                found[child] = found.pop(child)  # to the end
        for table, column in self._types:
            found[table].append(column)
        return found

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """Give the rows of a table."""
        read = [self._read(table, column) for column in columns]
        wanted = sql.SQL(", ").join([asked for asked, _ in read])
        text = sql.SQL("SELECT {} FROM {}").format(wanted, sql.Identifier(table))
        with self._connection.cursor(f"moved_{table}", binary=True) as cursor:
            cursor.itersize = _AT_ONCE
            for row in cursor.execute(text):
                yield tuple(convert(value) for value, (_, convert) in zip(row, read, strict=True))

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows."""
        turns = table == "facts"
        names = [*columns, "turn"] if turns else columns
        text = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        kind, body = (columns.index("kind"), columns.index("body")) if turns else (0, 0)
        written = [self._written(table, column) for column in columns]
        with self._connection.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                values = [convert(value) for value, convert in zip(row, written, strict=True)]
                copy.write_row([*values, _turn(row[kind], row[body])] if turns else values)

    def numbers(self) -> Mapping[str, int]:
        """Return the last number that was given to a row, by table."""
        return {table: self._last(serial) for table, serial in self._serials().items()}

    def go_on_after(self, numbers: Mapping[str, int]) -> None:
        """Give rows other numbers than these, from now on."""
        for table, serial in self._serials().items():
            if last := numbers.get(table, 0):
                self._connection.execute("SELECT setval(%s::regclass, %s)", (serial, last))

    def index_words(self) -> None:
        """Have the entries of the memory found by their words."""
        index_entries(self, TableStatements(self._connection), WordTable())

    def _serials(self) -> dict[str, str]:
        found = dict(TableStatements(self._connection).all("schema_serials"))
        return {**found, "runs": _SERIAL_RUNS}

    def _last(self, serial: str) -> int:
        row = self._connection.execute("SELECT COALESCE(pg_sequence_last_value(%s::regclass), 0)", (serial,)).fetchone()
        return 0 if row is None else row[0]

    def _read(self, table: str, column: str) -> tuple[sql.Composable, Convert]:
        """Return how a column is asked for, and what makes of it what is moved."""
        name = sql.Identifier(column)
        if (table, column) in KEY_COLUMNS:
            return name, _text
        if (table, column) in JSON_COLUMNS:
            return sql.SQL("to_jsonb({})::text").format(name), lambda text: plain_json(str(text))
        if self._types[table, column] == "boolean":
            return sql.SQL("{}::integer").format(name), _same
        return name, _same

    def _written(self, table: str, column: str) -> Convert:
        if (table, column) in KEY_COLUMNS:
            return lambda text: str(text).encode()
        match self._types[table, column]:
            case "boolean":
                return bool
            case "text[]":
                return lambda text: json.loads(str(text))
            case _:
                return _same


@contextmanager
def reading(address: Address) -> Generator[MovedPostgres]:
    """Read a store as it is at one moment."""
    with translated(address.name), connect(address) as connection:
        connection.execute(_NO_LIMIT)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield MovedPostgres(connection)
        connection.execute("ROLLBACK")


@contextmanager
def writing(address: Address) -> Generator[MovedPostgres]:
    """Write a store in one transaction, which makes its schema too; it is there once the block has ended well.

    A store that has nothing in it may be there. Nobody else comes to it meanwhile. Where the connection is lost as it
    is committed, the server is asked what came of that; raises MoveInDoubt where it does not tell.
    """
    with translated(address.name), connect(address) as connection:
        refuse_pooled(address)
        connection.execute(_NO_LIMIT)
        connection.execute("BEGIN")
        try:
            migrate(connection, address)
            connection.execute("LOCK TABLE workers IN EXCLUSIVE MODE")
            yield MovedPostgres(connection)
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        _commit(connection, address)


def _commit(connection: Connection, address: Address) -> None:
    """Commit, and find out on another connection what came of it where this one is lost."""
    number = str(_one(connection, "SELECT pg_current_xact_id()::text"))
    try:
        connection.execute("COMMIT")
    except psycopg.OperationalError as error:
        if not _was_committed(address, number, error):
            raise


def _was_committed(address: Address, number: str, error: psycopg.Error) -> bool:
    """Whether a transaction was committed, once that is decided; raises MoveInDoubt where the server does not tell."""
    end = time.monotonic() + _ASKS_SECONDS  # noqa: TID251 - a server lives in real time
    while time.monotonic() < end:  # noqa: TID251 - the same
        try:
            with connect(address) as connection:
                said = _one(connection, "SELECT pg_xact_status(%s::text::xid8)", number)
        except psycopg.errors.InvalidParameterValue:
            return False  # another server, which has never heard of it
        except psycopg.OperationalError:
            said = None
        if said in ("committed", "aborted"):
            return said == "committed"
        time.sleep(_PAUSE_SECONDS)
    raise MoveInDoubt(
        f"the connection to {address.name} was lost as all was committed there, and it does not answer any more: "
        f"{error}. So nobody drives runs at either place now. Once it answers, make the same move again: where it says "
        "that the target is not empty, all is there, and runs go on there. Else it is made now."
    ) from error


def _one(connection: Connection, question: LiteralString, *values: object) -> object:
    row = connection.execute(question, values).fetchone()
    return None if row is None else row[0]


def _same(value: object) -> object:
    return value


def _text(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def _turn(kind: object, body: object) -> int | None:
    """Return the number of the conversation in which a fact says that a turn began."""
    return decode(body).get("n") if kind == FactKind.TURN and isinstance(body, bytes) and body else None
