"""The contract of fleets, over every fleet there is."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from podium import App
from podium.fleets.dbos.fleet import DbosFleet
from podium.model.fleet import FleetSettings
from podium.model.run import RunState
from podium.testing import FleetContract
from tests.postgres import PostgresServer

if TYPE_CHECKING:
    from tests.temporal import TemporalServer


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


@pytest.mark.system
class TestTemporalFleet(FleetContract):
    @pytest.fixture(autouse=True)
    def _server(self, temporal: "TemporalServer") -> None:
        self.here = temporal
        self.fleet = FleetSettings(kind="temporal", options={"address": temporal.address, "name": temporal.name()})

    def address(self, folder: Path) -> str:
        return str(folder / "podium.db")

    async def settle(self, app: App) -> None:
        """Wait until Temporal can hand over all that is ready, in the order in which it is to be driven."""
        name, served = str(self.fleet.options["name"]), app.worker.fleet.queues
        ready = await app.runs.list(state=RunState.READY)
        for run in ready:
            await self.here.placed(f"{name}/{run.id}/{run.epoch}")
        for queue, runs in Counter(run.queue for run in ready).items():
            if served is None or queue in served:
                await self.here.queued(f"{name}.{queue}", runs)
