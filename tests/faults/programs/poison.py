"""One run that kills its process whenever it is driven, beside innocent ones, until somebody stops driving it."""

import asyncio
import os
import signal
from pathlib import Path

from podium import App, Context, agent, workflow
from podium.model.agent import AnyAgent
from podium.model.run import RunState
from podium.store.sqlite import transaction, workers
from podium.store.sqlite.sql import statement
from podium.testing import Witness


def made(witness: Witness) -> list[AnyAgent]:
    @agent
    async def look(name: str) -> str:
        witness.saw("look", name)
        await asyncio.sleep(0.005)
        return name

    @agent
    async def drink(name: str) -> str:
        witness.saw("drink", name)
        if name.startswith("poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        return name

    @workflow(name="meal")
    async def meal(ctx: Context, name: str) -> str:
        for _ in range(3):
            await ctx.call(look, name)
        return await ctx.call(drink, name)

    return [look, drink, meal]


async def drive(folder: Path, innocent: int, poisoned: int) -> None:
    """Start all runs that are not there yet, and drive what there is until nothing goes on by itself."""
    names = [f"poison{n}" for n in range(poisoned)] + [f"innocent{n}" for n in range(innocent)]
    agents = made(Witness(folder / "witness"))
    async with asyncio.timeout(120), App.open(folder / "podium.db", agents=agents, poll=0.02, lease=2.0) as app:
        for name in names:
            await app.start("meal", name, id=name)
        going = (RunState.READY, RunState.RUNNING)
        while any([await app.runs.list(state=state) for state in going]):
            await asyncio.sleep(0.01)


def warm() -> None:
    """Have everything loaded that is loaded late."""


def die_at(name: str) -> None:
    """Have this process killed when it comes to a statement of the store."""

    def dying(wanted: str) -> str:
        if wanted == name:
            os.kill(os.getpid(), signal.SIGKILL)
        return statement(wanted)

    workers.statement = transaction.statement = dying  # type: ignore[assignment] - a fault, in a process of its own


def main(folder: str, innocent: int, poisoned: int, death: str | None = None) -> None:
    if death is not None:
        die_at(death)
    asyncio.run(drive(Path(folder), innocent, poisoned))
