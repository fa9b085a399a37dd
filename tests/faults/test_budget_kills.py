"""A budget holds with any number of calls at once, over kills, and over processes; the money is counted outside."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random, randrange

import pytest

from podium.app import run_sync
from podium.model.json import Json
from podium.store.protocol import BudgetQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness
from podium.testing.faults import FaultPoint
from tests.faults.children import program
from tests.forking.program import Program

CENT = 10_000_000
FITS = 7
"""So many purchases of two cents have room in fifteen."""


@pytest.fixture
def shop() -> Program:
    return program("spending.py")


def shopped(
    server: Program, folder: Path, wanted: int, point: FaultPoint | None = None, *, name: str = "shops"
) -> dict[str, Json]:
    """Run a shopper, killed at a point and then driven on, and return what it says in the end."""
    folder.mkdir()
    if not server.run(str(folder), name, wanted, None if point is None else str(point)):
        assert server.run(str(folder), name, wanted, None)
    return json.loads((folder / "result").read_text())


def check(folder: Path, told: dict[str, Json], where: object) -> None:
    spent = Witness(folder / "witness").count("spent") * 2 * CENT
    assert spent <= 15 * CENT, f"killed at {where} it spent {spent}"
    assert spent <= told["spent"] <= 15 * CENT, f"killed at {where} the ledger has {told['spent']} of {spent}"
    assert told["held"] == []
    assert told["bought"] <= FITS


@pytest.mark.parametrize("wanted", [1, 20, 500])
def test_undisturbed_as_many_are_bought_as_fit(shop: Program, tmp_path: Path, wanted: int) -> None:
    told = shopped(shop, tmp_path / "whole", wanted)
    most = min(wanted, FITS)
    assert (told["bought"], told["spent"], told["doubt"]) == (most, most * 2 * CENT, 0)
    assert Witness(tmp_path / "whole" / "witness").count("spent") == most


def points(folder: Path) -> list[FaultPoint]:
    """Return each place at which a run that was not disturbed could have been killed."""
    reached = json.loads((folder / "reached").read_text())
    return [
        FaultPoint(place, n, when)
        for place in ("commit", "body")
        for n in range(1, reached[place] + 1)
        for when in ("before", "after")
    ]


@pytest.mark.parametrize(("name", "wanted"), [("shops", 20), ("sends", 3)])
def test_killed_at_any_commit_or_purchase_it_never_spends_more_than_there_is(
    shop: Program, tmp_path: Path, name: str, wanted: int
) -> None:
    shopped(shop, tmp_path / "whole", wanted, name=name)
    doubtful = 0
    for point in points(tmp_path / "whole"):
        folder = tmp_path / str(point)
        told = shopped(shop, folder, wanted, point, name=name)
        check(folder, told, point)
        doubtful += told["doubt"] > 0
    assert doubtful > 0, "no kill came between what was set aside and what was settled"


@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_killed_in_the_middle_of_500_purchases_it_never_spends_more_than_there_is(
    shop: Program, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    for n in range(5):
        point = FaultPoint("body", chance.randint(1, FITS), chance.choice(["before", "after"]))
        folder = tmp_path / str(n)
        check(folder, shopped(shop, folder, 500, point), point)


def test_two_processes_together_spend_no_more_than_there_is(shop: Program, tmp_path: Path) -> None:
    def half(name: str) -> bool:
        return shop.run(str(tmp_path), name, 40)

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(half, ["a", "b"])) == [True, True]
    assert sum(json.loads((tmp_path / name).read_text()) for name in "ab") == FITS
    assert Witness(tmp_path / "witness").count("spent") == FITS
    store = SqliteStore(str(tmp_path / "podium.db"))
    [state] = run_sync(store.budgets(BudgetQuery())).items
    store.close()
    assert (state.spent.usd, state.reserved.usd) == (FITS * 2 * CENT, 0)
