"""One of several processes that drive the runs of `many.py` on one store, until they are told that all is done."""

import asyncio
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App
from podium.model.agent import AnyAgent
from podium.testing import Witness
from tests.faults.programs import jobs, many, troubles, watches
from tests.faults.stores import address_in


def agents_in(folder: Path) -> list[AnyAgent]:
    """Return the agents and workflows of `many.py`, with the witness of a folder."""
    witness = Witness(folder / "witness")
    pay = jobs.paying(witness)
    return [*jobs.made(witness, pay), *troubles.made(witness, pay), *watches.made(witness, pay)]


async def work(folder: Path, address: str, lease: float) -> None:
    opening = App.open(address, agents=agents_in(folder), poll=0.05, grace=1.0, lease=lease, quarantine_after=1_000)
    async with opening:
        (folder / f"open {os.getpid()}").touch()
        while not (folder / "done").exists():
            await asyncio.sleep(0.02)


def warm() -> None:
    many.warm()
    with TemporaryDirectory() as folder:
        (Path(folder) / "done").touch()
        asyncio.run(work(Path(folder), address_in(Path(folder)), 5.0))


def main(folder: str, address: str, lease: float) -> None:
    logging.basicConfig(filename=Path(folder) / f"log {os.getpid()}", level=logging.WARNING)
    asyncio.run(work(Path(folder), address, lease))
