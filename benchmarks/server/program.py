"""What the measured server serves: runs that stream for a while, some of which ask."""

from __future__ import annotations

import asyncio
from typing import Literal

from podium import Context, Steps, agent, workflow
from podium.model.streams import TextDelta

PARTS, WORDS = 5, 10
PAUSE, _QUIET = 0.32, 1.5


@agent
async def look(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return 1


@agent
async def tell(part: int, steps: Steps) -> str:
    """Stream a few words as a language model would."""
    words = [f"part{part}word{word} " for word in range(WORDS)]
    for word in words:
        await asyncio.sleep(PAUSE)
        steps.emit(TextDelta(word))
    return "".join(words)


@workflow(version="1")
async def tale(ctx: Context, asks: int) -> str:
    await ctx.call(look, _QUIET)
    told = [await ctx.call(tell, part) for part in range(PARTS)]
    if asks:
        told.append(await ctx.ask("How is it?", answer=Literal["good", "bad"], subject=told[-1], to="readers"))
    return "".join(told)
