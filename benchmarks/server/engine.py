"""A process that drives runs as fast as it can, by itself or while it serves.

`python -m benchmarks.server.engine STORE`, with `--serve` to serve too. It prints the address and a token, or a dash
for each; told anything it starts the runs, and prints how many steps it did in a second.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.fleets.program import add, chain
from benchmarks.job import CHAIN_STEPS
from benchmarks.measuring import expect
from podium import App
from podium.model.principal import ADMIN, Principal
from podium.server.access.opening import signing_in
from podium.server.application import application
from podium.server.running import listen, served

RUNS = 1_000
_HERE = "127.0.0.1"


@asynccontextmanager
async def serving(app: App) -> AsyncGenerator[str]:
    """Serve an app in its own process, as `podium serve` does; gives the address and the token."""
    starter = Principal(who="bench", tenant="default", roles={ADMIN})
    with listen(_HERE, 0) as listening:
        async with signing_in(app, _HERE, starter) as access:
            assert access.here is not None
            async with served(application(app, access, listens_on=_HERE), listening, app.config.server):
                yield f"http://{_HERE}:{listening.getsockname()[1]}/api/v1 {access.here.token}"


async def throughput(app: App) -> float:
    """Start all runs at once: steps in a second, until the last has ended."""
    began = time.perf_counter()
    handles = await asyncio.gather(*(app.start(chain, CHAIN_STEPS) for _ in range(RUNS)))
    ends = await asyncio.gather(*(handle.result() for handle in handles))
    took = time.perf_counter() - began
    expect("results", ends, [CHAIN_STEPS] * RUNS)
    return RUNS * CHAIN_STEPS / took


async def drive(app: App) -> None:
    """Drive the runs as often as is wanted."""
    await asyncio.gather(*(app.run(chain, CHAIN_STEPS) for _ in range(10)))  # everything is loaded then
    while await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        print(await throughput(app), flush=True)


async def main() -> None:
    async with App.open(sys.argv[1], agents=[add, chain]) as app:
        if "--serve" not in sys.argv:
            print("- -", flush=True)
            await drive(app)
            return
        async with serving(app) as said:
            print(said, flush=True)
            await drive(app)


if __name__ == "__main__":
    asyncio.run(main())
