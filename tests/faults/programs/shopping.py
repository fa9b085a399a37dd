"""One of several processes that spend from one budget until there is nothing left."""

import asyncio
import sys
from pathlib import Path

from podium import App, Config, Context, agent, run_sync, workflow
from podium.errors import CallRefused
from podium.model.budget import Allowance, BudgetSettings
from podium.testing import Witness

SETTINGS = Config(
    budgets=BudgetSettings(tenants={"acme": Allowance(usd=0.90, per="ever")}), poll=0.02, lease=2.0, grace=0.0
)


async def main(store: str, folder: Path, name: str) -> None:
    witness = Witness(folder / "witness")

    @agent(usd=0.01)
    async def buys(_: int) -> str:
        witness.saw("spent")
        await asyncio.sleep(0.005)
        return "bought"

    @workflow
    async def shops(ctx: Context) -> int:
        for n in range(1_000):
            try:
                await ctx.call(buys, n)
            except CallRefused:
                return n
        return -1

    async with App.open(store, agents=[shops], config=SETTINGS) as app:
        print("open", flush=True)
        sys.stdin.readline()
        await app.start(shops, id=f"run_{name}", tenant="acme")
        await asyncio.gather(*[(await app.handle(run)).result() for run in await _all(app)])
        print("done", flush=True)


async def _all(app: App) -> list[str]:
    """Return the ids of the runs of all processes, once they have begun."""
    while len(runs := (await app.runs.list()).items) < 3:
        await asyncio.sleep(0.02)
    return [run.id for run in runs]


run_sync(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
