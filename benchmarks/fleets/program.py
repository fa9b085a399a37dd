"""What the workers of Podium serve."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter

from podium import Context, agent, workflow
from podium.model.agent import AnyAgent

VICTIM = "PODIUM_BENCH_VICTIM"
"""In the environment of a worker that is to be stopped while its runs are in their second step."""

done = Counter[str]()
"""How often this process was asked for a step."""


@agent
async def add(step: int) -> int:
    done["add"] += 1
    return 1


@agent
async def nap(seconds: float) -> int:
    done["nap"] += 1
    await asyncio.sleep(seconds)
    return 1


@agent
async def moment(step: int) -> float:
    return time.time()


@agent
async def held(step: int) -> float:
    if VICTIM in os.environ:
        await asyncio.Event().wait()
    return time.time()


@workflow(version="1")
async def chain(ctx: Context, steps: int) -> int:
    total = 0
    for step in range(steps):
        total += await ctx.call(add, step)
    return total


@workflow(version="1")
async def naps(ctx: Context, steps: int) -> int:
    total = 0
    for _ in range(steps):
        total += await ctx.call(nap, 0.05)
    return total


@workflow(version="1")
async def long(ctx: Context, seconds: float) -> int:
    return await ctx.call(nap, seconds)


@workflow(version="1")
async def first(ctx: Context, step: int) -> float:
    return await ctx.call(moment, step)


@workflow(version="1")
async def taken_over(ctx: Context, step: int) -> float:
    await ctx.call(add, step)
    return await ctx.call(held, step)


@workflow(version="1")
async def park(ctx: Context, start: int) -> int:
    return start + await ctx.signal("go", int)


AGENTS: list[AnyAgent] = [add, nap, moment, held, chain, naps, long, first, taken_over, park]
