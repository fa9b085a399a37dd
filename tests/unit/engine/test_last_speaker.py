"""Who spoke last is looked for in the last messages alone, however long a turn is."""

from collections.abc import Sequence
from typing import Any

import pytest

from podium import Context, agent, workflow
from podium.model.conversation_state import ConversationMessage
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench


@agent
async def early(text: str) -> str:
    return text


@agent
async def chatty(text: str) -> str:
    return text


@workflow
async def talk(ctx: Context, calls: int) -> list[list[str]]:
    await ctx.call(early, "x", conversation=ctx.conversation)
    found: list[list[str]] = []
    for _ in range(calls):
        await ctx.call(chatty, "y", conversation=ctx.conversation)
        found.append(await ctx.last_speaker("early"))
    return found


@workflow
async def look(ctx: Context, name: str) -> list[str]:
    return await ctx.last_speaker(name)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages were read each time."""
    counts: list[int] = []
    read = SqliteStore.messages

    async def counted(self: SqliteStore, *wanted: str, **more: Any) -> Sequence[ConversationMessage]:
        found = await read(self, *wanted, **more)
        counts.append(len(found))
        return found

    monkeypatch.setattr(SqliteStore, "messages", counted)
    return counts


async def test_the_last_hundred_messages_are_read_also_in_the_turn_that_said_them(
    bench: Bench, reads: list[int]
) -> None:
    async with bench.app(talk, look) as app:
        found = await app.run(talk, 60, conversation="u")
        assert found == [["early"]] * 49 + [[]] * 11
        assert reads == [min(2 + 2 * n, 100) for n in range(1, 61)]
        assert await app.run(look, "early", conversation="u") == []
        assert await app.run(look, "chatty", conversation="u") == ["chatty"]


async def test_who_asks_did_not_speak_as_the_agent_of_the_same_name(bench: Bench) -> None:
    async with bench.app(talk, look) as app:
        await app.run(talk, 1, conversation="u", principal="late")
        assert await app.run(look, "late", conversation="u") == []
