"""Many processes open one store at the same time, a new one or one whose writers were killed: each of them gets in."""

import signal
from pathlib import Path

import pytest

from podium import run_sync
from podium.store.protocol import RunQuery
from podium.store.sqlite.store import SqliteStore
from tests.e2e.cli import environment
from tests.forking import commands
from tests.forking.process import Process

AT_ONCE, ROUNDS = 8, 6
PROGRAM = """
import asyncio, os, sys
from podium import App, Context, agent, run_sync, workflow

@agent
async def step(n: int) -> int:
    return n

@workflow
async def flow(ctx: Context, n: int) -> int:
    return await ctx.call(step, n)

async def main() -> None:
    async with App.open("shared.db", agents=[flow]) as app:
        await asyncio.gather(*[app.run(flow, n) for n in range(3)])
        if "dies" in sys.argv:
            os.kill(os.getpid(), 9)

run_sync(main())
"""


def begin(folder: Path, *arguments: str) -> Process:
    return commands.begin(["python", "-c", PROGRAM, *arguments], cwd=folder, env=environment())


@pytest.mark.parametrize(
    "killed", [pytest.param(False, marks=pytest.mark.kill, id="new"), pytest.param(True, id="killed")]
)
def test_processes_that_open_a_store_at_once_all_get_in(tmp_path: Path, *, killed: bool) -> None:
    for n in range(ROUNDS):
        folder = tmp_path / str(n)
        folder.mkdir()
        if killed:
            died = begin(folder, "dies")
            died.communicate(120)
            assert died.returncode == -signal.SIGKILL
        processes = [begin(folder) for _ in range(AT_ONCE)]
        told = [process.communicate(120)[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * AT_ONCE, told
        store = SqliteStore(str(folder / "shared.db"))
        runs = run_sync(store.runs(RunQuery(limit=100))).items
        store.close()
        assert [run.state.ended for run in runs] == [True] * 3 * (AT_ONCE + killed)
