"""A long conversation: what its last turn writes and asks is what its first one did."""

import sqlite3
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessagesTypeAdapter

from podium import App, Context, Steps, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.model.agent import Agent
from podium.model.conversation import exchange
from podium.testing.model import ScriptedModel
from tests.unit.engine.bench import Bench

TEXT = "x" * 200
MODELS = 20
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


class Counting(sqlite3.Connection):
    """Counts what the store is asked."""

    asked = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.set_trace_callback(self._count)

    def _count(self, statement: str) -> None:
        Counting.asked += not statement.startswith(("PRAGMA", "--"))


async def turns(bench: Bench, count: int) -> list[Counter[str]]:
    """Talk so often; returns what each turn has written, and how many statements it took.

    An LLM agent has the first turns and the last ones; those between are of a function of its name, which is quicker.
    """
    bot = llm_agent("bot", model=ScriptedModel(lambda messages: f"{len(messages)} {TEXT}"), instructions="Be short.")

    @agent(name="bot")
    async def between(text: str) -> str:
        return text

    each: list[Counter[str]] = []
    for member, until in ((bot, MODELS), (between, count - MODELS), (bot, count)):
        each += await turns_of(member, bench, len(each), until)
    return each


async def turns_of(member: Agent[str, str], bench: Bench, first: int, until: int) -> list[Counter[str]]:
    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(member, text, conversation=ctx.conversation)

    each: list[Counter[str]] = []
    async with bench.app(chat, member) as app:
        before = written(bench.path)
        for n in range(first, until):
            Counting.asked = 0
            answer = await app.run(chat, f"{n} {TEXT}", conversation="u")
            asked, after = Counting.asked, written(bench.path)
            each.append(after - before + Counter(statements=asked))
            before = after
            assert answer in (f"{n} {TEXT}", f"{2 * n + 1} {TEXT}")
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
    assert bench.path.stat().st_size - empty <= 530_000
    assert empty <= 140_000


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Counting))


async def check(bench: Bench, count: int) -> None:
    each = await turns(bench, count)
    second, last = each[1], each[-1]  # the first one begins the conversation
    same = [name for name in last if name.endswith(("rows", "turns"))]
    assert [last[name] for name in same] == [second[name] for name in same]
    assert 20 < min(turn["statements"] for turn in each[-MODELS:]) <= max(turn["statements"] for turn in each[1:MODELS])
    assert last["bytes"] <= second["bytes"] + 40 * len(str(count))
    halves = [sum(turn["bytes"] for turn in half) for half in (each[: count // 2], each[count // 2 :])]
    assert halves[1] <= 1.05 * halves[0]


async def test_the_last_of_60_turns_asks_and_writes_what_the_second_did(bench: Bench) -> None:
    await check(bench, 60)


@pytest.mark.system
async def test_the_last_of_1000_turns_asks_and_writes_what_the_second_did(bench: Bench) -> None:
    await check(bench, 1_000)


@agent(name="bot")
async def seed(count: int, steps: Steps) -> str:
    """Say all that is said in so many turns."""
    assert steps.conversation is not None
    for n in range(count):
        steps.conversation.add(exchange(f"{n} {TEXT}", f"{n} {TEXT}"))
    return "said"


@workflow
async def seeds(ctx: Context, count: int) -> str:
    return await ctx.call(seed, count, conversation=ctx.conversation)


async def milliseconds(*works: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the processor time that each takes, as the median of some times; in turns, since the machine changes."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(11):
        for each, work in enumerate(works):
            began = time.process_time()
            await work()
            found[each].append(1_000 * (time.process_time() - began))
    return [sorted(times)[5] for times in found]


@pytest.mark.system
async def test_the_1000th_turn_takes_the_time_that_the_framework_takes_to_send_so_much(bench: Bench) -> None:
    model = ScriptedModel(lambda messages: TEXT)
    bot = llm_agent("bot", model=model, instructions="Be short.")
    alone = PydanticAgent(model, instructions="Be short.")

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text, conversation=ctx.conversation)

    @workflow
    async def unread(ctx: Context, text: str) -> str:
        return await ctx.call(echo, text, conversation=ctx.conversation)

    async with bench.app(seeds, seed) as app:
        await app.run(seeds, 1_000, conversation="long")
    async with bench.app(chat, unread, bot, echo) as app:
        said = [each.message for each in await app.conversations.messages("long")]

        async def with_history() -> None:
            await alone.run(TEXT, message_history=ModelMessagesTypeAdapter.validate_python(said))

        new, long = await milliseconds(
            lambda: app.run(unread, TEXT, conversation="short"), lambda: app.run(unread, TEXT, conversation="long")
        )
        assert long <= 1.5 * new
        framework, long = await milliseconds(with_history, lambda: app.run(chat, TEXT, conversation="long"))
        assert long <= 2.5 * framework


@agent
async def echo(text: str) -> str:
    return text
