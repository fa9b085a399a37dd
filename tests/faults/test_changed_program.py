"""A program that was changed under a run: the run is blocked with a clear message, and nothing of it is lost."""

import json
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness
from tests.faults.children import program
from tests.forking.program import Program


@pytest.fixture
def server() -> Program:
    return program("changed.py")


def end(server: Program, folder: Path, variant: str, version: str = "1", *, repin: bool = False) -> dict[str, object]:
    die = False
    assert server.run(str(folder), variant, version, repin, die)
    return json.loads((folder / "end").read_text())


def begun(server: Program, folder: Path) -> int:
    """Run the old program until it is killed in the middle; returns how many facts it recorded."""
    repin, die = False, True
    assert not server.run(str(folder), "old", "1", repin, die)
    return facts(folder)


def facts(folder: Path) -> int:
    store = SqliteStore(str(folder / "podium.db"))
    try:
        assert run_sync(audit(store)).faults == []
        return len(run_sync(store.facts("r")))
    finally:
        store.close()


@pytest.mark.parametrize(
    ("variant", "recorded", "now"),
    [
        ("reordered", "call 0: the journal has a call of read", "a call of think"),
        ("renamed", "call 2: the journal has a call of write", "a call of ponder"),
        ("branch added", "call 3: the journal has a sleep", "a join of branches"),
        ("call removed", "call 1: the journal has a call of think", "a call of write"),
    ],
)
def test_the_run_is_blocked_and_the_old_program_lets_it_go_on(
    server: Program, tmp_path: Path, variant: str, recorded: str, now: str
) -> None:
    before = begun(server, tmp_path)
    message = str(end(server, tmp_path, variant).get("blocked"))
    assert recorded in message
    assert f"the code now asks for {now}" in message
    assert "Nothing is lost" in message
    assert facts(tmp_path) == before
    assert end(server, tmp_path, "old") == {"value": [1, 2, 3, 4]}
    counts = Witness(tmp_path / "witness").counts()
    assert counts == {"call read 1": 1, "call think 2": 1, "call write 3": 1, "call read 4": 1}


def test_a_version_that_is_gone_blocks_the_run_until_it_is_moved(server: Program, tmp_path: Path) -> None:
    begun(server, tmp_path)
    assert "no worker has story version 1" in str(end(server, tmp_path, "old", "2"))
    assert end(server, tmp_path, "old", "2", repin=True) == {"value": [1, 2, 3, 4]}
    assert set(Witness(tmp_path / "witness").counts().values()) == {1}
