"""Opening a store on PostgreSQL: what is refused, how it is migrated, and what the server's errors mean to a user."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors, sql

from podium.errors import InvalidValue, NotAStore, PodiumError, StoreBusy, StoreLost, StoreUnavailable, Unwritable
from podium.store.postgres.address import Address
from podium.store.postgres.columns import register_columns
from podium.store.postgres.sql import migrations

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 10
_IDLE_SECONDS = 30
"""The server ends a transaction of whose process it heard nothing for so long, and with it what that has locked."""
_OLDEST_SERVER = 150_000
_PROBE = "podium.probe"
"""A setting of ours, to see whether two connections are one to the server."""
_VALUES = (
    UnicodeError, OverflowError, psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded,
)  # fmt: skip
_DROPPED = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn)


def translate(error: Exception, name: str) -> PodiumError:
    """Return our error for one of the server's, or for a value that it cannot take."""
    told = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    match error:
        case InvalidValue():
            return Unwritable(str(error))
        case _ if isinstance(error, _VALUES):
            return Unwritable(f"a value cannot be stored or looked up: {type(error).__name__}: {told}")
        case _ if isinstance(error, _DROPPED):
            return StoreLost(
                f"tables of the store {name} are not there any more ({told}). Nothing more is recorded in it. "
                "Restore a backup, then open the app anew."
            )
        case errors.DiskFull():
            return StoreUnavailable(f"the disk of {name} is full. Nothing recorded is lost; make room and start again.")
        case errors.ReadOnlySqlTransaction() | errors.InsufficientPrivilege():
            return StoreUnavailable(f"the store {name} cannot be written: {told}.")
        case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure():
            return StoreBusy(f"the store {name} is being written by other processes: {told}")
        case _:
            return StoreUnavailable(f"the store {name} cannot be used: {told}")


@contextmanager
def translated(name: str) -> Generator[None]:
    """Raise our errors instead of the server's."""
    try:
        yield
    except (psycopg.Error, *_VALUES) as error:
        raise translate(error, name) from error


def connect(address: Address) -> Connection:
    """Open a connection on which each statement is a transaction of its own; raises psycopg.Error or StoreUnavailable.

    A server that is gone without a word is noticed after some seconds.
    """
    connection = psycopg.connect(
        address.server, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="podium",
        client_encoding="utf8", keepalives_idle=10, keepalives_interval=5, keepalives_count=3,
    )  # fmt: skip
    try:
        _set_up(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: Connection, address: Address) -> None:
    version = connection.info.server_version
    if version < _OLDEST_SERVER:
        raise StoreUnavailable(f"{address.name} is PostgreSQL {version // 10_000}; the store needs 15 or newer.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreUnavailable(
            f"the database of {address.name} is encoded as {encoding}, which cannot hold every text. "
            "Create one with ENCODING 'UTF8'."
        )
    register_columns(connection)
    settings = {
        "search_path": _quoted(address.schema), "synchronous_commit": "on", "jit": "off", "timezone": "UTC",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
    }  # fmt: skip
    calls = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, false)")] * len(settings))
    connection.execute(sql.SQL("SELECT {}").format(calls), [part for pair in settings.items() for part in pair])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def prepare(address: Address) -> None:
    """Make sure that the schema is a store of this version: create or migrate it, or refuse it with a reason."""
    with translated(address.name), connect(address) as connection:
        _refuse_pooled(connection, address)
        _migrate(connection, address)


def _refuse_pooled(connection: Connection, address: Address) -> None:
    """Raise StoreUnavailable where a pooler gives a connection of the server to another client between transactions.

    There nothing holds that belongs to a session: the path to our tables, time limits, what is listened to.
    """
    mark = secrets.token_hex(8)
    connection.execute("SELECT set_config(%s, %s, false)", (_PROBE, mark))
    with connect(address) as other, other.transaction():
        shared = _mark(other) == mark
        if not shared and _mark(connection) == mark:
            return
    raise StoreUnavailable(
        f"{address.name} is reached over a pooler that gives connections away between transactions. "
        "Have it pool sessions (pool_mode = session in PgBouncer), or name the server itself."
    )


def _mark(connection: Connection) -> str | None:
    row = connection.execute("SELECT current_setting(%s, true)", (_PROBE,)).fetchone()
    return None if row is None else row[0]


def _migrate(connection: Connection, address: Address) -> None:
    """Bring the schema to this version, in one transaction and one process at a time."""
    if _version(connection, address) == migrations()[-1][0]:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"podium:{address.schema}",))
        have = _version(connection, address)
        if not have:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(address.schema)))
            connection.execute("CREATE TABLE podium_store (version bigint NOT NULL)")
            connection.execute("INSERT INTO podium_store VALUES (0)")
        for number, text in migrations():
            if number > have:
                connection.execute(text.encode())
                connection.execute("UPDATE podium_store SET version = %s", (number,))


def _version(connection: Connection, address: Address) -> int:
    """Return the number of the last migration made; raises NotAStore where the schema is somebody else's."""
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE c.relname = 'podium_store') FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm')",
        (address.schema,),
    ).fetchone()
    there, ours = row or (0, 0)
    if there and not ours:
        raise NotAStore(
            f"{address.name} is not a Podium store: the schema has tables of another program. "
            "Name another one with ?schema=NAME."
        )
    if not ours:
        return 0
    found = connection.execute("SELECT version FROM podium_store").fetchone()
    version, newest = 0 if found is None else found[0], migrations()[-1][0]
    if version > newest:
        raise NotAStore(
            f"{address.name} is of a newer Podium (schema {version}, this one knows {newest}). Update Podium."
        )
    return version
