"""What a message says, and the journal of its run too, is stored once, and is gone just where it is to be gone."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import pytest
from pydantic_ai.messages import ModelMessage

from podium import App, Context, ConversationTurn, Steps, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import UnknownConversation, UnknownRun
from podium.facade.handle import AnyHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.store.sqlite.connection import migrate
from podium.testing import ScriptedModel
from tests.unit.engine.bench import Bench
from tests.unit.store.test_migrations import store_of

WORD = "classified"


def written(size: int, *words: str) -> str:
    """Return a text of these words and numbers that says nothing long twice, with the word amidst."""
    chance = Random(size)
    said = [f"{chance.choice(words)} {chance.randrange(10**9)}" for _ in range(size)]
    return " ".join([*said[: size // 2], WORD, *said[size // 2 :]])


TEXTS = {
    "a text": written(40, "apples", "pears"),
    "code": written(40, 'def f():\n    return "x"', "\\d\t", 'print("yes")'),
    "letters of all kinds": written(40, "Grüße", "日本語", "🎉"),
    "a book": written(2_000, "apples", "pears", "and so on and on and on, as it goes in books", "\n\n"),
    "with what was said before": written(40, "a line of code that stands there again and again\n"),
    "a short text": WORD,
}
BEFORE_SAID_ONCE = 19


def answer(text: str) -> str:
    return " ".join(reversed(text.split(" ")))


@agent
async def echo(text: str) -> str:
    return answer(text)


def chatting(kind: str) -> tuple[AnyAgent, ...]:
    """Return a workflow that talks, with the agent that it asks."""

    def play(messages: Sequence[ModelMessage]) -> str:
        said: Json = getattr(messages[-1].parts[-1], "content", "")
        return answer(said)

    bot = llm_agent("bot", model=ScriptedModel(play), instructions="Answer.")
    members: dict[str, Agent[str, str]] = {"an agent": echo, "an LLM agent": bot}
    asked = members.get(kind)

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return answer(text) if asked is None else await ctx.call(asked, text, conversation=ctx.conversation)

    return (chat,) if asked is None else (chat, asked)


@workflow
async def holds(ctx: Context, text: str) -> str:
    return await ctx.signal("go")


@workflow
async def where(ctx: Context, _: None) -> str:
    return ctx.conversation or ""


async def with_a_fork(app: App, text: str) -> tuple[str, str]:
    """Say a text in the conversation `u`, which is then forked; returns the run and the name of the fork."""
    run: AnyHandle = await app.start("chat", text, conversation="u")
    await run.result()
    holder = await app.start(holds, "on", conversation="u")
    other = await app.start(where, None, conversation=ConversationTurn("u", busy="fork"))
    fork = await other.result()
    await holder.signal("go", "on")
    await holder.result()
    return run.id, fork


async def said_in(app: App, name: str) -> list[str]:
    """Return what the first two messages of a conversation say; none where it is deleted."""
    try:
        messages = await app.conversations.messages(name, end=2)
    except UnknownConversation:
        return []
    return [content for each in messages if WORD in (content := each.message["parts"][0]["content"])]


async def said_by(app: App, run: str) -> list[Json]:
    """Return input and value of a run; none where it is redacted or pruned."""
    try:
        facts = await app.runs.facts(run)
    except UnknownRun:
        return []
    assert await app.reports.verify(run) == []
    values = [fact.value() for fact in facts if fact.kind in (FactKind.STARTED, FactKind.ENDED)]
    return [each for each in values if each is not None]


async def nothing(app: App, run: str, fork: str) -> None:
    pass


async def redact(app: App, run: str, fork: str) -> None:
    await app.operations.redact(run, by="ann", why="asked for")


async def prune(app: App, run: str, fork: str) -> None:
    await app.operations.prune(500, by="ann", why="old")


async def delete(app: App, run: str, fork: str) -> None:
    await app.conversations.delete("u")


async def compact(app: App, run: str, fork: str) -> None:
    await app.operations.compact()


async def delete_fork(app: App, run: str, fork: str) -> None:
    await app.conversations.delete(fork)


BECOMES: dict[str, tuple[Sequence[Callable[[App, str, str], Awaitable[None]]], str]] = {
    "nothing": ([nothing], "run u fork"),
    "the run is redacted": ([redact], ""),
    "the run is pruned": ([prune], "u fork"),
    "the conversation is deleted": ([delete], "run fork"),
    "the fork is deleted": ([delete_fork], "run u"),
    "all conversations are deleted": ([delete, delete_fork], "run"),
    "the conversation is deleted, the run pruned": ([delete, prune], "fork"),
    "the conversation is deleted, the run redacted": ([delete, redact], ""),
    "all of it": ([delete_fork, prune, delete, compact], ""),
}
"""What becomes of what was said, and where it is then."""


@pytest.mark.parametrize("kind", ["an agent", "an LLM agent", "a run"])
@pytest.mark.parametrize("becomes", BECOMES)
async def test_what_was_said_is_where_it_is_to_be_and_nowhere_else(bench: Bench, kind: str, becomes: str) -> None:
    done, left = BECOMES[becomes]
    text = TEXTS["a text"]
    said = [text, answer(text)]
    async with bench.app(*chatting(kind), holds, where) as app:
        run, fork = await with_a_fork(app, text)
        bench.jump(1_000.0)
        for each in done:
            await each(app, run, fork)
        found = {"run": await said_by(app, run), "u": await said_in(app, "u"), "fork": await said_in(app, fork)}
        assert found == {name: said if name in left.split() else [] for name in found}
    if not left:
        assert WORD.encode() not in b"".join(each.read_bytes() for each in bench.path.parent.iterdir())


@pytest.mark.parametrize("kind", ["an agent", "an LLM agent", "a run"])
@pytest.mark.parametrize("text", TEXTS)
async def test_what_is_said_comes_back_as_it_was_and_is_stored_once(bench: Bench, kind: str, text: str) -> None:
    said = [TEXTS[text], answer(TEXTS[text])]
    async with bench.app(*chatting(kind), holds, where) as app:
        run, fork = await with_a_fork(app, TEXTS[text])
        assert await said_in(app, "u") == await said_in(app, fork) == await said_by(app, run) == said
        await app.operations.compact()
    if text != "a short text":
        assert b"".join(each.read_bytes() for each in bench.path.parent.iterdir()).count(WORD.encode()) == len(said)


def test_what_was_said_in_an_old_store_is_there_once_it_is_migrated() -> None:
    connection = store_of(BEFORE_SAID_ONCE)
    row = (1 << 24, "ann", "run_1", "0", 1.0, b'{"kind":"request","parts":[]}')
    connection.execute(
        "INSERT INTO conversation_messages (place, author, run, key, at, message) VALUES (?, ?, ?, ?, ?, ?)", row
    )
    migrate(connection, ":memory:")
    found = connection.execute("SELECT place, author, run, key, at, message FROM conversation_messages").fetchall()
    assert found == [row]


@agent
async def copying(text: str, steps: Steps) -> Json:
    """Say just what is recorded as the answer, so that all of a message stands in a fact."""
    said = {"kind": "response", "parts": [{"part_kind": "text", "content": text}]}
    assert steps.conversation is not None
    steps.conversation.add([said])
    return said


async def test_a_message_that_stands_in_a_fact_as_a_whole_is_read_searched_and_kept(bench: Bench) -> None:
    @workflow
    async def copies(ctx: Context, text: str) -> Json:
        return await ctx.call(copying, text, conversation=ctx.conversation)

    async with bench.app(copies, copying) as app:
        runs = [await app.start(copies, written(n, "apples"), conversation="u") for n in range(20, 60)]
        values = [await run.result() for run in runs]
        with sqlite3.connect(bench.path) as reader:
            whole = "SELECT COUNT(*) FROM conversation_said WHERE source IS NOT NULL AND length(message) = 0"
            assert reader.execute(whole).fetchone()[0] > 0
        assert [each.message for each in await app.conversations.messages("u")] == values
        assert len((await app.conversations.search(WORD)).items) == len(values)
        await app.operations.prune(500, by="ann", why="old")
        assert [each.message for each in await app.conversations.messages("u")] == values
