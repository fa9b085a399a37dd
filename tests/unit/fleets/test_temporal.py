"""What the fleet on Temporal tells it, and what is wrong with its settings."""

import asyncio
import socket
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from podium import App
from podium.errors import ConfigError
from podium.fleets.temporal.placement import priority_of, request_of
from podium.fleets.temporal.queue_worker import InMemory
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.model.run import SUSPECTED
from podium.store.operations import Placed
from podium.store.sqlite.store import SqliteStore


def test_priorities_keep_their_order_in_temporals_five() -> None:
    keys = [priority_of(priority).priority_key for priority in (10**9, 6, 5, 1, 0, -1, -5, -6, -(10**9))]
    assert keys == [1, 1, 2, 2, 3, 4, 4, 5, 5]


def test_a_placement_comes_back_as_what_the_engine_knows() -> None:
    placed = Placed(7, -2, 1, "mail", 3, "acme", "run_x")
    assert request_of(placed, 10.0).placed == placed


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"adress": "x"}, "adress"),
        ({"name": ""}, "name"),
        ({"address": 7}, "address"),
        ({"namespace": ""}, "namespace"),
    ],
)
async def test_options_that_are_wrong_are_named(tmp_path: Path, options: dict[str, Json], told: str) -> None:
    with pytest.raises(ConfigError, match=f"the options of the fleet 'temporal' are wrong: .*{told}"):
        async with App.open(tmp_path / "podium.db", fleet=FleetSettings(kind="temporal", options=options)):
            pass


async def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
    fleet = FleetSettings(kind="temporal", options={"address": address})
    with pytest.raises(ConfigError, match=f"Temporal's server at {address} cannot be reached: .*Start it, or set"):
        async with asyncio.timeout(60), App.open(tmp_path / "podium.db", fleet=fleet):
            pass


class Driver:
    """Claims what it is told of once it may."""

    id = "w"

    def __init__(self) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self.driven: list[int] = []

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        self.asked.set()
        await self.may.wait()
        self.driven += [run.n for run in runs]
        return self.driven


async def soon() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("crash_count", [0, SUSPECTED])
async def test_a_run_whose_activity_is_cancelled_while_it_is_claimed_is_driven_and_keeps_its_slot(
    crash_count: int,
) -> None:
    driver, placed = Driver(), Placed(7, 0, crash_count, "mail", 3, "acme", "r")
    with closing(SqliteStore(":memory:")) as store:
        here = InMemory(driver, store, probation=10.0)
        activity = asyncio.create_task(here.drive(request_of(placed, 10.0)))
        await driver.asked.wait()
        for _ in range(2):  # by a person, and once more as the worker ends
            activity.cancel()
            await soon()
        driver.may.set()
        await soon()
        assert driver.driven == [7]
        assert not activity.done(), "its slot is free, though it is in memory"
        here.release(7)
        with pytest.raises(asyncio.CancelledError):
            await activity
