"""A program whose effects are counted outside the store, for workers that are started, stopped and killed."""

import asyncio
import os
from pathlib import Path

from podium import Call, Context, agent, workflow
from podium.testing import Witness

PAYMENTS = 5


def folder() -> Path:
    return Path(os.environ["SEEN_IN"])


@agent(effects="once")
async def pay(amount: int, call: Call) -> int:
    Witness(folder() / "witness").saw("paid", call.run, call.key)
    await asyncio.sleep(0.05)
    return amount


@agent
async def watch(amount: int, call: Call) -> int:
    Witness(folder() / "witness").saw("watches", call.run)
    while not (folder() / "gate").exists():
        await asyncio.sleep(0.02)
    return amount


@workflow
async def desk(ctx: Context, amount: int) -> int:
    return sum([await ctx.call(pay, amount) for _ in range(PAYMENTS)])


@workflow
async def night(ctx: Context, amount: int) -> int:
    return await ctx.call(watch, amount)
