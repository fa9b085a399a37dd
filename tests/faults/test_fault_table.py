"""Each kind of fault in each place of a run: it ends as configured, also where it is killed while it recovers."""

import json
from pathlib import Path
from random import randrange

import pytest

from podium.model.json import Json
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.faults.programs.table import PLACES
from tests.faults.stores import Shared, in_files
from tests.forking.program import Program

ONE_IN = 3
"""Of the points of a cell one in so many is tried on PostgreSQL, others in each run, since each takes much longer."""
CELLS = [(place, kind) for place, (_, kinds) in PLACES.items() for kind in kinds]
QUICK = {
    ("agent", "bug"), ("tool", "validation"), ("model", "rate"), ("human", "refusal"), ("child run", "transport"),
    ("store", "timeout"),
}  # fmt: skip
"""One kind of fault in each place, and each kind somewhere; the other cells are long tests."""


@pytest.fixture
def table() -> Program:
    return program("table.py")


def expected(place: str, kind: str) -> Json:
    value = PLACES[place][1][kind]
    by = {"spare": ["spare"], "unedited": [None]}
    return [value, "receipt", by.get(value, [])]


def ended(
    server: Program, folder: Path, shared: Shared, cell: tuple[str, str], point: FaultPoint | None
) -> dict[str, int]:
    """Run a cell, killed at a point and then driven on to its end; returns how often each place was come to."""
    folder.mkdir()
    shared(folder)
    lives = Lives(folder, forgets=cell[0] == "store")
    if not server.run(str(folder), *cell, None if point is None else str(point)):
        lives.ended()
        assert server.run(str(folder), *cell, None), f"{cell} killed at {point} did not come to its end"
    lives.ended()
    assert json.loads((folder / "result").read_text()) == expected(*cell), f"{cell} killed at {point}"
    assert lives.witness.count("effect", "pay") == 1, f"{cell} killed at {point} paid more or less than once"
    return json.loads((folder / "reached").read_text())


def killed_at_each(
    server: Program, folder: Path, shared: Shared, cell: tuple[str, str], place: FaultPlace, when: When
) -> None:
    reached = ended(server, folder / "whole", shared, cell, None)
    points = range(1, reached[place] + 1)
    for n in some(points) if shared is in_files else points[randrange(ONE_IN) :: ONE_IN]:
        point = FaultPoint(place, n, when)
        ended(server, folder / str(point), shared, cell, point)


def test_each_place_and_each_kind_of_fault_is_in_the_quick_tests() -> None:
    assert [{place for place, _ in cells} for cells in (QUICK, CELLS)] == [{*PLACES}] * 2
    assert {kind for _, kind in QUICK} == {kind for _, kind in CELLS}


@pytest.mark.more
@pytest.mark.parametrize(
    "cell", [pytest.param(each, marks=() if each in QUICK else pytest.mark.kill) for each in CELLS], ids="-".join
)
def test_a_fault_ends_as_configured_also_where_each_commit_of_its_recovery_is_the_last(
    table: Program, tmp_path: Path, shared: Shared, cell: tuple[str, str]
) -> None:
    killed_at_each(table, tmp_path, shared, cell, "commit", "after")


@pytest.mark.kill
@pytest.mark.parametrize(("place", "when"), [("commit", "before"), ("body", "before"), ("body", "after")])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_fault_ends_as_configured_also_where_it_is_killed_anywhere_else(
    table: Program, tmp_path: Path, shared: Shared, cell: tuple[str, str], place: FaultPlace, when: When
) -> None:
    killed_at_each(table, tmp_path, shared, cell, place, when)
