"""Makes calls under a limit that it shares, on a machine whose clock is off, and writes when each really begins."""

import math
import os
import sys
import time
from pathlib import Path

from podium import App, Context, agent, run_sync, workflow
from podium.model.clock import SystemClock
from podium.model.limit import Limit


class OffClock(SystemClock):
    """A clock of a machine that is off by some seconds."""

    off = 0.0

    def now(self) -> float:
        """Return what this machine takes for the time."""
        return super().now() + self.off

    async def sleep_until(self, when: float) -> None:
        """Wait until this machine says so."""
        await super().sleep_until(when - self.off)


async def main(store: str, off: float, calls: int, told: Path) -> None:
    OffClock.off = off
    with told.open("a", buffering=1) as file:

        @agent(limit=Limit(requests=20, per=1.0, max_wait=math.inf))
        async def limited(n: int) -> int:
            file.write(f"{time.time()!r}\n")
            return n

        @workflow(name=f"flow of {os.getpid()}")
        async def flow(ctx: Context) -> int:
            return len(await ctx.map(limited, list(range(calls))))

        async with App.open(store, agents=[flow], lease=5, clock=OffClock()) as app:
            print("open", flush=True)
            sys.stdin.readline()
            assert await app.run(flow) == calls


run_sync(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
