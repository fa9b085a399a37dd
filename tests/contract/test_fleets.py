"""The contract of fleets, over every fleet there is."""

from pathlib import Path

import pytest

from podium.testing import FleetContract
from tests.postgres import PostgresServer


class TestStoreFleet(FleetContract):
    def address(self, folder: Path) -> str:
        return str(folder / "podium.db")


@pytest.mark.system
class TestStoreFleetInPostgres(FleetContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.here = postgres.address()

    def address(self, folder: Path) -> str:
        return self.here
