"""A model that goes on trying what it may not do is told of so many refusals, in all lives of its process together."""

import json
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.model.facts.calls import StepDone
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import program
from tests.faults.test_colleagues import answered
from tests.forking.program import Program

TOLD, REQUESTS = 4, 3
WAYS = {"policy": ("forbids it", 0), "person": ("ann did not approve it: no", 6)}
"""Who does not allow it: what is said, and how many questions are asked."""


@pytest.fixture
def stubborn() -> Program:
    return program("stubborn.py")


def refusals(folder: Path) -> int:
    """Return of how many refusals it is recorded that the model was told."""
    store = SqliteStore(str(folder / "podium.db"))
    contents = [fact.content for fact in run_sync(store.facts("r"))]
    store.close()
    return sum(isinstance(each, StepDone) and each.refused is not None for each in contents)


def to_its_end(server: Program, folder: Path, way: str) -> None:
    """Let the run come to its end: nothing that is recorded is asked again, and the bound holds over all lives."""
    witness, recorded = Witness(folder / "witness"), answered(folder)
    before = witness.count("request")
    assert server.run(str(folder), None, way)
    result: Json = json.loads((folder / "result").read_text())
    said, asked = WAYS[way]
    assert result["value"].endswith(f"{said} (the agent was told of {TOLD} refusals before)")
    assert result["asked"] == asked
    assert refusals(folder) == TOLD
    assert witness.count("request") - before == REQUESTS - recorded
    assert witness.count("effect") == 0


@pytest.mark.more
@pytest.mark.parametrize(
    ("way", "place", "when"),
    [
        pytest.param(
            way, place, when, marks=[] if (way, place, when) == ("policy", "commit", "after") else pytest.mark.kill
        )
        for way in WAYS
        for place in ("commit", "body")
        for when in ("before", "after")
    ],
)
def test_killed_between_two_refusals_a_model_is_told_of_no_more(
    stubborn: Program, tmp_path: Path, way: str, place: FaultPlace, when: When
) -> None:
    to_its_end(stubborn, tmp_path, way)
    last, died = json.loads((tmp_path / "reached").read_text())[place], 0
    tried = some(range(1, last + 1))
    for n in tried:
        folder = tmp_path / str(n)
        folder.mkdir()
        if not stubborn.run(str(folder), str(FaultPoint(place, n, when)), way):
            died += 1
            try:
                to_its_end(stubborn, folder, way)
            except AssertionError as error:
                raise AssertionError(f"killed {when} {place} {n}: {error}") from error
    assert died + last - len(tried) >= REQUESTS
