"""A budget holds with any number of calls at once, over kills, and over processes; the money is counted outside."""

import asyncio
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
from tests.examples import some
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


@pytest.mark.more
@pytest.mark.parametrize(("name", "wanted"), [("shops", 20), ("sends", 3)])
def test_killed_at_any_commit_or_purchase_it_never_spends_more_than_there_is(
    shop: Program, tmp_path: Path, name: str, wanted: int
) -> None:
    shopped(shop, tmp_path / "whole", wanted, name=name)
    doubtful = 0
    for point in some(points(tmp_path / "whole")):
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


def poured(folder: Path) -> int:
    """Return what really was spent by a run that drips, in cents."""
    witness = Witness(folder / "witness")
    return witness.count("cent") + 25 * witness.count("feast")


@pytest.mark.kill
def test_killed_between_escrow_purchase_and_settling_it_never_spends_more_than_there_is(
    shop: Program, tmp_path: Path
) -> None:
    told = shopped(shop, tmp_path / "whole", 100, name="drips")
    assert poured(tmp_path / "whole") * CENT == told["spent"] == 35 * CENT
    doubtful = set[int]()
    for point in points(tmp_path / "whole"):
        folder = tmp_path / str(point)
        told = shopped(shop, folder, 100, point, name="drips")
        assert poured(folder) * CENT <= told["spent"] <= 35 * CENT, point
        assert told["held"] == [], point
        assert told["doubt"] <= (4 + 25) * CENT, f"killed at {point} more is in doubt than an escrow and a call"
        doubtful.add(told["doubt"] // CENT)
    assert {1, 4, 5} & doubtful, "no kill came while an escrow was held"


@pytest.mark.parametrize("seed", [randrange(1 << 32)])
def test_two_processes_that_spend_fast_together_spend_no_more_than_there_is_and_all_of_it(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)

    def half(folder: Path, name: str, point: FaultPoint | None) -> bool:
        return program("spending.py").run(str(folder), name, 3, None if point is None else str(point))

    def state_of(folder: Path) -> tuple[int, int, int]:
        store = SqliteStore(str(folder / "podium.db"))
        [state] = asyncio.run(store.budgets(BudgetQuery(prefix="tenant:fast")))
        store.close()
        return state.spent.usd // (2 * CENT), state.reserved.usd, state.in_doubt // (2 * CENT)

    with ThreadPoolExecutor() as pool:
        whole = tmp_path / "whole"
        whole.mkdir()
        assert list(pool.map(half, [whole] * 2, ["fast-a", "fast-b"], [None] * 2)) == [True, True]
        assert Witness(whole / "witness").count("spent") == 50
        assert state_of(whole) == (50, 0, 0)
        folder = tmp_path / "killed"
        folder.mkdir()
        point = FaultPoint("body", chance.randint(1, 20), chance.choice(["before", "after"]))
        lived, _ = pool.map(half, [folder] * 2, ["fast-a", "fast-b"], [point, None])
        assert lived or half(folder, "fast-a", None)
    spent, held, doubt = state_of(folder)
    assert Witness(folder / "witness").count("spent") <= spent <= 50, point
    assert held == 0, point
    assert doubt <= 3 * 5, f"killed at {point} more is in doubt than what three runs held"
