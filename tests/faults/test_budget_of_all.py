"""Processes that spend from one budget, of which one is killed: the ceiling holds, and nothing is left unused."""

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.model.budget import PER_USD, BudgetState
from podium.store.opening import open_store
from podium.store.protocol import BudgetQuery
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.postgres import PostgresServer

CENT = PER_USD // 100
pytestmark = pytest.mark.kill


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "podium.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.address()


def state_of(address: str) -> BudgetState:
    store = open_store(address)
    try:
        page = run_sync(store.budgets(BudgetQuery(prefix="tenant:acme")))
        return page.items[0]
    finally:
        store.close()


def test_all_of_it_is_spent_and_no_more(address: str, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")
    with ExitStack() as stack:
        processes: list[subprocess.Popen[str]] = []
        for n in range(3):
            command = [sys.executable, PROGRAMS / "shopping.py", address, tmp_path, str(n)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        end = time.monotonic() + 60.0
        while witness.count("spent") < 20 and time.monotonic() < end:
            time.sleep(0.002)
        processes[0].kill()
        for each in processes[1:]:
            assert each.stdout is not None
            assert each.stdout.readline() == "done\n"
            assert each.wait(timeout=120) == 0
    state, spent = state_of(address), witness.count("spent")
    doubt = state.in_doubt // CENT
    assert (state.spent.usd, state.reserved.usd) == (90 * CENT, 0)
    assert 90 - doubt <= spent <= 90
    assert doubt <= 16  # what the one that was killed had set aside ahead
