"""A process that drives runs of one workflow, whose agent emits a number every so often; told to stop by its caller.

`teller.py STORE SECONDS COUNT [RUN]`: starts RUN if it is given, else takes up what there is.
"""

import asyncio
import sys
import time

from podium import App, Call, Context, Steps, agent, run_sync, workflow

store, pause, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])


@agent
async def counts(_: None, steps: Steps, call: Call) -> int:
    for number in range(count):
        steps.emit({"n": number, "at": time.time()})
        await asyncio.sleep(pause)
        if number % 10 == 9:
            await steps.once(f"mark {number}", nothing)
    return count


async def nothing() -> None:
    return None


@workflow
async def telling(ctx: Context) -> int:
    return await ctx.call(counts)


async def main() -> None:
    async with App.open(store, agents=[telling], lease=2.0) as app:
        if len(sys.argv) > 4:
            await app.start(telling, id=sys.argv[4])
        print("open", flush=True)
        await asyncio.Event().wait()


run_sync(main())
