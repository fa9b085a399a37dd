"""One of two processes that write to one store as fast as they can; tells how long its loop was ever held up."""

import asyncio
import json
import sys
import time
from pathlib import Path

from podium import App, Context, workflow
from podium.model.agent import AnyAgent
from podium.testing import scripted


def made() -> list[AnyAgent]:
    """Return the agent and the workflow."""
    echo = scripted("echo", lambda n: n)

    @workflow
    async def job(ctx: Context, n: int) -> list[object]:
        return [await ctx.call(echo, n + i) for i in range(5)]

    return [echo, job]


async def longest_hold(seconds: list[float]) -> None:
    """Note by how much a short sleep is too long."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.002)
        seconds.append(time.perf_counter() - begun - 0.002)


async def main(folder: Path, name: str, runs: int) -> None:
    holds: list[float] = []
    flow = made()[-1]
    async with asyncio.timeout(120), App.open(folder / "podium.db", agents=[flow], poll=0.05) as app:
        (folder / f"ready-{name}").touch()
        while len(list(folder.glob("ready-*"))) < 2:  # noqa: ASYNC240 - a file wakes nobody
            await asyncio.sleep(0.002)
        watching = asyncio.create_task(longest_hold(holds))
        for first in range(0, runs, 20):
            values = await asyncio.gather(*[app.run(flow, first + n) for n in range(20)])
            assert values == [[first + n + i for i in range(5)] for n in range(20)]
        watching.cancel()
    print(json.dumps({"worst": max(holds), "median": sorted(holds)[len(holds) // 2]}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
