"""The contract of fleets, over every fleet there is."""

import asyncio
from pathlib import Path

import pytest

from podium import App
from podium.fleets.dbos.fleet import DbosFleet
from podium.model.fleet import FleetSettings
from podium.testing import FleetContract
from tests.postgres import PostgresServer


class TestStoreFleet(FleetContract):
    def address(self, folder: Path) -> str:
        return str(folder / "podium.db")


class InPostgres:
    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.here = postgres.address()

    def address(self, folder: Path) -> str:
        return self.here


@pytest.mark.system
class TestStoreFleetInPostgres(InPostgres, FleetContract): ...


@pytest.mark.system
class TestDbosFleet(InPostgres, FleetContract):
    fleet = FleetSettings(kind="dbos", options={"poll": 0.02})

    async def settle(self, app: App) -> None:
        fleet = app.worker.fleet
        assert isinstance(fleet, DbosFleet)
        while fleet.unplaced:
            await asyncio.sleep(0.005)
