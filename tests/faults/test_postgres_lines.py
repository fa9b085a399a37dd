"""A connection to PostgreSQL on which nothing comes any more, though nobody closed it, holds up nobody for long."""

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import psycopg
import pytest

from podium.errors import StoreUnavailable
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.operations import CommitVerdict, Start, Write
from podium.store.place import place, process_birth
from podium.store.postgres.address import Address, parsed
from podium.store.postgres.connection import connect, prepare
from podium.store.postgres.session import Session
from podium.store.postgres.store import PostgresStore
from podium.store.postgres.watched import own_name, process_name
from podium.store.protocol import Serving
from podium.testing.contracts.hand import fact, new_run
from tests.faults.proxies import LosingProxy
from tests.postgres import PostgresServer

SILENCE = 0.2
SOON = 20.0
"""Seconds, on a machine that does other things too; without what is tested they would not end."""


@contextmanager
def losing(server: PostgresServer) -> Generator[tuple[LosingProxy, Address]]:
    """Give a proxy, and the address of a store behind it."""
    address = server.address()
    prepare(parsed(address))
    with TemporaryDirectory(prefix="podium-lost-") as name:
        proxy = LosingProxy(server.folder, Path(name))
        try:
            yield proxy, parsed(address.replace(f"host={server.folder}", f"host={name}"))
        finally:
            proxy.close()


def counted(session: Session) -> int:
    def work(connection: psycopg.Connection[tuple[int, ...]]) -> int:
        connection.execute("UPDATE shared_states SET until = until + 1 WHERE name = 'count'")
        row = connection.execute("SELECT until FROM shared_states WHERE name = 'count'").fetchone()
        assert row is not None
        return int(row[0])

    return session.write(work)


@pytest.mark.system
def test_what_is_lost_on_the_way_is_sent_again_over_another_connection_and_made_once(postgres: PostgresServer) -> None:
    with losing(postgres) as (proxy, address), closing(Session(address, silence=SILENCE)) as session:
        session.write(lambda c: c.execute("INSERT INTO shared_states VALUES ('count', 0, '')"))
        assert counted(session) == 1
        proxy.loses = True
        back = Thread(target=lambda: (time.sleep(3 * SILENCE), setattr(proxy, "loses", False)))
        back.start()
        begun = time.monotonic()
        assert counted(session) == 2
        assert 3 * SILENCE < time.monotonic() - begun < SOON
        back.join()


@pytest.mark.system
def test_where_nothing_comes_through_any_more_it_is_said_within_the_patience(postgres: PostgresServer) -> None:
    with losing(postgres) as (proxy, address), closing(Session(address, patience=0.1, silence=SILENCE)) as session:
        session.read(lambda c: c.execute("SELECT 1"))
        proxy.loses = True
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"connection hangs|connection timeout"):
            session.read(lambda c: c.execute("SELECT 1"))
        assert time.monotonic() - begun < SOON


def test_what_takes_long_is_waited_for(postgres: PostgresServer) -> None:
    with closing(Session(parsed(postgres.address()), silence=SILENCE)) as session:
        before = session.read(lambda c: c.info.backend_pid)
        assert session.read(lambda c: c.execute("SELECT 7 FROM pg_sleep(0.9)").fetchone()) == (7,)
        assert session.read(lambda c: c.info.backend_pid) == before


def hold_as_committing(address: Address, worker: str, process: str) -> psycopg.Connection[tuple[object, ...]]:
    """Stand still in the midst of a commit, of which more is to come: the server waits for it without a limit."""
    held = psycopg.connect(address.server, autocommit=True, application_name=process)
    held.execute("SELECT set_config('search_path', %s, false)", (f'"{address.schema}"',))
    held.pgconn.enter_pipeline_mode()
    for statement in (b"BEGIN", f"SELECT 1 FROM workers WHERE id = '{worker}' FOR KEY SHARE".encode()):
        held.pgconn.send_query_params(statement, [])
    held.pgconn.send_flush_request()
    held.pgconn.flush()
    with connect(address) as other:
        query = "SELECT 1 FROM workers WHERE id = %s FOR UPDATE SKIP LOCKED"
        while other.execute(query, (worker,)).fetchone() is not None:
            time.sleep(0.01)
    return held


def test_a_process_that_stands_still_in_a_commit_loses_its_runs_at_once(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = parsed(address := postgres.address())
    with closing(PostgresStore(address)) as store:
        monkeypatch.setattr("podium.store.postgres.workers.place", lambda: "elsewhere")
        store.workers.join("w_still", 100.0)
        monkeypatch.undo()
        store.workers.join("w_ours", 100.0)
        with connect(where) as connection:
            row = connection.execute("SELECT pid, born FROM workers WHERE id = 'w_still'").fetchone()
        assert row is not None
        process = process_name("elsewhere", *row)
        assert process != own_name() == process_name(place(), row[0], process_birth(row[0]))
        held = hold_as_committing(where, "w_still", process)
        begun = time.monotonic()
        store.workers.reap("w_ours", store.workers.beats("w_ours"))
        assert time.monotonic() - begun < SOON
        assert store.workers.is_fenced("w_still")
        held.close()


def test_a_row_that_somebody_else_has_is_not_waited_for(postgres: PostgresServer) -> None:
    where = parsed(address := postgres.address())
    with closing(PostgresStore(address)) as store:
        store.workers.join("w_still", 100.0)
        held = hold_as_committing(where, "w_still", "a person at a console")
        silent = {"w_still": 100.0}
        assert store.workers.reap("w_ours", silent) == []
        assert not store.workers.is_fenced("w_still")
        held.close()
        while not store.workers.is_fenced("w_still"):
            store.workers.reap("w_ours", silent)


async def test_a_worker_of_a_server_that_was_set_back_is_fenced_and_writes_nothing(postgres: PostgresServer) -> None:
    """Such as a standby that had not got all, or a backup: what the worker has in memory does not fit what is there."""
    where = parsed(address := postgres.address())
    with closing(PostgresStore(address)) as store:
        store.workers.join("w_1", 100.0)
        started = await store.commit("w_1", [Start(new_run("r_1"), drive=True)])
        run = started.started["r_1"]
        await store.commit("w_1", [Write(run, 1, [fact(FactKind.LOOKED_UP, "0")])])
        with connect(where) as server:
            row = server.execute("SELECT number FROM batches ORDER BY number DESC LIMIT 1").fetchone()
            assert row is not None
            server.execute("UPDATE batches SET number = %s", (row[0] - 1,))
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s "
                "AND pid <> pg_backend_pid()",
                (own_name(),),
            )
        committed = await store.commit("w_1", [Write(run, 1, [fact(FactKind.LOOKED_UP, "1")])])
        assert committed.verdicts == [CommitVerdict.STALE]
        assert store.workers.is_fenced("w_1")
        assert [each.key for each in await store.facts("r_1")] == ["", "0"]
        found = await store.run("r_1")
        assert found is not None
        assert found.state is RunState.READY


async def test_a_worker_that_cannot_listen_looks_by_itself(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies just then ended the worker: its error was none of a store."""

    def refused(*_: object) -> object:
        raise psycopg.OperationalError("the database system is shutting down")

    with closing(PostgresStore(postgres.address())) as store:
        store.workers.join("w_1", 100.0)
        monkeypatch.setattr("podium.store.postgres.listening.connect", refused)
        await store.commit("w_1", [Start(new_run("r_1"), drive=False)])
        serving = Serving(versions={new_run("r_1").workflow: frozenset({"1"})}, queues=None, limit=10)
        assert len((await store.wake("w_1", serving, 100.0)).ready) == 1
