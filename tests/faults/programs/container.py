"""One worker among several in containers of one host name: usage FOLDER NAME LEASE."""

import asyncio
import sys
from pathlib import Path

from podium import App, Context, agent, run_sync, workflow
from podium.testing import Witness

FOLDER, NAME, LEASE = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
WITNESS = Witness(FOLDER / "witness")


@agent
async def charge(_: None) -> str:
    WITNESS.saw("begun", NAME)
    while not (FOLDER / "go").exists():
        await asyncio.sleep(0.01)
    return NAME


@workflow
async def flow(ctx: Context) -> str:
    return await ctx.call(charge)


async def main() -> None:
    async with App.open(FOLDER / "podium.db", agents=[flow], lease=LEASE) as app:
        if NAME == "first":
            await app.start(flow, id="r")
        WITNESS.saw("here", NAME)
        print(await (await app.handle("r")).result())


run_sync(main())
