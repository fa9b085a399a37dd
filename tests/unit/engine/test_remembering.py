"""The memory in runs: whose it is, and how long an entry lasts by the clock of the app."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from podium import App, Budget, Call, Context, Retry, Steps, agent, workflow
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
from podium.errors import RunFailed, TransportFailed
from podium.model.embedding import Embeddings
from podium.model.json import Json
from podium.model.memory import memory_scope
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


WITHIN = memory("user", name="learned", embed=HashedEmbedder())


@agent
async def learns(lessons: list[str], call: Call, steps: Steps) -> int:
    """Remember each under the same key: all of it counts, once."""
    return sum([_version(await WITHIN.ask(Put("lesson", each), call, steps)) for each in lessons])


@agent
async def looks_up(question: str, call: Call, steps: Steps) -> list[str]:
    found = await WITHIN.ask(Search(question, by="meaning"), call, steps)
    assert isinstance(found, Hits)
    return [hit.value for hit in found.hits]


@agent
async def reads_twice(_: str, call: Call, steps: Steps) -> list[Json]:
    """Fail once after it has read: it is handed what it read then."""
    read = await WITHIN.ask(Get("lesson"), call, steps)
    assert isinstance(read, Remembered)
    await steps.memory.put(memory_scope("user", call, "learned"), "lesson", "changed", writer=f"{call.attempt}")
    if call.attempt == 1:
        raise TransportFailed("away")
    return [read.value, call.attempt]


def _version(reply: MemoryReply) -> int:
    assert isinstance(reply, Remembered)
    return reply.version


@workflow
async def works(ctx: Context, asked: tuple[str, Json]) -> Json:
    name, given = asked
    return await ctx.call(name, given, retry=Retry(attempts=2, delay=0.0))


async def test_what_an_agent_learned_in_a_run_another_looks_up_in_the_next_for_the_same_user() -> None:
    async with App.open(":memory:", agents=[works, learns, looks_up]) as app:
        assert await app.run(works, ("learns", ["refunds take 10 days", "refunds take 30 days"]), principal="ada") == 3
        for who, found in (("ada", ["refunds take 30 days"]), ("bob", [])):
            assert await app.run(works, ("looks_up", "How long do refunds take?"), principal=who) == found


async def test_what_an_agent_read_is_recorded() -> None:
    async with App.open(":memory:", agents=[works, learns, reads_twice]) as app:
        await app.run(works, ("learns", ["first"]), principal="ada")
        assert await app.run(works, ("reads_twice", ""), principal="ada") == ["first", 2]


async def test_an_agent_is_refused_what_the_memory_would_be() -> None:
    plain = memory("user", name="plain")

    @agent
    async def searches(question: str, call: Call, steps: Steps) -> None:
        await plain.ask(Search(question, by="meaning"), call, steps)

    async with App.open(":memory:", agents=[works, searches]) as app:
        with pytest.raises(RunFailed, match="plain has no embedder"):
            await app.run(works, ("searches", "refunds"))
