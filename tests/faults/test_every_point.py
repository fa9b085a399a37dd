"""A run with everything in it, killed at every fault point, one after the other."""

import json
from pathlib import Path

import pytest

from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.faults.stores import Shared
from tests.forking.program import Program

SURELY_REACHED = {"commit": 25, "body": 20}

EXPECTED = {
    "legs": [[11, 12], [21, 22]],
    "flaky": "third time",
    "trip": "the flight is full",
    "clerk": "All done.",
    "paid": "receipt 7",
    "shipped": "parcel 7",
    "approved": True,
    "child": 14,
    "race": "quick",
    "noted": 5,
}


@pytest.fixture
def voyage() -> Program:
    return program("voyage.py")


def go_on(server: Program, folder: Path, lives: Lives) -> None:
    """Let the run come to its end, and check it."""
    assert server.run(str(folder), None)
    lives.ended()
    assert json.loads((folder / "result").read_text()) == EXPECTED
    effects = {name: lives.witness.count("effect", name) for name in ("pay", "ship", "book")}
    assert effects == {"pay": 1, "ship": 1, "book": 1}


def test_undisturbed_it_does_everything_once(voyage: Program, tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    lives = Lives(tmp_path)
    go_on(voyage, tmp_path, lives)
    assert set(lives.witness.counts().values()) == {1}
    assert json.loads((tmp_path / "reached").read_text())["body"] > 20


@pytest.mark.more
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.kill), "after"])
@pytest.mark.parametrize("place", ["commit", "body"])
def test_killed_at_every_point_it_ends_right_and_repeats_nothing(
    voyage: Program, tmp_path: Path, shared: Shared, place: FaultPlace, when: When
) -> None:
    shared(tmp_path)
    go_on(voyage, tmp_path, Lives(tmp_path))
    last = json.loads((tmp_path / "reached").read_text())[place]
    points = [FaultPoint(place, n, when) for n in range(1, last + 1)]
    tried = some(points)
    died = sum(killed_at(voyage, tmp_path / str(point), shared, point) for point in tried)
    assert died + len(points) - len(tried) > SURELY_REACHED[place]


def killed_at(server: Program, folder: Path, shared: Shared, point: FaultPoint) -> bool:
    """Kill the run at a point and let it go on; whether it came to that point, for a few commits come by chance."""
    folder.mkdir()
    shared(folder)
    lives = Lives(folder)
    try:
        if server.run(str(folder), str(point)):
            return False
        lives.ended()
        go_on(server, folder, lives)
    except AssertionError as error:
        raise AssertionError(f"killed at {point}: {error}") from error
    return True


def test_killed_in_every_life_it_still_ends_right(voyage: Program, tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    lives = Lives(tmp_path)
    for n in range(1, 1_000):
        if voyage.run(str(tmp_path), f"after-commit-{4 + n % 5}"):
            break
        lives.ended()
    go_on(voyage, tmp_path, lives)
    assert lives.number > 3
