"""Opening a store's file: what is refused, how it is migrated, and what SQLite's errors mean to a user."""

import sqlite3
import struct
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from podium.errors import NotAStore, PodiumError, StoreBusy, StoreDamaged, StoreUnavailable, Unwritable
from podium.model.audit import entry_hash
from podium.model.entered import grant_digest, revocation_digest
from podium.store.sqlite.sql import migrations, schema

T = TypeVar("T")

Durability = Literal["process", "power"]
"""`process` survives the death of the process (synchronous=NORMAL); `power` that of the machine (FULL)."""

APPLICATION_ID = 0x50_6F_64_69
"""Marks the file as ours: `Podi`."""

_SYNCHRONOUS = {"process": "NORMAL", "power": "FULL"}
_OPENING_SECONDS, _OPENING_PAUSE = 30.0, 0.02
_IDENTITY = """
    SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version
"""  # one statement sees one state: between two, another process may have made the store
_LOG_BYTES = 64 * 1024 * 1024
"""A log that grew longer, beside a long reader, is cut to this where it is begun anew."""
PAGE_BYTES = 1_024
"""The pages of a new store: most rows are small, and a commit writes all of each page that it touches."""
_RESERVED_ROWS = 800
_RESERVED_BYTES = 4_000
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
OF_A_VALUE = (
    UnicodeError, OverflowError, struct.error,
    sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError,
)  # fmt: skip
"""What SQLite and the chain raise because of one value: half surrogates, numbers beyond 64 bits, keys too long."""


def translate(error: Exception, path: str) -> PodiumError:
    """Return our error for one of SQLite's, or for a value that SQLite or the chain cannot take."""
    if isinstance(error, OF_A_VALUE) and "closed database" not in str(error):
        return Unwritable(f"a value cannot be stored or looked up: {type(error).__name__}: {error}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreBusy(f"the store {path} is being written by another process")
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStore(f"{path} is not a Podium store: it is no SQLite file. Name another file with --store.")
    if code in _DAMAGED:
        return StoreDamaged(f"the store {path} is damaged ({error}). Run `podium doctor`, or restore a backup.")
    if code == sqlite3.SQLITE_FULL:
        return StoreUnavailable(f"the disk of {path} is full. Nothing recorded is lost; make room and try again.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreUnavailable(f"the store {path} is read-only. Make it writable, or name another file with --store.")
    return StoreUnavailable(f"the store {path} cannot be used: {error}")


@contextmanager
def translated(path: str) -> Generator[None]:
    """Raise our errors instead of SQLite's."""
    try:
        yield
    except (sqlite3.Error, *OF_A_VALUE) as error:
        raise translate(error, path) from error


@contextmanager
def transaction(connection: sqlite3.Connection, path: str) -> Generator[sqlite3.Connection]:
    """Run a block in one write transaction, taken at its start; undone where the block raises."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def connect(path: str, durability: Durability, *, wait: float) -> sqlite3.Connection:
    """Open a connection that waits at most `wait` seconds for another writer."""

    def work() -> sqlite3.Connection:
        with translated(path):
            connection = sqlite3.connect(
                path, timeout=wait, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            try:
                connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
                connection.execute("PRAGMA cache_size = -32000")
                connection.execute("PRAGMA temp_store = MEMORY")
                connection.execute("PRAGMA secure_delete = ON")  # what is deleted or replaced is overwritten
            except sqlite3.Error:
                connection.close()
                raise
            return connection

    return _patiently(work)


def log_bytes(path: str) -> int:
    """Return the size of the write-ahead log; 0 while there is none, as after the last one closed the store."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def reserve_log(connection: sqlite3.Connection, path: str) -> None:
    """Have the write-ahead log own some space on the disk: syncing a file that does not grow takes half the time."""
    with translated(path):
        if log_bytes(path) >= _RESERVED_ROWS * _RESERVED_BYTES:
            return
        with transaction(connection, path):
            connection.execute("CREATE TABLE reserve (filler BLOB)")
            filler = [(_RESERVED_BYTES,)] * _RESERVED_ROWS
            connection.executemany("INSERT INTO reserve VALUES (zeroblob(?))", filler)
            connection.execute("DROP TABLE reserve")
        connection.execute("PRAGMA wal_checkpoint(RESTART)")


def prepare(path: str, durability: Durability, *, wait: float) -> sqlite3.Connection:
    """Make sure that the file is a store of this version: create or migrate it, or refuse it with a reason.

    Returns the connection, as of `connect`. It has read the write-ahead log: while it is open, nobody who closes the
    store deletes that.
    """
    if path != ":memory:" and not Path(path).parent.is_dir():
        raise StoreUnavailable(f"the folder of the store {path} does not exist. Make it, or name another with --store.")
    connection = connect(path, durability, wait=wait)
    try:
        _patiently(lambda: _prepare(connection, path))
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    with translated(path):
        _version(connection, path, migrations()[-1][0])  # first: somebody else's file is not to be changed
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, path)


def _patiently(work: Callable[[], T]) -> T:
    """Do what opens a store: while others open, close or recover it, SQLite says that it is busy without waiting."""
    end = time.monotonic() + _OPENING_SECONDS  # noqa: TID251 - other processes live in real time
    while True:
        try:
            return work()
        except StoreBusy:
            if time.monotonic() > end:  # noqa: TID251 - the same
                raise
            time.sleep(_OPENING_PAUSE)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the schema to this version, each step in a transaction of its own: a new store takes one step."""
    known = migrations()
    newest = known[-1][0]
    add_functions(connection)
    have = _version(connection, path, newest)
    before = (0, *(number for number, _ in known))
    for since, (number, text) in [(0, (newest, schema())), *zip(before, known, strict=False)]:
        if have != since:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection, path, newest) == since:
                for statement in text.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")
            have = _version(connection, path, newest)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that migrations use."""
    connection.create_function("audit_entry_hash", 6, entry_hash, deterministic=True)
    connection.create_function("audit_grant_digest", 8, grant_digest, deterministic=True)
    connection.create_function("audit_revocation_digest", 2, revocation_digest, deterministic=True)


def _version(connection: sqlite3.Connection, path: str, newest: int) -> int:
    """Return the number of the last migration made; raises NotAStore where the file is somebody else's."""
    application, version, tables = connection.execute(_IDENTITY).fetchone()
    if application != APPLICATION_ID and (tables or version or application):
        raise NotAStore(f"{path} is not a Podium store: it is the SQLite file of another program. Name another file.")
    if version > newest:
        raise NotAStore(f"{path} is of a newer Podium (schema {version}, this one knows {newest}). Update Podium.")
    return version
