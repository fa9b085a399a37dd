"""Code that swallows what takes its run out of memory, and asks again and again, holds up nobody."""

from pathlib import Path

import pytest

from tests.e2e.cli import Desk

PROGRAM = """
import gc
import logging
from podium import App, Context, run_sync, workflow
from podium.testing import DrivenClock

async def insists(ctx: Context, way: str) -> str:
    while True:
        try:
            if way == "two waits":
                await ctx.sleep(1_000)
            return await ctx.signal("go", str)
        except:
            continue

@workflow
async def stubborn(ctx: Context, way: str) -> str:
    if way == "in a branch":
        return (await ctx.gather(ctx.branch(insists, way)))[0]
    return await insists(ctx, way)

@workflow
async def other(ctx: Context) -> str:
    return "other"

async def main() -> None:
    clock = DrivenClock()
    async with App.open("a.db", agents=[stubborn, other], clock=clock) as app:
        handle = await app.start(stubborn, WAY)
        await clock.settle()
        print((await handle.status()).state, await app.run(other))
        await handle.signal("go", "went")
        await clock.advance(3_000)
        print(await handle.result())

logging.basicConfig(level=logging.ERROR, format="%(name)s %(message)s")
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
run_sync(main())
gc.collect()
print("end")
"""


@pytest.mark.parametrize(
    "way", ["alone", *(pytest.param(each, marks=pytest.mark.system) for each in ("two waits", "in a branch"))]
)
def test_code_that_swallows_what_unwinds_it_holds_up_nobody(tmp_path: Path, way: str) -> None:
    desk = Desk(tmp_path)
    desk.write("stubborn.py", PROGRAM.replace("WAY", repr(way)))
    ended = desk.python("stubborn.py")
    assert ended.out == "parked other\nwent\nend\n", ended
    line = PROGRAM.splitlines().index('            return await ctx.signal("go", str)') + 1
    lines = {line, line - 1} if way == "two waits" else {line}
    told = [each for each in ended.err.splitlines() if "asks again and again, though its run is leaving memory" in each]
    assert told
    assert all(any(f"stubborn.py:{number} in insists" in each for number in lines) for each in told)
