"""Nothing is lost and nothing recorded twice where PostgreSQL dies, or connections to it are cut."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from podium import run_sync
from podium.model.fact import FactKind
from podium.reports.audit import audit
from podium.store.operations import CommitVerdict, Start, Write
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import RunQuery
from podium.testing import Witness
from podium.testing.contracts.hand import fact, new_run
from tests.faults.children import PROGRAMS
from tests.faults.proxies import CuttingProxy
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import HERE, PostgresServer, postgres_server

FACTS = 60
RUNS = 8
LEASE = 0.8


@pytest.fixture
def durable() -> Generator[PostgresServer]:
    if not HERE:
        pytest.skip("PostgreSQL is not installed: scripts/install_system_tools installs it")
    with postgres_server(durable=True) as server:
        yield server


async def append(store: PostgresStore, run: int, keys: Sequence[str]) -> None:
    for key in keys:
        committed = await store.commit("w_1", [Write(run, 1, [fact(FactKind.LOOKED_UP, key)])])
        assert committed.verdicts == [CommitVerdict.OK]


async def drive(store: PostgresStore) -> int:
    committed = await store.commit("w_1", [Start(new_run("r_1"), drive=True)])
    return committed.started["r_1"]


async def assert_recorded_once(store: PostgresStore) -> None:
    assert [each.key for each in await store.facts("r_1")] == ["", *(str(n) for n in range(FACTS))]
    assert await store.verify("r_1") == []


def test_a_server_that_dies_loses_nothing_and_repeats_nothing(durable: PostgresServer) -> None:
    def restart() -> None:
        durable.stop("immediate")
        durable.start()

    async def work(store: PostgresStore) -> None:
        run = await drive(store)
        for begin in range(0, FACTS, FACTS // 3):
            restarting = asyncio.create_task(asyncio.to_thread(restart))
            await append(store, run, [str(n) for n in range(begin, begin + FACTS // 3)])
            await restarting
        await assert_recorded_once(store)

    with closing(PostgresStore(durable.address())) as store:
        store.workers.join("w_1", 100.0)
        asyncio.run(work(store))


@contextmanager
def cutting(server: PostgresServer, chance: Random) -> Generator[tuple[CuttingProxy, str]]:
    """Give a proxy, and the address of a store behind it that was made before."""
    address = server.address()
    PostgresStore(address).close()
    with TemporaryDirectory(prefix="podium-cut-") as name:
        folder = Path(name)
        proxy = CuttingProxy(server.folder, folder, chance)
        try:
            yield proxy, address.replace(f"host={server.folder}", f"host={folder}")
        finally:
            proxy.close()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_cut_anywhere_is_recorded_once(postgres: PostgresServer, seed: int) -> None:
    async def work(store: PostgresStore) -> None:
        run = await drive(store)
        await append(store, run, [str(n) for n in range(FACTS)])
        await assert_recorded_once(store)

    with cutting(postgres, Random(seed)) as (proxy, address):
        with closing(PostgresStore(address)) as store:
            store.workers.join("w_1", 100.0)
            asyncio.run(work(store))
        assert proxy.cut > 3


def test_what_a_killed_process_drove_goes_on_in_another(durable: PostgresServer, tmp_path: Path) -> None:
    witness, address = Witness(tmp_path / "witness"), durable.address()

    def begun(name: str) -> Process:
        command = ["python", str(PROGRAMS / "pair.py"), str(tmp_path), name, str(RUNS), str(LEASE), address]
        return commands.begin(command, cwd=tmp_path, env=os.environ)

    def finished(name: str) -> None:
        output, errors = begun(name).communicate(timeout=120)
        assert json.loads(output) == {f"r{n}": [n, n + 1, "paid"] for n in range(RUNS)}, errors

    first = begun("first")
    end = time.monotonic() + 120
    while witness.count("begun", "first") < RUNS + 1:  # the second call of a run: the first is recorded
        assert time.monotonic() < end, "it never began"
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=120)
    finished("second")
    assert {run: witness.count("effect", run) for run in (f"r{n}" for n in range(RUNS))} == dict.fromkeys(
        (f"r{n}" for n in range(RUNS)), 1
    )
    with closing(PostgresStore(address)) as store:
        assert run_sync(audit(store)).faults == []
        for run in run_sync(store.runs(RunQuery())).items:
            answered = [each.key for each in run_sync(store.facts(run.id)) if each.kind is FactKind.ANSWERED]
            assert sorted(answered) == sorted(set(answered))
