"""One of two processes that talk in one conversation at the same time."""

import asyncio
import sys
from pathlib import Path

from podium import App, Context, Steps, agent, workflow


@agent
async def tells(text: str, steps: Steps) -> str:
    turn = steps.conversation
    assert turn is not None
    return f"{text} after {len(await turn.messages())}"


@workflow
async def talk(ctx: Context, text: str) -> str:
    return await ctx.call(tells, text, conversation=ctx.conversation)


async def main(folder: Path, name: str, talks: int) -> None:
    async with asyncio.timeout(120), App.open(folder / "podium.db", agents=[talk], poll=0.02) as app:
        handles = [await app.start(talk, f"{name}{n}", conversation="c") for n in range(talks)]
        for handle in handles:
            await handle.result()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
