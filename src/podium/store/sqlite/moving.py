"""A store in a file of SQLite whose rows are read or written as a whole."""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from podium.errors import NotPossible, StoreUnavailable
from podium.store.sqlite.connection import APPLICATION_ID, PAGE_BYTES, add_functions, connect, translated
from podium.store.sqlite.sql import migrations, schema
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.upkeep import new_file, put_in_place
from podium.store.sqlite.words import FullTextWords
from podium.store.tables.moving import JSON_COLUMNS, NOT_MOVED, NOT_MOVED_COLUMNS, Columns, index_entries, plain_json
from podium.store.tables.rows import plain_reason
from podium.store.tables.statements import Row

_TABLES = """
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name
"""
_STORED_AS = {"conversation_messages": "conversation_said"}
"""Where rows are written that are read from a view: a message may quote a fact, and is moved whole."""
_PLAIN: Mapping[tuple[str, str], Callable[[str], str]] = {
    **dict.fromkeys(JSON_COLUMNS, plain_json), ("runs", "reason"): plain_reason
}  # fmt: skip
"""What makes of the texts of a column what every database would have."""
_WAIT_SECONDS = 30.0
_NUMBERED = {"runs": "n", "memory": "n", "signals": "n"}
"""Tables whose rows have the number after the largest one; others have a sequence."""


class MovedSqlite:
    """Reads or writes on one connection, inside a transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self) -> Columns:
        """Return all tables that are moved; none refers to another by a constraint."""
        read_as = {stored: view for view, stored in _STORED_AS.items()}
        stored: list[str] = [name for (name,) in self._connection.execute(_TABLES) if name not in NOT_MOVED]
        return {read_as.get(name, name): self._columns(read_as.get(name, name)) for name in stored}

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """Give the rows of a table."""
        plain = {place: _PLAIN[table, column] for place, column in enumerate(columns) if (table, column) in _PLAIN}
        for row in self._connection.execute(f"SELECT {_listed(columns)} FROM {table}"):
            yield _with_plain(row, plain) if plain else row

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows."""
        stored, places = _STORED_AS.get(table, table), ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {stored} ({_listed(columns)}) VALUES ({places})", rows)

    def numbers(self) -> Mapping[str, int]:
        """Return the last number that was given to a row, by table."""
        known = {
            table: self._connection.execute(f"SELECT COALESCE(MAX({column}), 0) FROM {table}").fetchone()[0]
            for table, column in _NUMBERED.items()
        }
        return {**known, **dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence"))}

    def go_on_after(self, numbers: Mapping[str, int]) -> None:
        """Give rows other numbers than these, from now on."""
        for table, last in numbers.items():
            if table not in _NUMBERED and last:
                self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self._connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    def index_words(self) -> None:
        """Have the entries of the memory found by their words."""
        index_entries(self, SqliteStatements(self._connection), FullTextWords())

    def _columns(self, table: str) -> list[str]:
        names = (name for (name,) in self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))
        return [name for name in names if (table, name) not in NOT_MOVED_COLUMNS]


@contextmanager
def reading(path: Path) -> Generator[MovedSqlite]:
    """Read a store as it is at one moment."""
    with translated(str(path)), closing(connect(str(path), "process", wait=_WAIT_SECONDS)) as connection:
        connection.execute("BEGIN")
        yield MovedSqlite(connection)
        connection.execute("ROLLBACK")


@contextmanager
def writing(path: Path) -> Generator[MovedSqlite]:
    """Write a new file, which has its name once the block has ended well.

    Until then it goes by another name, and is no store. Raises NotPossible where there is such a file.
    """
    if path.exists():
        raise NotPossible(f"{path} is there already. Name another file.")
    if not path.parent.is_dir():
        raise NotPossible(f"the folder of {path} does not exist. Make it, or name another file.")
    half = path.with_name(f".{path.name}.moving")
    try:
        half.unlink(missing_ok=True)
        with translated(str(path)), closing(new_file(half)) as connection:
            _prepare(connection)
            yield MovedSqlite(connection)
            connection.execute(f"PRAGMA user_version = {migrations()[-1][0]}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")  # only now it is a store
            connection.execute("COMMIT")
        put_in_place(half, path, overwrite=False)
    except OSError as error:
        raise StoreUnavailable(f"the file {path} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = OFF")  # what is not written to its end is thrown away
    connection.execute("PRAGMA cache_size = -32000")
    add_functions(connection)
    connection.execute("BEGIN")
    for statement in schema().split(";\n"):
        connection.execute(statement)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _with_plain(row: Row, plain: Mapping[int, Callable[[str], str]]) -> Row:
    return tuple(plain[place](value) if place in plain else value for place, value in enumerate(row))
