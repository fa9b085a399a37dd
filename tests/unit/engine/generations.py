"""Workflows that restart, and what has to hold of their store."""

from contextlib import closing
from typing import Any

from podium import Context, workflow
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)
priced = scripted("priced", lambda value: value, usd=0.5)
LAST = 6


@workflow
async def counts(ctx: Context, n: int) -> int:
    """Count two further in each generation."""
    for _ in range(2):
        n = await ctx.call(echo, n) + 1
        await ctx.sleep(60)
    if n < LAST:
        await ctx.restart(n)
    return n


@workflow
async def naps(ctx: Context, seconds: float) -> float:
    await ctx.sleep(seconds)
    return seconds


async def faults(bench: Bench) -> list[str]:
    """Return what is wrong in the store, whose app is closed."""
    with closing(SqliteStore(str(bench.path))) as store:
        return [str(each) for each in (await audit(store)).faults]


def versions() -> tuple[Any, Any]:
    """Return a workflow, and a newer version of it."""

    @workflow(name="moves")
    async def old(ctx: Context, told: list[str]) -> list[str]:
        await ctx.sleep(60)
        await ctx.restart([*told, "old"])

    @workflow(name="moves", version="2")
    async def new(ctx: Context, told: list[str]) -> list[str]:
        await ctx.sleep(60)
        return [*told, "new"]

    return old, new
