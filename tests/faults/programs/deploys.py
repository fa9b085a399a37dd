"""Effects that must not happen twice, of every kind, for workers that are stopped while they are under way."""

import asyncio
import os
import time

from podium import Call, Context, Steps, agent, workflow
from podium.testing import Witness

WITNESS = Witness(os.environ["WITNESS"])
SECONDS = float(os.environ.get("SECONDS", "0.15"))


def saw(what: str, call: Call, *more: object) -> None:
    WITNESS.saw(what, call.agent, call.key, *more)


@agent(effects="once")
async def pay(n: int, call: Call) -> int:
    saw("began", call)
    await asyncio.sleep(SECONDS)
    saw("ended", call)
    return n


@agent(effects="once")
def mail(n: int, call: Call) -> int:
    saw("began", call)
    time.sleep(SECONDS)
    saw("ended", call)
    return n


@agent
async def desk(n: int, call: Call, steps: Steps) -> int:
    async def book() -> int:
        saw("began", call)
        await asyncio.sleep(SECONDS)
        saw("ended", call)
        return n

    async def think() -> int:
        await asyncio.sleep(0.05)
        return n

    await steps.once("think", think)
    booked = await steps.once("book", book, effects="once")
    await steps.once("think", think)
    return booked


@workflow
async def day(ctx: Context, rounds: int) -> int:
    async def hours(child: Context, member: str) -> int:
        return sum([await child.call(member, n) for n in range(rounds)])

    done = await ctx.gather(*(ctx.branch(hours, each.card.name) for each in (pay, mail, desk)))
    return sum(done)
