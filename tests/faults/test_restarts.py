"""A run that restarts, killed at every fault point: it ends right, in the same generation, and repeats nothing."""

import json
from pathlib import Path

import pytest

from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.forking.program import Program

GENERATIONS = 4
EXPECTED = [[[n, f"receipt {n}", n, n] for n in range(GENERATIONS)], GENERATIONS]


@pytest.fixture
def watching() -> Program:
    return program("watching.py")


def go_on(server: Program, folder: Path, lives: Lives) -> None:
    """Let the run come to its end, and check it."""
    assert server.run(str(folder), None)
    lives.ended()
    assert json.loads((folder / "result").read_text()) == EXPECTED
    assert [lives.witness.count("effect", "pay", n) for n in range(GENERATIONS)] == [1] * GENERATIONS


def test_undisturbed_it_does_everything_once(watching: Program, tmp_path: Path) -> None:
    lives = Lives(tmp_path)
    go_on(watching, tmp_path, lives)
    assert all(count == 1 for line, count in lives.witness.counts().items() if not line.startswith("left"))


@pytest.mark.more
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.kill), "after"])
@pytest.mark.parametrize("place", [pytest.param("commit", marks=pytest.mark.kill), "body"])
def test_killed_at_every_point_it_ends_right_and_repeats_nothing(
    watching: Program, tmp_path: Path, place: FaultPlace, when: When
) -> None:
    go_on(watching, tmp_path, Lives(tmp_path))
    last = json.loads((tmp_path / "reached").read_text())[place]
    points = [FaultPoint(place, n, when) for n in range(1, last + 1)]
    tried = some(points)
    died = sum(killed_at(watching, tmp_path / str(point), point) for point in tried)
    assert died + len(points) - len(tried) >= 4 * GENERATIONS


def killed_at(server: Program, folder: Path, point: FaultPoint) -> bool:
    """Kill the run at a point and let it go on; whether it came to that point."""
    folder.mkdir()
    lives = Lives(folder)
    try:
        if server.run(str(folder), str(point)):
            return False
        lives.ended()
        go_on(server, folder, lives)
    except AssertionError as error:
        raise AssertionError(f"killed at {point}: {error}") from error
    return True
