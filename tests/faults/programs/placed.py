"""A worker whose runs are placed by Temporal: `placed.py STORE FLEET WITNESS`. It says when it is there, and stays."""

import asyncio
import json
import sys
from pathlib import Path

from podium import App, Call, Context, agent, workflow
from podium.app import run_sync
from podium.model.fleet import FleetSettings
from podium.testing import Witness

STEPS = 4


@agent
async def step(n: int, call: Call) -> int:
    """Do something that takes a while, and can be seen from outside."""
    Witness(Path(sys.argv[3])).saw("step", call.run, call.key)
    await asyncio.sleep(0.05)
    return n + 1


@workflow
async def chain(ctx: Context, n: int) -> int:
    """Do it several times."""
    for _ in range(STEPS):
        n = await ctx.call(step, n)
    return n


async def work(store: str, fleet: str) -> None:
    """Drive what Temporal hands over, for ever."""
    settings = FleetSettings(kind="temporal", options=json.loads(fleet))
    async with App.open(store, agents=[chain], fleet=settings, slots=3, lease=2, poll=0.05, telemetry=False):
        print("here", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_sync(work(sys.argv[1], sys.argv[2]))
