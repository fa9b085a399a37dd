"""A run that has the id of one that was pruned has nothing of that one, and changes nothing of it."""

from collections.abc import Sequence
from typing import Any

import pytest

from podium import App, Context, agent, memory, workflow
from podium.agents.memory import Get, Lock, Locked, Put, Remembered
from podium.errors import NotPossible
from podium.store.sqlite.connection import migrate
from tests.unit.engine.bench import Bench
from tests.unit.store.test_migrations import store_of

BEFORE_NUMBERS = 22
THEIRS, OURS = {"tenant": "acme", "principal": "ada"}, {"tenant": "zeta", "principal": "bob"}
own = memory("run", name="own")
shared = memory("tenant", name="shared")


@agent
async def echo(text: str) -> str:
    return text.upper()


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


@workflow
async def holds(ctx: Context, _: None) -> str:
    return await ctx.signal("go")


@workflow
async def remembers(ctx: Context, text: str) -> list[Any]:
    """Return what the run finds in its own memory, what the shared one has after its put, and the token of its lock."""
    before = await ctx.call(own, Get("k"))
    await ctx.call(own, Put("k", text))
    await ctx.call(shared, Put("k", text))
    after = await ctx.call(shared, Get("k"))
    lock = await ctx.call(own, Lock("k", lease="1h"))
    assert isinstance(before, Remembered)
    assert isinstance(after, Remembered)
    assert isinstance(lock, Locked)
    return [before.value, after.value, lock.token]


async def talk_twice(bench: Bench, app: App) -> None:
    """Have two runs of one id, the first of which is pruned, say something in a conversation of a tenant each."""
    await app.run(chat, "what ada said", id="order-1", conversation="c", tag="t", **THEIRS)
    await app.conversations.fork("c", "c-2", tenant="acme")
    bench.jump(1.0)
    await app.operations.prune(0, by="ann", why="old")
    await app.run(chat, "what bob said", id="order-1", conversation="d", tag="t", **OURS)


async def said(app: App, tenant: str, name: str) -> Sequence[str]:
    return [each.text for each in await app.conversations.messages(name, tenant=tenant)]


async def test_what_a_pruned_run_said_is_not_redacted_with_another_of_its_id(bench: Bench) -> None:
    async with bench.app(chat) as app:
        await talk_twice(bench, app)
        assert await app.operations.redact("order-1", by="ann", why="bob asked") == 1
        assert await said(app, "zeta", "d") == ["[redacted]"] * 2
        for name in ("c", "c-2"):
            assert await said(app, "acme", name) == ["what ada said", "WHAT ADA SAID"]
        await app.conversations.redact("c", tenant="acme", why="ada asked")
        assert await said(app, "acme", "c-2") == ["[redacted]"] * 2, "copies of what a pruned run said are still found"


async def test_a_tag_finds_what_its_own_run_said(bench: Bench) -> None:
    async with bench.app(chat) as app:
        await talk_twice(bench, app)
        assert [each.name for each in await app.conversations.list(tag="t")] == ["d"]
        assert {each.conversation for each in await app.conversations.search("said", tag="t")} == {"d"}


async def test_who_has_a_turn_where_a_pruned_run_spoke_holds_up_no_other(bench: Bench) -> None:
    async with bench.app(chat, holds) as app:
        await talk_twice(bench, app)
        await app.start(holds, None, conversation="c", tenant="acme")
        own = await app.start(holds, None, conversation="d", tenant="zeta")
        await bench.clock.settle()
        with pytest.raises(NotPossible, match="has its turn in conversation 'd'"):
            await app.operations.redact("order-1", by="ann", why="bob asked")
        await own.signal("go", "on")
        await own.result()
        assert await app.operations.redact("order-1", by="ann", why="bob asked") == 1


async def test_a_run_finds_nothing_in_the_memory_of_one_that_had_its_id(bench: Bench) -> None:
    async with bench.app(remembers) as app:
        assert await app.run(remembers, "hers", id="order-1", **THEIRS) == [None, "hers", 1]
        await app.run(remembers, "of a neighbour", id="order-10", **OURS)
        await app.run(remembers, "hers", id="order-1:0", **OURS)
        bench.jump(1.0)
        await app.operations.prune(0, by="ann", why="old")
        assert await app.run(remembers, "his", id="order-1", **THEIRS) == [None, "his", 1]


def test_messages_of_an_old_store_belong_to_the_run_that_had_the_id_then() -> None:
    connection = store_of(BEFORE_NUMBERS)
    for number, created in ((3, 30.0), (4, 40.0)):
        connection.execute(
            "INSERT INTO runs (n, id, created_at, workflow, version, state, epoch, wake, queue, priority, facts, head,"
            " tenant, principal, root, reason)"
            " VALUES (?, ?, ?, 'w', '1', 'done', 1, 0, '', 0, 1, x'', 't', 'p', '', '')",
            (number, f"run-{number}", created),
        )
    for number, run, at in ((1, "run-3", 10.0), (2, "run-3", 20.0), (5, "gone", 90.0)):
        connection.execute("INSERT INTO pruned VALUES (?, ?, 1, x'', 'done', ?, '', '', NULL)", (number, run, at))
    messages = [
        ("run-3", 9.0, 1),
        ("run-3", 11.0, 2),
        ("run-3", 31.0, 3),
        ("run-4", 41.0, 4),
        ("gone", 5.0, 5),
        ("?", 1.0, 0),
    ]
    for place, (run, at, _) in enumerate(messages):
        connection.execute(
            "INSERT INTO conversation_said (place, author, run, key, at, message) VALUES (?, '', ?, '', ?, x'')",
            (place, run, at),
        )
    migrate(connection, ":memory:")
    found = connection.execute("SELECT run, at, number FROM conversation_messages ORDER BY place").fetchall()
    assert found == messages
