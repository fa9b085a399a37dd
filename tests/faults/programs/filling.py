"""Fills a store until it cannot be written any more; says why, and exits with status 3."""

import asyncio
import sys
from pathlib import Path

from podium import App, Context, workflow
from podium.errors import PodiumError
from podium.testing import scripted

filler = scripted("fill", lambda n: f"{n:04}" * 10_000)


@workflow
async def job(ctx: Context, n: int) -> str:
    return await ctx.call(filler, n)


async def fill(path: Path) -> None:
    async with asyncio.timeout(120), App.open(path, agents=[job]) as app:
        try:
            for n in range(200):
                await app.run(job, n)
        finally:
            print(f"unready: {await app.unready()}")


if __name__ == "__main__":
    try:
        asyncio.run(fill(Path(sys.argv[1])))
    except PodiumError as error:
        print(f"{type(error).__name__}: {error}")
        sys.exit(3)
