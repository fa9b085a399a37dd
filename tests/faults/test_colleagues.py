"""Agents, teams and people that are tools of a language model, killed at every commit, request and body.

What was really done is counted outside of the store: what is recorded when a life begins is not done in it again.
"""

import json
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.step import ANSWER
from podium.store.sqlite.store import SqliteStore
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.forking.program import Program

GIVEN: Json = {
    "told": [
        "dig: dig", "paid", '["look: it"]', "written", "yes", "nothing", "dig: deeper", '["look: it"]',
    ],
    "asked": 1,
}  # fmt: skip
SURELY_REACHED = {"commit": 12, "body": 14}


@pytest.fixture
def colleagues() -> Program:
    return program("colleagues.py")


def answered(folder: Path) -> int:
    """Return how many answers of models are recorded, in all runs."""
    if not (folder / "podium.db").exists():
        return 0
    store = SqliteStore(str(folder / "podium.db"))
    facts = run_sync(store.facts("r"))
    store.close()
    return sum(fact.kind is FactKind.STEP and fact.body["name"] == ANSWER for fact in facts)


def to_its_end(server: Program, folder: Path, lives: Lives, requests: int | None = None) -> int:
    """Let the run come to its end, and check it; returns how many requests there were in all."""
    recorded, before = answered(folder), lives.witness.count("request")
    assert server.run(str(folder), None)
    lives.ended()
    assert json.loads((folder / "result").read_text()) == GIVEN
    assert lives.witness.count("effect", "pay") == 1
    made = lives.witness.count("request") - before
    assert answered(folder) == (requests or made)
    assert requests is None or made == requests - recorded, (
        f"{made} requests where {recorded} of {requests} are recorded"
    )
    return made


@pytest.mark.more
@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("body", "after"),
        pytest.param("body", "before", marks=pytest.mark.kill),
        pytest.param("commit", "before", marks=pytest.mark.kill),
        pytest.param("commit", "after", marks=pytest.mark.kill),
    ],
)
def test_killed_at_every_point_nothing_is_asked_or_done_again_that_is_recorded(
    colleagues: Program, tmp_path: Path, place: FaultPlace, when: When
) -> None:
    requests = to_its_end(colleagues, tmp_path, Lives(tmp_path))
    last, died = json.loads((tmp_path / "reached").read_text())[place], 0
    tried = some(range(1, last + 1))
    for n in tried:
        folder = tmp_path / str(n)
        folder.mkdir()
        lives = Lives(folder)
        try:
            if not colleagues.run(str(folder), str(FaultPoint(place, n, when))):
                died += 1
                lives.ended()
                to_its_end(colleagues, folder, lives, requests)
        except AssertionError as error:
            raise AssertionError(f"killed {when} {place} {n}: {error}") from error
    assert died + last - len(tried) >= SURELY_REACHED[place]
