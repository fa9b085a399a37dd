"""Processes with monitors on one store, of which the one that leads is killed."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from podium import App
from podium.model.incident import ProblemKind
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.postgres import PostgresServer

LEASE = 2.0

pytestmark = pytest.mark.kill


@contextmanager
def watching(store: str, folder: Path, count: int) -> Generator[dict[str, "subprocess.Popen[str]"]]:
    """Have so many processes watch over a store; gives them by the names of their workers."""
    found: dict[str, subprocess.Popen[str]] = {}
    with ExitStack() as stack:
        for _ in range(count):
            command = [sys.executable, PROGRAMS / "monitored.py", store, folder]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            found[process.stdout.readline().strip()] = process
        yield found


async def leader(app: App) -> str:
    assert app.store.states is not None
    said = await app.store.states.get("monitor")
    return json.loads(said)[0] if said else ""


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(120):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "podium.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.address()


async def test_another_leads_when_the_one_that_led_is_killed_and_nothing_is_done_twice(
    address: str, tmp_path: Path
) -> None:
    witness = Witness(tmp_path / "witness")
    async with App.open(address, lease=LEASE) as app:
        with watching(address, tmp_path, 3) as processes:

            async def leads(among: set[str]) -> bool:
                return await leader(app) in among

            await until(lambda: leads(set(processes)))
            first = await leader(app)
            processes[first].kill()
            processes[first].wait()
            await until(lambda: leads(set(processes) - {first}))
            (tmp_path / "down").touch()

            async def is_over() -> bool:
                found = await app.reports.incidents()
                return any(each.ending and each.trouble.subject == "search" for each in found)

            await until(is_over)
            kinds = Counter(each.trouble.kind for each in await app.reports.incidents())
            assert kinds == {ProblemKind.AGENT: 1, ProblemKind.WORKER: 1}
            assert witness.count("restarted") == 1
