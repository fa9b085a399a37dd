"""A run that kills its process again and again is set aside; whatever is driven beside it comes to its end."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from podium import App, RunState
from podium.app import run_sync
from podium.model.fact import FactKind
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness
from tests.faults.children import program

INNOCENT = 20
AFTER = 5


def live(folder: Path, *, innocent: int = INNOCENT, poisoned: int = 1, most: int = 60) -> int:
    """Start the program again and again until it comes to its end; returns how often it was killed."""
    for killed in range(most):
        if program("poison.py").run(str(folder), innocent, poisoned):
            return killed
    raise AssertionError(f"after {most} lives it still kills its process")


def states(folder: Path) -> dict[str, RunState]:
    store = SqliteStore(str(folder / "podium.db"))
    try:
        found = {run.id: run.state for name in _names(folder) if (run := run_sync(store.run(name))) is not None}
        assert run_sync(audit(store)).faults == []
        return found
    finally:
        store.close()


def _names(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "podium.db") as connection:
        return [row[0] for row in connection.execute("SELECT id FROM runs")]


def test_it_is_quarantined_after_so_many_lives_and_all_innocents_are_done(tmp_path: Path) -> None:
    assert live(tmp_path) == AFTER
    found = states(tmp_path)
    assert found.pop("poison0") is RunState.BLOCKED
    assert found == {f"innocent{n}": RunState.DONE for n in range(INNOCENT)}
    witness = Witness(tmp_path / "witness")
    assert witness.count("drink", "poison0") == AFTER
    assert {witness.count("drink", f"innocent{n}") for n in range(INNOCENT)} == {1}


def test_several_of_them_are_quarantined_one_after_the_other(tmp_path: Path) -> None:
    killed = live(tmp_path, poisoned=3)
    found = states(tmp_path)
    assert [found.pop(f"poison{n}") for n in range(3)] == [RunState.BLOCKED] * 3
    assert found == {f"innocent{n}": RunState.DONE for n in range(INNOCENT)}
    assert killed <= 3 * AFTER


def test_it_stays_quarantined_until_somebody_has_it_tried_again(tmp_path: Path) -> None:
    live(tmp_path, innocent=0)
    assert live(tmp_path, innocent=0) == 0
    assert Witness(tmp_path / "witness").count("drink", "poison0") == AFTER

    async def again() -> None:
        async with App.open(tmp_path / "podium.db") as app:
            (letter,) = await app.reports.dead_letters()
            assert (letter.run.id, letter.kind, letter.run.crash_count) == ("poison0", "quarantined", AFTER)
            assert "5 processes in a row died" in letter.error
            notices = [fact.body for fact in await app.runs.facts("poison0") if fact.kind is FactKind.NOTICE]
            assert notices == [{"guard": "quarantine", "strikes": AFTER}]
            assert [each.error for each in await app.operations.requeue("poison0")] == [""]
            assert (await (await app.handle("poison0")).status()).crash_count == 0

    asyncio.run(again())
    assert live(tmp_path, innocent=0) == AFTER
    assert states(tmp_path) == {"poison0": RunState.BLOCKED}


@pytest.mark.parametrize("statement", ["runs_strike", "runs_hand_back", "run_block"])
def test_a_death_while_a_dead_one_is_seen_to_neither_forgets_nor_counts_twice(tmp_path: Path, statement: str) -> None:
    poison, lives = program("poison.py"), 0
    while poison.run(str(tmp_path), 3, 1, statement) is False and poison.run(str(tmp_path), 3, 1) is False:
        lives += 1
        assert lives < 2 * AFTER
    assert live(tmp_path, innocent=3) == 0
    assert Witness(tmp_path / "witness").count("drink", "poison0") == AFTER
    assert states(tmp_path) == {"poison0": RunState.BLOCKED} | {f"innocent{n}": RunState.DONE for n in range(3)}
