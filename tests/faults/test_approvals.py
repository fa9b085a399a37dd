"""Tools that wait for people, all at once, in a process that is killed at every commit and at every use of a tool."""

import json
from collections import Counter
from pathlib import Path

import pytest

from podium.model.json import Json
from podium.testing import Witness
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.faults.children import program
from tests.forking.program import Program

REFUSED = {
    "inbox": "This use of the tool was not allowed: ann did not approve it: too much",
    "check": "This use of the tool was not allowed: ann did not approve it: too much",
    "handler": "too much",
    "outside": "too much",
}
"""What the model is told of the use that was not allowed, by the way in which it is decided."""
NOTE = 'pay was not used as asked, but with {"n":20}.'
QUICK = {("inbox", "body", "before"), ("inbox", "body", "after"), ("handler", "body", "after")}
SURELY_REACHED = {"commit": 8, "body": 1}


def expected(way: str) -> Json:
    told = [["success", "paid 1"], ["success", "paid 20"], ["denied", REFUSED[way]], [NOTE]]
    return {"told": told, "questions": [] if way == "handler" else [[n, "answered"] for n in (1, 2, 3)]}


@pytest.fixture
def approving() -> Program:
    return program("approving.py")


def go_on(child: Program, folder: Path, way: str) -> Counter[str]:
    """Let the run come to its end, and check it; returns what was paid, and how often."""
    assert child.run(str(folder), None, way)
    assert json.loads((folder / "result").read_text()) == expected(way)
    effects = Witness(folder / "witness").counts()
    assert set(effects) == {"effect 1", "effect 20"}
    return Counter(effects)


@pytest.mark.parametrize(
    ("way", "place", "when"),
    [
        pytest.param(way, place, when, marks=[] if (way, place, when) in QUICK else pytest.mark.system)
        for way in REFUSED
        for place in ("commit", "body")
        for when in ("before", "after")
    ],
)
def test_killed_at_every_point_each_is_asked_about_once_and_done_as_was_allowed(
    approving: Program, tmp_path: Path, way: str, place: FaultPlace, when: When
) -> None:
    assert set(go_on(approving, tmp_path, way).values()) == {1}
    last = json.loads((tmp_path / "reached").read_text())[place]
    died = 0
    for n in range(1, last + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        if not approving.run(str(folder), str(FaultPoint(place, n, when)), way):
            died += 1
            # Both uses may be under way, and neither recorded: then both are made again, once.
            assert set(go_on(approving, folder, way).values()) <= {1, 2}, f"killed {when} {place} {n}"
    assert died > SURELY_REACHED[place]
