"""Every pattern, killed at every fault point, and inside every other one."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random, randrange

import pytest

from podium.app import run_sync
from podium.model.acceptance import NOT_ACCEPTED
from podium.model.facts.calls import AttemptFailed
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.catalogue.entry import entries
from tests.examples import some
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.faults.stores import Shared, in_files, share
from tests.forking.program import Program
from tests.postgres import PostgresServer

KNOWN = entries()
PAIRS = [*zip(KNOWN, [*KNOWN][1:] + [*KNOWN][:1], strict=True)]
"""Each pattern inside one other, and around one other."""
KILLS = 3
"""How many commits of each pair are points of death; others in each run, the seed is in the test's name."""


@pytest.fixture
def teams() -> Program:
    return program("teams.py")


@pytest.fixture
def picky() -> Program:
    return program("picky.py")


def undisturbed(
    server: Program, folder: Path, names: Sequence[str], shared: Shared = in_files
) -> tuple[Json, dict[str, int]]:
    """Run once to the end; returns the value, and how often each place was come to."""
    folder.mkdir()
    shared(folder)
    lives = Lives(folder)
    assert server.run(str(folder), names, None)
    lives.ended()
    return json.loads((folder / "result").read_text()), json.loads((folder / "reached").read_text())


def killed_at(
    server: Program, folder: Path, names: Sequence[str], point: FaultPoint, shared: Shared = in_files
) -> Json:
    """Kill the run at a point, let it go on to its end, and return its value."""
    folder.mkdir()
    shared(folder)
    lives = Lives(folder)
    try:
        if not server.run(str(folder), names, str(point)):
            lives.ended()
            assert server.run(str(folder), names, None)
        lives.ended()
        return json.loads((folder / "result").read_text())
    except AssertionError as error:
        raise AssertionError(f"{' in '.join(reversed(names))} killed at {point}: {error}") from error


def survives(server: Program, folder: Path, name: str, place: FaultPlace, when: When) -> None:
    """Kill a pattern at points of a place, one after the other."""
    value, reached = undisturbed(server, folder / "whole", [name])
    assert value == KNOWN[name].gives
    for n in some(range(1, reached[place] + 1)):
        point = FaultPoint(place, n, when)
        assert killed_at(server, folder / str(point), [name], point) == value, f"{name} killed at {point}"


@pytest.mark.more
@pytest.mark.parametrize(
    ("place", "when"), [pytest.param("commit", "after", marks=pytest.mark.kill), ("body", "before")]
)
@pytest.mark.parametrize("name", KNOWN)
def test_killed_at_every_point_a_pattern_ends_with_its_value_and_repeats_nothing(
    teams: Program, tmp_path: Path, name: str, place: FaultPlace, when: When
) -> None:
    survives(teams, tmp_path, name, place, when)


@pytest.mark.kill
@pytest.mark.parametrize(("place", "when"), [("commit", "before"), ("body", "after")])
@pytest.mark.parametrize("name", KNOWN)
def test_killed_on_the_other_side_of_every_point_a_pattern_ends_with_its_value_and_repeats_nothing(
    teams: Program, tmp_path: Path, name: str, place: FaultPlace, when: When
) -> None:
    survives(teams, tmp_path, name, place, when)


@pytest.mark.kill
@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_killed_at_any_commit_on_postgresql_a_pattern_ends_with_its_value_and_repeats_nothing(
    teams: Program, tmp_path: Path, postgres: PostgresServer, name: str, seed: int
) -> None:
    def shared(folder: Path) -> None:
        share(folder, postgres.address())

    chance = Random(seed)
    value, reached = undisturbed(teams, tmp_path / "whole", [name], shared)
    assert value == KNOWN[name].gives
    for n in chance.sample(range(1, reached["commit"] + 1), min(KILLS, reached["commit"])):
        point = FaultPoint("commit", n, chance.choice(["before", "after"]))
        again = killed_at(teams, tmp_path / str(point), [name], point, shared)
        assert again == value, f"{name} killed at {point}"


NOBODY_JUDGES = {"approve", "cascade", "debate", "gate", "parallel", "race", "refine", "saga", "sequence"}
"""Those in which nobody judges an answer in the catalogue: any will do, or rules do it."""
JUDGING = sorted(KNOWN.keys() - NOBODY_JUDGES)


@pytest.mark.parametrize("name", [pytest.param(each, marks=pytest.mark.kill) for each in JUDGING[1:]] + JUDGING[:1])
def test_killed_at_every_commit_a_pattern_whose_members_answer_badly_once_repeats_nothing(
    picky: Program, tmp_path: Path, name: str
) -> None:
    value, reached = undisturbed(picky, tmp_path / "whole", [name])
    corrections = corrected(tmp_path / "whole")
    assert corrections > 0
    for n in range(1, reached["commit"] + 1):
        point = FaultPoint("commit", n, "after")
        folder = tmp_path / str(point)
        assert killed_at(picky, folder, [name], point) == value, f"{name} killed at {point}"
        assert corrected(folder) == corrections, f"{name} killed at {point}"


def corrected(folder: Path) -> int:
    """Return how many answers were not accepted."""
    store = SqliteStore(str(folder / "podium.db"))
    contents = [fact.content for fact in run_sync(store.facts("r"))]
    store.close()
    return sum(isinstance(each, AttemptFailed) and each.type == NOT_ACCEPTED for each in contents)


def nested(server: Program, folder: Path, outer: str, inner: str) -> None:
    """Run a pattern inside another one."""
    _, reached = undisturbed(server, folder / f"{inner} in {outer}", [outer, inner])
    assert reached["body"] > 0, f"{inner} in {outer} asked nobody"


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_pattern_inside_another_one_ends_with_a_value_and_does_nothing_twice(
    teams: Program, tmp_path: Path, outer: str, inner: str
) -> None:
    nested(teams, tmp_path, outer, inner)


@pytest.mark.system
@pytest.mark.parametrize("outer", KNOWN)
def test_every_pattern_inside_every_other_one_ends_with_a_value_and_does_nothing_twice(
    teams: Program, tmp_path: Path, outer: str
) -> None:
    for inner in KNOWN:
        nested(teams, tmp_path, outer, inner)


@pytest.mark.kill
@pytest.mark.parametrize("outer", KNOWN)
@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_a_pattern_inside_another_one_killed_at_any_commit_ends_with_its_value(
    teams: Program, tmp_path: Path, outer: str, seed: int
) -> None:
    chance = Random(seed)
    for inner in KNOWN:
        names, folder = [outer, inner], tmp_path / inner
        folder.mkdir()
        value, reached = undisturbed(teams, folder / "whole", names)
        for n in chance.sample(range(1, reached["commit"] + 1), min(KILLS, reached["commit"])):
            point = FaultPoint("commit", n, chance.choice(["before", "after"]))
            assert killed_at(teams, folder / str(point), names, point) == value, f"{inner} in {outer} killed at {point}"
