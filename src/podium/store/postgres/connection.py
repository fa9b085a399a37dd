"""Opening a store on PostgreSQL: what is refused, how it is migrated, and what the server's errors mean to a user."""

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from podium.errors import InvalidValue, NotAStore, PodiumError, StoreBusy, StoreLost, StoreUnavailable, Unwritable
from podium.store.postgres.address import Address
from podium.store.postgres.columns import register_columns
from podium.store.postgres.sql import migrations, statement
from podium.store.postgres.watched import SILENCE_SECONDS, WatchedConnection, own_name

Connection: TypeAlias = WatchedConnection

_CONNECT_SECONDS = 10
_LINE = {
    "connect_timeout": _CONNECT_SECONDS, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip
"""How a machine that is gone without a word is noticed, unless the address says otherwise."""
_SESSION = {
    "jit": "off", "timezone": "UTC", "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
}  # fmt: skip
"""What the server is told: also when to end a transaction whose process stands still, or whose machine is gone."""
_OLDEST_SERVER = 150_000
_PROBE = "podium.probe"
"""A setting of ours, to see whether two connections are one to the server."""
_POOLED_TRIES = 100
_VALUES = (
    UnicodeError, OverflowError, psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded,
)  # fmt: skip
_DROPPED = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn)


def translate(error: Exception, name: str) -> PodiumError:
    """Return our error for one of the server's, or for a value that it cannot take."""
    told = _first_line(error)
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
            return StoreUnavailable(f"the disk of {name} is full. Nothing recorded is lost; make room and try again.")
        case errors.InsufficientPrivilege():
            return StoreUnavailable(
                f"the user of the store {name} may not do this: {told}. Grant it the right, or name another user."
            )
        case errors.ReadOnlySqlTransaction():
            return StoreUnavailable(f"the store {name} cannot be written: {told}.")
        case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure():
            return StoreBusy(f"the store {name} is being written by other processes: {told}")
        case _:
            return StoreUnavailable(f"the store {name} cannot be used: {told}")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def translated(name: str) -> Generator[None]:
    """Raise our errors instead of the server's."""
    try:
        yield
    except (psycopg.Error, *_VALUES) as error:
        raise translate(error, name) from error


def connect(address: Address, *, silence: float = SILENCE_SECONDS, waits_for_disk: bool = True) -> Connection:
    """Open a connection on which each statement is a transaction of its own; raises psycopg.Error or StoreUnavailable.

    Of several servers the first is taken that can be reached, and that goes on from what this process has seen. One
    that has not answered for `silence` seconds is asked what it does.
    """

    def ready(server: str) -> Connection:
        connection = _bare(server, silence)
        try:
            _set_up(connection, address, "on" if waits_for_disk else "off")
        except BaseException:
            connection.close()
            raise
        return connection

    return _first_of(address, ready)


def _first_of(address: Address, opened: Callable[[str], Connection]) -> Connection:
    failed: list[Exception] = []
    for server in address.servers or (address.server,):
        try:
            return opened(server)
        except (psycopg.OperationalError, StoreUnavailable) as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    told = "; ".join(_first_line(each) for each in failed)
    raise psycopg.OperationalError(f"none of its servers can be used: {told}") from failed[-1]


def _bare(server: str, silence: float = SILENCE_SECONDS) -> Connection:
    """Open a connection on which nothing is set yet."""
    given = conninfo_to_dict(server)
    line = {**_LINE, "connect_timeout": min(_CONNECT_SECONDS, max(2, int(silence)))}
    ours = {name: value for name, value in line.items() if name not in given}
    named = make_conninfo(server, client_encoding="utf8", application_name=own_name(), **ours)
    connection = WatchedConnection.connect(named, autocommit=True)
    connection.silence = silence
    connection.server = server
    try:
        connection.backend = _backend(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _backend(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return 0 if row is None else row[0]


def _set_up(connection: Connection, address: Address, synchronous_commit: str) -> None:
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
    settings = {**_SESSION, "search_path": _quoted(address.schema), "synchronous_commit": synchronous_commit}
    calls = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, false)")] * len(settings))
    connection.execute(sql.SQL("SELECT {}").format(calls), [part for pair in settings.items() for part in pair])
    _refuse_older(connection, address)


def _refuse_older(connection: Connection, address: Address) -> None:
    """Raise OperationalError where a server was left behind: another one went on from what it has."""
    try:
        row = connection.execute(statement("server_timeline")).fetchone()
    except (errors.InsufficientPrivilege, errors.UndefinedFunction, errors.FeatureNotSupported):
        return  # a service that does not tell
    if row is not None and row[1] is not None and not address.timelines.goes_on(*row):
        raise psycopg.OperationalError(
            f"a server of {address.name} is on timeline {row[1]}, and another one has gone on from there: what was "
            "recorded since is not on it. Make it a standby of the other one, or take it out of the address"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def prepare(address: Address, *, make: bool = True) -> None:
    """Make sure that the schema is a store of this version: create or migrate it, or refuse it with a reason."""
    with translated(address.name):
        refuse_pooled(address)
    with translated(address.name), connect(address) as connection:
        if not make and not _version(connection, address):
            raise StoreUnavailable(
                f"there is no store at {address.name} yet. `podium run` makes one; --store names another."
            )
        migrate(connection, address)


def refuse_pooled(address: Address) -> None:
    """Raise StoreUnavailable where a pooler gives a connection of the server to another client between transactions.

    There nothing holds that belongs to a session: the path to our tables, time limits, what is listened to. So nothing
    is set before this is known: what is set there, others would find. A pooler gives itself away by another number of
    the connection than the server has for it, and is then tried often, as it may have many connections to give.
    """
    mark = secrets.token_hex(8)
    with _first_of(address, _bare) as one, _first_of(address, _bare) as other:
        one.prepare_threshold = other.prepare_threshold = None
        one.execute("SELECT set_config(%s, %s, false)", (_PROBE, mark))
        for _ in range(1 if one.info.backend_pid == one.backend else _POOLED_TRIES):
            with other.transaction():
                if _mark(other) == mark or _mark(one) != mark:
                    break
        else:
            return
    raise StoreUnavailable(
        f"{address.name} is reached over a pooler that gives connections away between transactions. "
        "Have it pool sessions (pool_mode = session in PgBouncer), or name the server itself."
    )


def _mark(connection: Connection) -> str | None:
    row = connection.execute("SELECT current_setting(%s, true)", (_PROBE,)).fetchone()
    return None if row is None else row[0]


def migrate(connection: Connection, address: Address) -> None:
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
    table = sql.Identifier(address.schema, "podium_store")  # by the path, who may not use the schema finds none in it
    found = connection.execute(sql.SQL("SELECT version FROM {}").format(table)).fetchone()
    version, newest = 0 if found is None else found[0], migrations()[-1][0]
    if version > newest:
        raise NotAStore(
            f"{address.name} is of a newer Podium (schema {version}, this one knows {newest}). Update Podium."
        )
    return version
