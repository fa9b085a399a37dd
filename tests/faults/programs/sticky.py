"""A workflow whose agent keeps in memory what it has learned of a customer: what it learns is seen from outside."""

import os

from podium import Context, agent, workflow
from podium.testing import Witness

witness = Witness(os.environ["WITNESS"])
known = set[str]()


@agent
async def answer(customer: str) -> int:
    witness.saw("known" if customer in known else "learned", customer, os.getpid())
    known.add(customer)
    return os.getpid()


@workflow
async def job(ctx: Context, customer: str) -> int:
    return await ctx.call(answer, customer)
