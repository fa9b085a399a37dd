"""One of two processes that write to one store as fast as they can."""

import asyncio
import sys
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


async def main(folder: Path, name: str, runs: int) -> None:
    flow = made()[-1]
    async with asyncio.timeout(120), App.open(folder / "podium.db", agents=[flow], poll=0.05) as app:
        (folder / f"ready-{name}").touch()
        while len(list(folder.glob("ready-*"))) < 2:  # noqa: ASYNC240 - a file wakes nobody
            await asyncio.sleep(0.002)
        for first in range(0, runs, 20):
            values = await asyncio.gather(*[app.run(flow, first + n) for n in range(20)])
            assert values == [[first + n + i for i in range(5)] for n in range(20)]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
