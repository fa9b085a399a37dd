"""What the tests of the engine share: a store in a folder, a driven clock, and apps that come and go on them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from podium import App
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import Run
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import CountingIds, DrivenClock, Witness
from tests.examples import LONG

PATIENCE = 600.0 if LONG else 120.0
"""Seconds after which an app is taken to hang, on a machine that is busy with other tests."""


@cache
def empty_store() -> bytes:
    """Return the file of a store with nothing in it: copying one takes a tenth of the time of making one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "podium.db"
        SqliteStore(str(path)).close()
        return path.read_bytes()


class Bench:
    """One store, opened by one app after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "podium.db"
        if not self.path.exists():
            self.path.write_bytes(empty_store())
        self.clock = DrivenClock()
        self.ids = CountingIds()
        self.witness = Witness(folder / "witness")

    @asynccontextmanager
    async def app(self, *agents: AnyAgent, store: Store | None = None, **settings: Any) -> AsyncGenerator[App]:
        """Open an app; what it drives is let go when the block ends, as if the process had ended there.

        With a time of `grace` it is let end first.
        """
        settings.setdefault("grace", 0.0)
        async with (
            asyncio.timeout(PATIENCE),
            App.open(store or self.path, agents=agents, clock=self.clock, ids=self.ids, **settings) as app,
        ):
            yield app

    async def parked(self, workflow: AnyAgent, input: Json = None, *others: AnyAgent) -> str:
        """Start a run and let it come to where it waits; returns its id. The app is closed again."""
        async with self.app(workflow, *others) as app:
            handle = await app.start(workflow, input)
            await self.clock.settle()
            return handle.id

    async def ended(self, run: str, *agents: AnyAgent, seconds: float = 0.0) -> Run:
        """Open the store again, let time pass, and return how the run then stands."""
        async with self.app(*agents) as app:
            await self.clock.advance(seconds)
            await self.clock.settle()
            return await (await app.handle(run)).status()

    async def result(self, run: str, *agents: AnyAgent, seconds: float = 0.0) -> Any:
        """Open the store again, let time pass, and return the run's result."""
        async with self.app(*agents) as app:
            await self.clock.advance(seconds)
            return await (await app.handle(run)).result()

    def jump(self, seconds: float) -> None:
        """Let time pass while nothing else happens, as it does for a process that is stopped."""
        self.clock._now += seconds  # pyright: ignore[reportPrivateUsage] - whoever is stopped drives no clock


async def facts(app: App, run: str) -> list[tuple[FactKind, str]]:
    """Return kind and key of everything recorded of a run."""
    return [(fact.kind, fact.key) for fact in await app.runs.facts(run)]
