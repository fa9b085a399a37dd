"""The memory in runs: whose it is, and how long an entry lasts by the clock of the app."""

import sqlite3
from pathlib import Path

from podium import App, Context, workflow
from podium.agents.memory import Get, Held, Lock, Locked, MemoryReply, Put, Remembered, Unlock, memory
from podium.testing import DrivenClock

NOTES = memory("agent", name="notes")
MINE = memory("user", name="mine")


@workflow
async def put(ctx: Context, value: str) -> MemoryReply:
    return await ctx.call(NOTES, Put("a", value, ttl="7d"))


@workflow
async def get(ctx: Context) -> MemoryReply:
    return await ctx.call(NOTES, Get("a"))


@workflow
async def remember_mine(ctx: Context, value: str) -> list[MemoryReply]:
    return [await ctx.call(MINE, Put("a", value)), await ctx.call(MINE, Get("a"))]


@workflow
async def turn(ctx: Context, seconds: float) -> float:
    """Wait for a lock, hold it so long, and return the time at which it was taken."""
    while isinstance(taken := await ctx.call(NOTES, Lock("turn", lease="30s")), Held):
        await ctx.sleep(taken.until - ctx.now())
    assert isinstance(taken, Locked)
    at = taken.until - 30
    await ctx.sleep(seconds)
    await ctx.call(NOTES, Unlock("turn", taken.token))
    return at


async def test_tenants_and_users_remember_apart() -> None:
    async with App.open(":memory:") as app:
        await app.run(put, "ours", tenant="acme")
        theirs = await app.run(get, tenant="rival")
        ours = await app.run(get, tenant="acme")
        assert (theirs, isinstance(ours, Remembered) and ours.value) == (Remembered("a", None, 0), "ours")
        for tenant, who in (("acme", "ann"), ("acme", "bob"), ("rival", "ann")):
            first, second = await app.run(remember_mine, who, tenant=tenant, principal=who)
            assert first == second == Remembered("a", who, 1)


async def test_an_entry_is_forgotten_by_the_clock_of_the_app(tmp_store: Path) -> None:
    clock = DrivenClock()
    async with App.open(str(tmp_store), clock=clock) as app:
        await app.run(put, "word")
        await clock.advance("6d")
        found = await app.run(get)
        assert isinstance(found, Remembered)
        assert found.value == "word"
        await clock.advance("1d")
        assert await app.run(get) == Remembered("a", None, 0)
        with sqlite3.connect(tmp_store) as connection:
            assert connection.execute("SELECT count(*) FROM memory").fetchone() == (1,)
            await app.operations.prune("30d", why="retention")
            assert connection.execute("SELECT count(*) FROM memory").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM memory_text").fetchone() == (0,)
        connection.close()


async def test_who_waits_for_a_lock_has_it_when_the_lease_is_over(tmp_store: Path) -> None:
    clock = DrivenClock()
    began = clock.now()
    async with App.open(str(tmp_store), clock=clock) as app:
        first = await app.start(turn, 45.0)
        await clock.settle()
        second = await app.start(turn, 10.0)
        await clock.advance(60)
        assert [await first.result() - began, await second.result() - began] == [0, 30]
