"""One of several processes that drive random workflows on one store, until they are told that all is done."""

import asyncio
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App
from podium.testing import Witness
from tests.faults import test_random_programs as programs
from tests.faults.stores import address_in


class Told(list[str]):
    """Has a witness outside the store told of each body that runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._witness = Witness(folder / "witness")

    def append(self, item: str) -> None:
        self._witness.saw(item)


async def work(folder: Path, address: str, lease: float) -> None:
    programs.executed = Told(folder)
    opening = App.open(address, agents=programs.ALL, poll=0.05, grace=1.0, lease=lease, quarantine_after=1_000)
    async with opening as app:
        programs.apps[:] = [app]
        (folder / f"open {os.getpid()}").touch()
        while not (folder / "done").exists():
            await asyncio.sleep(0.02)


def warm() -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "done").touch()
        asyncio.run(work(Path(folder), address_in(Path(folder)), 5.0))


def main(folder: str, address: str, lease: float) -> None:
    logging.basicConfig(filename=Path(folder) / f"log {os.getpid()}", level=logging.WARNING)
    asyncio.run(work(Path(folder), address, lease))
