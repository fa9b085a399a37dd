"""A transaction is made once, whatever becomes of its connection and of its answer."""

from collections.abc import Callable, Generator
from contextlib import closing
from socket import SHUT_RDWR, socket
from typing import Any

import psycopg
import pytest
from psycopg import errors

from podium.errors import StoreUnavailable, Unwritable
from podium.store.postgres import session as sessions
from podium.store.postgres.address import Address, parsed
from podium.store.postgres.connection import Connection, connect, prepare
from podium.store.postgres.listening import Listener
from podium.store.postgres.session import Session
from tests.postgres import PostgresServer


@pytest.fixture
def address(postgres: PostgresServer) -> Address:
    found = parsed(postgres.address())
    prepare(found)
    return found


@pytest.fixture
def session(address: Address) -> Generator[Session]:
    with closing(Session(address)) as session:
        yield session


def count(connection: Connection) -> int:
    connection.execute("UPDATE shared_states SET until = until + 1 WHERE name = 'count'")
    row = connection.execute("SELECT until FROM shared_states WHERE name = 'count'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def counted(address: Address) -> Callable[[], int]:
    with connect(address) as connection:
        connection.execute("INSERT INTO shared_states VALUES ('count', 0, '')")

    def counted() -> int:
        with connect(address) as connection:
            row = connection.execute("SELECT until FROM shared_states WHERE name = 'count'").fetchone()
        assert row is not None
        return int(row[0])

    return counted


class Losing:
    """Loses the connection once, before or after the server commits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
        self.lost = 0
        real: Any = psycopg.Connection.execute

        def execute(connection: Connection, query: object, *args: Any, **named: Any) -> Any:
            if query != "COMMIT" or self.lost:
                return real(connection, query, *args, **named)
            self.lost += 1
            if after:
                real(connection, query)
                connection.pgconn.pipeline_sync()
                connection.pgconn.flush()
                with psycopg.connect(connection.info.dsn, autocommit=True) as other:
                    _wait_until_idle(other, connection.info.backend_pid)
            with socket(fileno=connection.fileno()) as broken:
                broken.shutdown(SHUT_RDWR)
                broken.detach()
            return real(connection, query, *args, **named)

        monkeypatch.setattr(psycopg.Connection, "execute", execute)


def _wait_until_idle(connection: psycopg.Connection[Any], pid: int) -> None:
    query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
    while connection.execute(query, (pid,)).fetchone() != ("idle",):
        pass


@pytest.mark.parametrize("after", [False, True])
def test_a_transaction_is_made_once_when_its_connection_is_lost_at_the_commit(
    session: Session, counted: Callable[[], int], monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    assert session.write(count) == 1
    losing = Losing(monkeypatch, after=after)
    assert session.write(count) == 2
    assert losing.lost == 1
    assert counted() == 2
    assert session.write(count) == 3


def test_a_connection_that_the_server_ended_is_opened_again(session: Session, address: Address) -> None:
    def pid(connection: Connection) -> int:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return row[0]

    before = session.read(pid)
    with connect(address) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (before,))
    assert session.read(pid) != before


def test_what_meets_another_transaction_is_made_again(session: Session, counted: Callable[[], int]) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise errors.DeadlockDetected
        return count(connection)

    assert session.write(work) == 1
    assert (len(tries), counted()) == (3, 1)


def test_a_value_that_cannot_be_stored_leaves_nothing_behind(session: Session, counted: Callable[[], int]) -> None:
    def work(connection: Connection) -> None:
        count(connection)
        connection.execute("INSERT INTO shared_states VALUES (%s, 0, '')", ("\0",))

    with pytest.raises(Unwritable, match="NUL"):
        session.write(work)
    assert counted() == 0
    assert session.write(count) == 1


def test_what_follows_a_commit_may_fail(session: Session, counted: Callable[[], int]) -> None:
    def fail(connection: Connection, result: int) -> None:
        connection.execute("SELECT 1 / (%s - 1)", (result,))

    assert session.write(count, after=fail) == 1
    assert counted() == 1
    assert session.write(count, after=fail) == 2


def test_what_follows_a_commit_is_not_sent_where_nothing_was_committed(session: Session) -> None:
    def fail(connection: Connection) -> None:
        connection.execute("SELECT 1 / 0")

    with pytest.raises(Unwritable, match="division by zero"):
        session.write(
            fail, after=lambda connection, _: connection.execute("SELECT set_config('podium.after', 'x', false)")
        )
    row = session.read(lambda connection: connection.execute("SELECT current_setting('podium.after', true)").fetchone())
    assert row in {(None,), ("",)}


def test_a_transaction_that_comes_late_fails(session: Session, counted: Callable[[], int]) -> None:
    session.write(count)
    late = sessions.Numbered(session.name, 1, count)
    with pytest.raises(Unwritable, match="division by zero"):
        session.read(late.make)
    assert counted() == 1


def test_a_server_that_is_gone_is_tried_for_a_while(address: Address) -> None:
    gone = Address(address.server.replace("host=", "host=%2Fnowhere"), "s", "postgresql:///nowhere")
    with pytest.raises(StoreUnavailable, match="postgresql:///nowhere cannot be used"):
        Session(gone, patience=0.05).read(lambda connection: connection.execute("SELECT 1"))


def test_a_session_that_closes_leaves_no_row(session: Session, address: Address, counted: Callable[[], int]) -> None:
    session.write(count)
    session.close()
    with connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM batches").fetchone() == (0,)


@pytest.mark.parametrize("work", [Session.read, Session.write, Session.together])
def test_a_session_that_was_closed_is_not_opened_again_by_a_thread_that_comes_late(
    session: Session, work: Callable[[Session, Callable[[Connection], object]], object]
) -> None:
    work(session, lambda connection: connection.execute("SELECT 1"))
    session.close()
    with pytest.raises(StoreUnavailable, match="was closed here"):
        work(session, lambda connection: connection.execute("SELECT 1"))


@pytest.mark.parametrize("statement", ["SELECT pg_backend_pid()", "LISTEN"])
def test_a_connection_that_cannot_be_set_up_is_closed(
    address: Address, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    opened: list[Connection] = []
    real: Any = psycopg.Connection.execute

    def execute(self: Connection, query: Any, *args: Any, **named: Any) -> Any:
        told = query if isinstance(query, str) else bytes(query).decode() if isinstance(query, bytes) else ""
        if told.startswith(statement):
            opened.append(self)
            raise psycopg.errors.QueryCanceled
        return real(self, query, *args, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    listener = Listener(address, "own")
    listener.open()
    assert [each.closed for each in opened] == [True]
    listener.close()
