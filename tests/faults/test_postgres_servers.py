"""PostgreSQL dies, is away or is replaced while processes drive runs on it, and nothing is lost or repeated."""

import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from podium.store.postgres.address import parsed
from podium.store.postgres.connection import prepare
from podium.store.postgres.session import Session
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Drain
from tests.faults.crews import Crew, chance_of, disturbed
from tests.faults.proxies import LosingProxy
from tests.faults.stores import address_in, share
from tests.postgres import HERE, PostgresServer, postgres_server

RUNS = 2
"""Of each of the three kinds."""
LEASE = 1.0

pytestmark = pytest.mark.kill


@pytest.fixture
def durable() -> Generator[PostgresServer]:
    if not HERE:
        pytest.skip("PostgreSQL is not installed: scripts/install_system_tools installs it")
    with postgres_server(durable=True) as server:
        yield server


def lost_workers(folder: Path) -> list[str]:
    with closing(PostgresStore(address_in(folder))) as store:
        return [each.id for each in store.workers.lost(0.0)]


def a_few_times(many: int, disturb: Callable[[], None]) -> Callable[[], None]:
    """Return what disturbs so many times, and then only lets time pass."""
    left = [None] * many

    def now() -> None:
        if left:
            left.pop()
            disturb()
        else:
            time.sleep(0.05)

    return now


@pytest.mark.parametrize("workers", [2, 3])
def test_a_server_that_dies_again_and_again(durable: PostgresServer, tmp_path: Path, workers: int) -> None:
    chance = chance_of()
    share(tmp_path, durable.address())
    crew = Crew(tmp_path, workers, lease=5.0)

    def die() -> None:
        time.sleep(chance.uniform(0.1, 0.5))
        durable.stop("immediate")
        durable.start()
        if chance.random() < 0.3:
            crew.kill(chance)
            crew.wait_until_open()  # one that cannot open its store ends with an error

    assert disturbed(crew, RUNS, chance, a_few_times(6, die)) == []


@pytest.mark.parametrize("leases", [0.8, 3.0, 9.0])
def test_a_server_that_is_away_has_nobody_declared_dead(durable: PostgresServer, tmp_path: Path, leases: float) -> None:
    """The longest for longer than a commit waits: then the runs are let go, and taken up again afterwards."""
    chance = chance_of()
    share(tmp_path, durable.address())
    crew = Crew(tmp_path, 3, lease=4.0)

    def go_away() -> None:
        time.sleep(chance.uniform(0.1, 0.5))
        durable.stop("immediate")
        time.sleep(crew.lease * leases)
        durable.start()

    assert disturbed(crew, RUNS, chance, a_few_times(1, go_away)) == []
    assert lost_workers(tmp_path) == []


def test_a_standby_takes_over_and_the_server_that_it_replaced_comes_back(tmp_path: Path) -> None:
    if not HERE:
        pytest.skip("PostgreSQL is not installed: scripts/install_system_tools installs it")
    chance, went_on = chance_of(), Event()
    with postgres_server(durable=True) as old, postgres_server(durable=True, primary=old) as new:
        old.wait_for_standby()
        both = f"host={old.folder},{new.folder}&target_session_attrs=read-write"
        share(tmp_path, old.address().replace(f"host={old.folder}", both))
        crew = Crew(tmp_path, 3, lease=5.0)

        def fail_over() -> None:
            time.sleep(1.0)
            old.stop("immediate")
            new.promote()
            time.sleep(2.0)
            old.wait_for_standby(waits=False)
            old.start()
            for _ in range(3):  # whoever loses a connection now finds the old one first
                end_all_connections(new)
                time.sleep(chance.uniform(0.1, 0.5))
            went_on.set()

        assert disturbed(crew, RUNS, chance, a_few_times(1, fail_over)) == []
        assert went_on.is_set()


def test_what_a_standby_has_not_got_is_not_said_to_be_recorded_though_the_server_has_it(
    durable: PostgresServer,
) -> None:
    """It was committed just as the server died, which finds it when it starts; a standby may still not have it."""
    address = parsed(durable.address())
    prepare(address)
    with closing(Session(address)) as session:
        session.write(lambda c: c.execute("INSERT INTO shared_states VALUES ('s', 0, '')"))
        durable.wait_for_standby()  # there is none
        while read(durable, "SHOW synchronous_standby_names") == "":
            time.sleep(0.01)
        table = sql.SQL("{}.shared_states").format(sql.Identifier(address.schema))
        writing = Thread(target=lambda: session.write(lambda c: c.execute("UPDATE shared_states SET until = 7")))
        writing.start()
        while read(durable, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != 1:
            time.sleep(0.01)
        durable.stop("immediate")
        durable.start()
        try:
            assert read(durable, sql.SQL("SELECT until FROM {}").format(table)) == 7
            while read(durable, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != 1:
                assert writing.is_alive(), "it was said to be recorded"
                time.sleep(0.01)
        finally:
            durable.wait_for_standby(waits=False)
        writing.join(60)
        assert not writing.is_alive()


def read(server: PostgresServer, query: LiteralString | sql.Composed) -> object:
    with psycopg.connect(f"host={server.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def end_all_connections(server: PostgresServer) -> None:
    server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'podium %'")


@contextmanager
def behind_a_proxy(server: PostgresServer, address: str) -> Generator[tuple[LosingProxy, str]]:
    with TemporaryDirectory(prefix="podium-lost-") as name:
        proxy = LosingProxy(server.folder, Path(name))
        try:
            yield proxy, address.replace(f"host={server.folder}", f"host={name}")
        finally:
            proxy.close()


def test_a_worker_that_is_cut_off_loses_its_runs_and_comes_back_as_another_one(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    chance = chance_of()
    share(tmp_path, address := postgres.address())
    with behind_a_proxy(postgres, address) as (proxy, own_address):
        crew = Crew(tmp_path, 3, lease=LEASE, first=own_address)

        def cut_off() -> None:
            time.sleep(chance.uniform(0.1, 0.5))
            with crew.still:
                proxy.loses = True
                time.sleep(4 * LEASE)
                proxy.loses = False
                time.sleep(4 * LEASE)

        again = disturbed(crew, RUNS, chance, a_few_times(2, cut_off))
        assert len(again) <= 2, again  # a call that was about to be made by whoever was cut off
        assert lost_workers(tmp_path) != []


def test_that_a_worker_is_to_be_drained_is_not_lost_with_a_server_that_dies_just_then(durable: PostgresServer) -> None:
    durable.stop("fast")
    durable.configure(wal_writer_delay="10s")  # what nobody waits for comes to the disk late
    durable.start()
    wanted = Drain(by="ann", why="deploy", at=100.0)
    with closing(PostgresStore(durable.address())) as store:
        store.workers.join("w_1", 100.0)
        assert store.workers.drain("w_1", wanted)
        durable.stop("immediate")
        durable.start()
        told = store.workers.beat("w_1", 101.0)
    assert told is not None
    assert told.drain == wanted
