"""A store is kept through a real PgBouncer that pools sessions, and refused through one that pools transactions."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from podium import App, Context, human, run_sync, workflow
from podium.errors import StoreUnavailable
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Store
from podium.testing.contracts.inbox import InboxContract
from podium.testing.contracts.ownership import OwnershipContract
from podium.testing.contracts.shared_states import SharedStatesContract
from tests import pgbouncer
from tests.faults.crews import Crew, chance_of, disturbed
from tests.faults.stores import share
from tests.postgres import PostgresServer

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def installed() -> None:
    if not pgbouncer.HERE:
        pytest.skip("PgBouncer is not installed: scripts/install_system_tools installs it")


@pytest.fixture(scope="module")
def pooled(postgres: PostgresServer) -> Generator[Path]:
    if not pgbouncer.HERE:
        pytest.skip("PgBouncer is not installed: scripts/install_system_tools installs it")
    with pgbouncer.pgbouncer(postgres, "session") as folder:
        yield folder


def through(pooler: Path, server: PostgresServer, address: str) -> str:
    return address.replace(f"host={server.folder}", f"host={pooler}")


class ThroughPgBouncer:
    @pytest.fixture(autouse=True)
    def _pooled(self, pooled: Path, postgres: PostgresServer) -> None:
        self.pooled, self.server = pooled, postgres
        self.addresses = dict[Path, str]()

    def open_store(self, folder: Path) -> Store:
        address = self.addresses.setdefault(folder, through(self.pooled, self.server, self.server.address()))
        return PostgresStore(address)


class TestOwnershipThroughPgBouncer(ThroughPgBouncer, OwnershipContract): ...


class TestInboxThroughPgBouncer(ThroughPgBouncer, InboxContract): ...


class TestSharedStatesThroughPgBouncer(ThroughPgBouncer, SharedStatesContract): ...


ann = human("ann", text="Is it good?", answer=bool)


@workflow
async def asks(ctx: Context) -> bool:
    return await ctx.call(ann, None)


def test_what_is_told_over_a_pooler_of_sessions_is_heard(pooled: Path, postgres: PostgresServer) -> None:
    """The other process listens: it looks of its own accord only once a second."""
    address = through(pooled, postgres, postgres.address())

    async def answered() -> bool:
        async with App.open(address, agents=[asks], poll=0.05) as ours, App.open(address) as theirs:
            handle = await ours.start(asks)
            while not (open_questions := await theirs.inbox.list()):
                await asyncio.sleep(0.01)
            await theirs.inbox.answer(open_questions[0].id, value=True, by="ann")
            return await handle.result()

    assert run_sync(asyncio.wait_for(answered(), 120))


@contextmanager
def busy(address: str, clients: int) -> Generator[None]:
    """Have others use the pooler all the while."""
    over = threading.Event()

    def use() -> None:
        with psycopg.connect(address, autocommit=True, prepare_threshold=None) as connection:
            while not over.is_set():
                connection.execute("SELECT pg_sleep(0.001)")

    threads = [threading.Thread(target=use) for _ in range(clients)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


@pytest.mark.parametrize("round_robin", [False, True])
@pytest.mark.parametrize("clients", [0, 4])
def test_a_pooler_of_transactions_is_refused_and_left_as_it_was(
    postgres: PostgresServer, clients: int, *, round_robin: bool
) -> None:
    address = postgres.address()
    with pgbouncer.pgbouncer(postgres, "transaction", round_robin=round_robin) as pooler:
        plain = f"host={pooler} dbname=postgres user=postgres"
        with busy(plain, clients):
            for _ in range(5):
                with pytest.raises(StoreUnavailable, match=r"pooler that gives connections away .*pool_mode = session"):
                    PostgresStore(through(pooler, postgres, address)).close()
        with psycopg.connect(plain, autocommit=True, prepare_threshold=None) as connection:
            for _ in range(20):
                assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_a_pooler_without_room_is_said_to_hang(postgres: PostgresServer) -> None:
    with (
        pgbouncer.pgbouncer(postgres, "session", size=1) as pooler,
        pytest.raises(StoreUnavailable, match="the connection hangs"),
    ):
        PostgresStore(through(pooler, postgres, postgres.address())).close()


@pytest.mark.kill
def test_processes_that_are_killed_behind_a_pooler_of_sessions_lose_and_repeat_nothing(
    pooled: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    chance = chance_of()
    share(tmp_path, through(pooled, postgres, postgres.address()))
    crew, kills = Crew(tmp_path, 2), 0

    def kill() -> None:
        nonlocal kills
        threading.Event().wait(chance.uniform(0.1, 0.5))
        if kills < 10:
            crew.kill(chance)
            kills += 1

    assert disturbed(crew, 1, chance, kill, at_least=2) == []
