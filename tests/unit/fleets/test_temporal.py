"""What the fleet on Temporal tells it, and what is wrong with its settings."""

import asyncio
import socket
from pathlib import Path

import pytest

from podium import App
from podium.errors import ConfigError
from podium.fleets.temporal.placement import priority_of, request_of
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.store.operations import Placed


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
