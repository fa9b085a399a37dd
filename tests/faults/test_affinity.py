"""Real workers that keep something in memory: runs come to the one that has it, and to others once it is gone."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

pytestmark = pytest.mark.kill

PATIENCE = 170.0
CUSTOMERS = [f"c{n}" for n in range(6)]
ROUNDS = 6
NEVER = 600.0
"""Seconds that no test waits for."""


@workflow
async def job(ctx: Context, customer: str) -> int:
    """Stand for that of the program: it is driven in other processes alone."""
    raise AssertionError("nobody drives this one")


class Shop:
    """Two workers on one store, and an app that starts runs there and drives none."""

    def __init__(self, folder: Path, app: App, address: str) -> None:
        self.app = app
        self.witness = Witness(folder / "witness")
        command = ["podium", "work", str(PROGRAMS / "sticky.py"), "--store", address, "--forever"]
        environment = {**os.environ, "WITNESS": str(self.witness.path)}
        self.workers: list[Process] = [commands.begin(command, cwd=folder, env=environment) for _ in range(2)]

    async def both_there(self) -> None:
        while len(await self.app.reports.workers()) < 3:
            await asyncio.sleep(0.05)

    async def ask(self, customer: str) -> int:
        """Have a run of a customer driven; returns the process that did."""
        return await self.app.run(job, customer, affinity=customer)

    async def ask_all(self) -> dict[str, int]:
        return dict(zip(CUSTOMERS, await asyncio.gather(*map(self.ask, CUSTOMERS)), strict=True))

    def worker(self, pid: int) -> Process:
        return next(each for each in self.workers if each.pid == pid)

    def close(self) -> None:
        for each in self.workers:
            if each.poll() is None:
                each.send_signal(signal.SIGCONT)
                each.kill()
            each.communicate(timeout=PATIENCE)


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "podium.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.address()


@asynccontextmanager
async def shop(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, *, wait: float = NEVER, lease: float = NEVER
) -> AsyncGenerator[Shop]:  # fmt: skip
    settings = f'[podium]\nlease = {lease}\npoll = 0.05\n[podium.fleet]\nkind = "store"\naffinity_wait = {wait}\n'
    (folder / "podium.toml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(folder)
    async with asyncio.timeout(PATIENCE), App.open(address, queues=["nobody"], telemetry=False) as app:
        made = Shop(folder, app, address)
        try:
            await made.both_there()
            yield made
        finally:
            made.close()


async def test_what_a_worker_keeps_in_memory_is_of_use(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, address, monkeypatch) as made:
        seen = [await made.ask_all() for _ in range(ROUNDS)]
        assert len({tuple(each.items()) for each in seen}) == 1  # each customer has one worker
        said = Counter(line.split()[0] for line in made.witness.lines())
        assert said == {"learned": len(CUSTOMERS), "known": len(CUSTOMERS) * (ROUNDS - 1)}


async def test_runs_of_a_worker_that_was_killed_go_to_the_other_and_stay_there(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, address, monkeypatch, lease=2.0) as made:
        first = await made.ask("c0")
        made.worker(first).kill()
        made.worker(first).wait()
        second = await made.ask("c0")
        assert second != first
        assert [await made.ask("c0") for _ in range(3)] == [second] * 3


async def test_no_run_waits_longer_than_it_is_told_for_a_worker_that_does_not_answer(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, address, monkeypatch, wait=0.5) as made:
        first = await made.ask("c0")
        made.worker(first).send_signal(signal.SIGSTOP)
        second = await made.ask("c0")  # nobody declares the other one dead
        assert second != first
