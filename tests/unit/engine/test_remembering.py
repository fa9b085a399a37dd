"""The memory in runs: whose it is, and how long an entry lasts by the clock of the app."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from podium import App, Budget, Context, workflow
from podium.agents.memory import (
    Get,
    Hits,
    Lock,
    Locked,
    LockHeld,
    MemoryReply,
    Put,
    Remembered,
    Search,
    Unlock,
    memory,
)
from podium.errors import RunFailed
from podium.model.embedding import Embeddings
from podium.model.prices import Rates
from podium.testing import DrivenClock, HashedEmbedder


class Priced(HashedEmbedder):
    """Takes 10 tokens for a text, at 1 US dollar for each thousand."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return Embeddings((await super().embed(texts)).vectors, 10 * len(texts))

    def usd(self, tokens: int, rates: Rates) -> float | None:
        return tokens / 1_000


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
    while isinstance(taken := await ctx.call(NOTES, Lock("turn", lease="30s")), LockHeld):
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


@workflow
async def learn(ctx: Context) -> list[str]:
    notes = memory(name="priced", embed=Priced())
    await ctx.call(notes, Put("a", "red fox"))
    found = await ctx.call(notes, Search("foxes"))
    assert isinstance(found, Hits)
    return [hit.key for hit in found.hits]


async def test_an_embedding_is_recorded_and_priced() -> None:
    async with App.open(":memory:") as app:
        assert await app.run(learn) == ["a"]
        [run] = await app.runs.list()
        assert [(cost.part, cost.requests, cost.usd) for cost in await app.reports.costs(by="model")] == [
            ("hashed words", 2, 0.02)
        ]
        steps = [fact for fact in await app.runs.facts(run.id) if fact.key.endswith("embed#0")]
        assert len(steps) >= 2


async def test_an_embedding_that_a_budget_has_no_room_for_is_not_made() -> None:
    async with App.open(":memory:") as app:
        with pytest.raises(RunFailed, match="budget"):
            await app.run(learn, budget=Budget(usd=0.001))
