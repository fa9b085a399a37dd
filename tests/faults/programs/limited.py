"""Makes calls under limits that it shares with other processes, and writes when each begins and ends."""

import asyncio
import math
import os
import sys
import time
from pathlib import Path

from podium import App, Context, agent, run_sync, workflow
from podium.model.limit import Limit

LIMITS = {
    "rate": Limit(requests=20, per=1.0, max_wait=math.inf),
    "places": Limit(concurrency=2, max_wait=math.inf),
}


async def main(store: str, kind: str, calls: int, takes: float, told: Path) -> None:
    with told.open("a", buffering=1) as file:

        @agent(limit=LIMITS[kind])
        async def limited(n: int) -> int:
            file.write(f"begins {time.time()!r}\n")
            if takes:
                await asyncio.sleep(takes)
            file.write(f"ends {time.time()!r}\n")
            return n

        @workflow(name=f"flow of {os.getpid()}")
        async def flow(ctx: Context) -> int:
            return len(await ctx.map(limited, list(range(calls))))

        async with App.open(store, agents=[flow], lease=2) as app:
            print("open", flush=True)
            sys.stdin.readline()
            assert await app.run(flow) == calls


run_sync(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5])))
