"""A long conversation: what its last turn writes and asks is what its first one did."""

import sqlite3
from base64 import b64encode
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from podium import App, Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.testing.model import ScriptedModel
from tests.unit.engine.bench import Bench

TEXT = "x" * 200
COUNTED = {
    "facts": "length(body) + coalesce(length(payload), 0)", "conversation_said": "length(message)",
    "signals": "length(body)",
}  # fmt: skip


def written(path: Path) -> Counter[str]:
    """Return how many rows there are of each kind, and how many bytes they hold."""
    found = Counter[str]()
    with closing(sqlite3.connect(path)) as connection:
        for table, size in COUNTED.items():
            rows, held = connection.execute(f"SELECT count(*), coalesce(sum({size}), 0) FROM {table}").fetchone()
            found[f"{table} rows"], found["bytes"] = rows, found["bytes"] + held
        found["turns"] = connection.execute("SELECT count(*) FROM conversation_turns").fetchone()[0]
    return found


async def turns(bench: Bench, count: int) -> list[Counter[str]]:
    """Talk so often; returns what each turn has written."""
    bot = llm_agent("bot", model=ScriptedModel(lambda messages: f"{len(messages)} {TEXT}"), instructions="Be short.")

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text, conversation=ctx.conversation)

    each: list[Counter[str]] = []
    async with bench.app(chat, bot) as app:
        before = written(bench.path)
        for n in range(count):
            assert (await app.run(chat, f"{n} {TEXT}", conversation="u")).startswith(f"{2 * n + 1} ")
            after = written(bench.path)
            each.append(after - before)
            before = after
        await no_turn_is_left(app)
    return each


async def no_turn_is_left(app: App) -> None:
    state = await app.conversations.get("u")
    assert (state.holder, state.waiting) == (None, 0)


def said(n: int) -> str:
    """Return a text of 1 kB that nothing can compress."""
    return b64encode(Random(n).randbytes(750)).decode()


async def test_two_hundred_messages_of_a_kilobyte_take_half_a_megabyte(bench: Bench) -> None:
    texts = iter(range(1_000))
    bot = llm_agent("bot", model=ScriptedModel(lambda _: said(next(texts))), instructions="Be short.")

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text, conversation=ctx.conversation)

    async with bench.app(chat, bot) as app:
        pass
    empty = bench.path.stat().st_size
    async with bench.app(chat, bot) as app:
        for _ in range(100):
            await app.run(chat, said(next(texts)), conversation="u")
    assert bench.path.stat().st_size - empty <= 500_000
    assert empty <= 100_000


async def check(bench: Bench, count: int) -> None:
    each = await turns(bench, count)
    first, last = each[0], each[-1]
    assert {name: last[name] for name in last if name != "bytes"} == {
        name: first[name] for name in first if name != "bytes"
    }
    assert last["bytes"] <= first["bytes"] + 40 * len(str(count))


async def test_the_last_of_60_messages_writes_what_the_first_did(bench: Bench) -> None:
    await check(bench, 30)


@pytest.mark.system
async def test_the_last_of_1000_messages_writes_what_the_first_did(bench: Bench) -> None:
    await check(bench, 500)
