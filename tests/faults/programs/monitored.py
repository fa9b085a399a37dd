"""One of several processes with monitors on one store, which does nothing else until it is killed."""

import asyncio
import os
import sys
from pathlib import Path

from podium import App, Context, agent, run_sync, workflow
from podium.model.health import Health
from podium.model.incident import MonitorSettings
from podium.testing import Witness


async def main(store: str, folder: Path) -> None:
    witness = Witness(folder / "witness")

    def check() -> bool:
        witness.saw("checked", os.getpid())
        return not (folder / "down").exists()

    def restart() -> None:
        witness.saw("restarted", os.getpid())
        (folder / "down").unlink(missing_ok=True)

    @agent(health=Health(check=check, every=0.5, restart=restart))
    async def search(query: str) -> str:
        return query

    @workflow
    async def imports(_: Context) -> str:
        raise ValueError("the file is cut")

    settings = MonitorSettings(every=0.2, burst=3, max_wait=5.0)
    async with App.open(store, agents=[search, imports], lease=2.0, monitor=settings) as app:
        print(app.worker.id, flush=True)
        await asyncio.Event().wait()


run_sync(main(sys.argv[1], Path(sys.argv[2])))
