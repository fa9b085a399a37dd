"""Conversations as users of an app see them, and deleting one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage

from podium import App, Context, ConversationTurn, Principal, Steps, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import NotAllowed, NotPossible, RunFailed, UnknownConversation, UsageError
from podium.facade.scoped import ScopedApp
from podium.model.conversation import Busy
from podium.testing.model import ScriptedModel


@agent
async def echo(text: str) -> str:
    return text.upper()


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


@workflow
async def waits(ctx: Context, text: str) -> str:
    return await ctx.signal("go", str) or text


def users(app: App) -> dict[str, ScopedApp]:
    """Return the app as people of two tenants use it."""
    return {
        "ann": app.scoped(Principal(who="ann", tenant="a")), "amy": app.scoped(Principal(who="amy", tenant="a")),
        "boss": app.scoped(Principal(who="boss", tenant="a", roles=frozenset({"operator"}))),
        "bob": app.scoped(Principal(who="bob", tenant="b", roles=frozenset({"operator"}))),
    }  # fmt: skip


async def listed(app: ScopedApp, **filters: str) -> list[str]:
    return [each.name for each in await app.conversations.list(**filters)]  # pyright: ignore[reportArgumentType] - any of them


async def test_a_user_sees_own_conversations_and_an_operator_those_of_the_tenant(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        people = users(app)
        await people["ann"].run(chat, "hello", conversation="u")
        await people["bob"].run(chat, "other", conversation="u")
        assert {name: await listed(user) for name, user in people.items()} == {
            "ann": ["u"], "amy": [], "boss": ["u"], "bob": ["u"],
        }  # fmt: skip
        assert await listed(app) == ["u", "u"]
        assert await listed(people["bob"], tenant="a") == []
        for name, user, text in (
            ("ann", people["ann"], "hello"),
            ("boss", people["boss"], "hello"),
            ("bob", people["bob"], "other"),
        ):
            said = await user.conversations.messages("u")
            assert [each.author for each in said] == ["bob" if name == "bob" else "ann", "echo"]
            assert said[0].message["parts"][0]["content"] == text
        for user, tenant in ((people["amy"], None), (people["ann"], "b"), (app, None)):
            with pytest.raises(UnknownConversation, match="no conversation is called 'u'"):
                await user.conversations.get("u", tenant=tenant)
        assert (await app.conversations.get("u", tenant="b")).principal == "bob"


async def test_an_operator_deletes_a_conversation_once_no_run_needs_it(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat, waits]) as app:
        people = users(app)
        run = await people["ann"].start(waits, "hello", conversation="u")
        with pytest.raises(NotAllowed):
            await people["ann"].conversations.delete("u")
        with pytest.raises(NotPossible, match=f"run {run.id} has its turn"):
            await people["boss"].conversations.delete("u")
        await run.signal("go", "now")
        await run.result()
        await people["boss"].conversations.delete("u")
        assert await listed(people["boss"]) == []
        assert await people["ann"].run(chat, "anew", conversation="u") == "ANEW"
        assert (await people["ann"].conversations.get("u")).revision == 2


async def test_what_was_sent_in_a_conversation_that_is_deleted_says_so(tmp_path: Path) -> None:
    def play(messages: Sequence[ModelMessage]) -> str:
        return f"{len(messages)} messages"

    bot = llm_agent("bot", model=ScriptedModel(play), instructions="Be short.")

    @workflow
    async def talk(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text, conversation=ctx.conversation)

    async with App.open(tmp_path / "a.db", agents=[talk, bot]) as app:
        await app.run(talk, "hello", conversation="u")
        run = await app.start(talk, "again", conversation="u")
        assert await run.result() == "3 messages"
        await app.conversations.delete("u")
        [sent] = await app.runs.messages(run.id)
        assert sent.not_kept == "the 2 messages that were in conversation 'u' by then were deleted"
        assert sent.answer is not None
        for text in ("another person", "and more"):  # as many messages as there were
            await app.run(talk, text, conversation="u")
        assert await app.runs.messages(run.id) == (sent,)


@pytest.mark.parametrize("wrong", [{"first": -1}, {"end": "x"}])
async def test_what_is_no_place_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        with pytest.raises(UsageError, match="a whole number"):
            await app.conversations.messages("u", **wrong)


@agent
async def knows(text: str, steps: Steps) -> str:
    turn = steps.conversation
    return str([] if turn is None else [each.message["parts"][0]["content"] for each in await turn.messages()])


@workflow
async def by_name(ctx: Context, name: str) -> str:
    return await ctx.call(knows, "what was said?", conversation=name)


@workflow
async def starts_child(ctx: Context, name: str) -> str:
    child = await ctx.spawn(chat, "what was said?", conversation=name)
    return await child.result()


@pytest.mark.parametrize("busy", ["wait", "refuse", "fork"])
@pytest.mark.parametrize("taken", [False, True])
async def test_nobody_but_the_app_has_a_turn_in_a_conversation_of_another_principal(
    tmp_path: Path, busy: Busy, *, taken: bool
) -> None:
    turn = ConversationTurn("u", busy=busy)
    async with App.open(tmp_path / "a.db", agents=[chat, waits, by_name, starts_child]) as app:
        people = users(app)
        await people["ann"].run(chat, "my pin is 1234", conversation="u")
        before = await app.conversations.messages("u", tenant="a")
        holder = await people["ann"].start(waits, "hold", conversation="u") if taken else None
        for user in (people["amy"], people["boss"]):
            with pytest.raises(NotAllowed, match="conversation 'u' was begun on behalf of another principal"):
                await user.start(chat, "what was said?", conversation=turn)
            for reaches in (by_name, starts_child):
                with pytest.raises(RunFailed, match="conversation 'u' was begun on behalf of another principal"):
                    await user.run(reaches, "u")
        with pytest.raises(NotAllowed, match="begun on behalf of another principal"):
            await app.start(chat, "what?", conversation=turn, tenant="a", principal="amy")
        assert await listed(app) == ["u"]
        assert await app.conversations.messages("u", tenant="a") == before
        if holder is not None:
            await holder.signal("go", "on")
            await holder.result()
        assert "my pin is 1234" in await app.run(by_name, "u", tenant="a")
        assert await people["bob"].run(by_name, "u") == "[]"


async def test_no_user_is_called_as_the_app_itself_is(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db") as app:
        with pytest.raises(UsageError, match="stands for the app itself"):
            app.scoped(Principal(who="local", tenant="a"))


@agent
async def says_parts(text: str, steps: Steps) -> str:
    assert steps.conversation is not None
    steps.conversation.add([
        {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": [
            "a drawing", {"kind": "binary", "media_type": "image/png", "data": "aGVsbG8="},
        ]}]},
        {"kind": "response", "parts": [
            {"part_kind": "tool-call", "tool_name": "weigh", "args": {"thing": "x"}, "tool_call_id": "c-1"},
        ]},
        {"kind": "request", "parts": [
            {"part_kind": "tool-return", "tool_name": "w", "content": {"grams": ["twelve", 77]}, "tool_call_id": "c-1"},
        ]},
        {"kind": "response", "parts": [
            {"part_kind": "text", "content": 'It says "heavy" to\nyou \\ gr\u00fc\u00dfe 100%'},
        ]},
    ])  # fmt: skip
    return text


@workflow
async def talks_parts(ctx: Context, text: str) -> str:
    return await ctx.call(says_parts, text, conversation=ctx.conversation)


async def test_conversations_are_found_by_what_was_said_and_not_by_how_it_is_stored(tmp_path: Path) -> None:
    said = ["a DRAWING", '"heavy"', "to\nyou", "\\ gr", "gr\u00fc\u00dfe", "100%", "twelve", "77", "talk_1"]
    stored = [
        "request",
        "user-prompt",
        "part_kind",
        "content",
        "binary",
        "image/png",
        "aGVsbG8",
        "call-1",
        "grams",
        "_kind",
    ]
    async with App.open(tmp_path / "a.db", agents=[chat, talks_parts]) as app:
        await app.run(talks_parts, "x", conversation="talk_1")
        await app.run(chat, "something else", conversation="other")
        assert {text: await listed(app, text=text) for text in said} == {text: ["talk_1"] for text in said}
        assert [text for text in stored if await listed(app, text=text)] == []
