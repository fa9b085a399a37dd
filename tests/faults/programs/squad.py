"""A workflow that several processes serve: who comes to its middle, and who leaves it, is seen from outside."""

import asyncio
import os

from podium import Call, Context, agent, workflow
from podium.testing import Witness

witness = Witness(os.environ["WITNESS"])


@agent
async def prepare(n: int, call: Call) -> int:
    witness.saw("prepared", call.run)
    return n


@agent
async def work(n: int, call: Call) -> int:
    witness.saw("in", call.run, os.getpid())
    await asyncio.sleep(0.05)
    witness.saw("out", call.run, os.getpid())
    return n


@workflow
async def job(ctx: Context, n: int) -> int:
    return await ctx.call(work, await ctx.call(prepare, n))
