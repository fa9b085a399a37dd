"""A monitor that starts a service again, and whose process dies where it is told to."""

import asyncio
import os
import signal
from pathlib import Path

from podium import App, agent
from podium.model.health import Health
from podium.model.incident import MonitorSettings
from podium.testing import Witness
from tests.faults.services import Service

SETTINGS = MonitorSettings(every=0.05, max_wait=5.0)


async def tend(folder: Path, port: int, moment: str) -> None:
    """Watch over the service until the only incident is over; die `before` or `after` it is started."""
    service, witness = Service(folder, port), Witness(folder / "witness")

    def restart() -> None:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        service.start()
        if moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    @agent(health=Health(check=service.answers, every=0.05, restart=restart))
    async def search(query: str) -> str:
        return query

    async with (
        asyncio.timeout(120),
        App.open(folder / "podium.db", agents=[search], poll=0.02, lease=2.0, monitor=SETTINGS) as app,
    ):
        incident = None
        while incident is None or not incident.ending:
            await asyncio.sleep(0.01)
            incident = next((each for each in await app.reports.incidents() if each.trouble.subject == "search"), None)
        witness.saw("ended", incident.ending)


def warm() -> None:
    """Nothing is loaded late."""


def main(folder: str, port: int, moment: str) -> None:
    """Live once."""
    asyncio.run(tend(Path(folder), port, moment))
