"""One conversation, all hands: agents of three frameworks take turns with a person, and each hears all of it."""

import json
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.agents.human import human
from podium.agents.pydantic_ai import llm_agent
from podium.errors import UnknownConversation
from podium.facade.handle import AnyHandle
from podium.model.json import Json
from podium.model.streams.durable import QuestionOpened
from podium.patterns import group_chat
from podium.testing import ChatReply, ChatServer
from podium.testing.model import ScriptedModel
from tests.unit.agents.test_frameworks_in_conversations import members, told

ORDER = ["pai", "sdk", "colleague", "lc", "sdk", "pai", "colleague", "lc", "pai"]


def counted(body: Json) -> ChatReply:
    """Tell how much came, without using a tool."""
    return ChatReply(text=f"no. {len(told(body))}")


@pytest.fixture
def server() -> Generator[ChatServer]:
    with ChatServer(counted) as server:
        yield server


def worded(text: str) -> str:
    return text


async def asked(run: AnyHandle) -> str:
    """Return the question that a run comes to."""
    async with aclosing(run.stream(after=0)) as events:
        async for event in events:
            if isinstance(event.content, QuestionOpened):
                return event.content.question
    raise AssertionError("nobody was asked")


async def test_each_hears_all_that_was_said_and_it_can_be_redacted_and_deleted(
    server: ChatServer, tmp_path: Path
) -> None:
    heard: list[list[str]] = []

    def reply(messages: Json) -> str:
        heard.append([str(part.content) for each in messages for part in each.parts])
        return f"pai no. {len(heard)}"

    own = llm_agent("pai", model=ScriptedModel(reply), instructions="I am PAI.")
    colleague = human("support", text=worded, answer=str, name="colleague")
    agents = {**members(server), "pai": own, "colleague": colleague}

    @workflow
    async def chat(ctx: Context, turn: tuple[str, str]) -> str:
        name, text = turn
        return await ctx.call(agents[name], text, conversation=ctx.conversation)

    async with App.open(tmp_path / "a.db", agents=[chat, *agents.values()]) as app:
        runs: list[str] = []
        for n, name in enumerate(ORDER):
            run = await app.start(chat, (name, f"q{n}"), conversation="u")
            runs.append(run.id)
            if name == "colleague":
                question = await asked(run)
                before = await app.inbox.said_before(question)
                assert [each.text for each in before] == [each.text for each in await app.conversations.messages("u")]
                assert (await app.conversations.get("u")).holder is not None
                await app.inbox.answer(question, f"kim {n}", by="kim")
            await run.result()
        said = await app.conversations.messages("u")
        authors = ["kim" if name == "colleague" else name for name in ORDER]
        assert [each.author for each in said] == [who for name in authors for who in ("local", name)]

        def as_heard(by: str, end: int) -> list[str]:
            """Return what was said in the first messages as one of them is to hear it."""
            return [each.text if each.author in ("local", by) else f"{each.author}: {each.text}" for each in said[:end]]

        assert heard[-1] == [*as_heard("pai", -1)]
        bodies = iter(server.bodies)
        for n, name in enumerate(ORDER):
            if name in ("sdk", "lc"):
                got = [line.partition(": ")[2] for line in told(next(bodies)) if not line.startswith("system")]
                assert got == as_heard(name, 2 * n + 1)

        written = [line async for line in app.conversations.export("u", form="markdown")]
        assert all(each.text in "\n".join(written) for each in said)
        whole = [json.loads(line) async for line in app.conversations.export("u")]
        assert [each["author"] for each in whole[1:]] == [each.author for each in said]

        await app.operations.redact(runs[2], by="boss", why="asked for")
        assert [each.text for each in await app.conversations.messages("u")][4:6] == ["[redacted]"] * 2
        await app.run(chat, ("pai", "and now?"), conversation="u")
        assert "kim 2" not in str(heard[-1])
        assert "kim: [redacted]" in heard[-1]
        await app.conversations.redact("u", by="boss", why="asked for")
        assert {each.text for each in await app.conversations.messages("u")} == {"[redacted]"}
        await app.conversations.delete("u", by="boss", why="asked for")
        with pytest.raises(UnknownConversation):
            await app.conversations.get("u")
        for run_id in runs:
            assert await app.reports.verify(run_id) == []


async def test_a_group_chat_of_three_frameworks_and_a_person(server: ChatServer, tmp_path: Path) -> None:
    agents = members(server)
    colleague = human("support", text="What do you say?", answer=str, name="colleague")
    own = llm_agent("pai", model=ScriptedModel(lambda sent: f"I heard {len(sent)}"), instructions="I am PAI.")
    team = group_chat(own, agents["sdk"], colleague, agents["lc"], turns=4, name="meeting")
    async with App.open(tmp_path / "a.db", agents=[team]) as app:
        run = await app.start(team, "When?", conversation="u")
        question = await asked(run)
        assert [each.text for each in await app.inbox.said_before(question)] == ["When?", "I heard 1", "no. 4"]
        await app.inbox.answer(question, "Monday", by="kim")
        talk = await run.result()
        assert [each.speaker for each in talk.messages] == ["pai", "sdk", "colleague", "lc"]
        said = await app.conversations.messages("u")
        assert [each.author for each in said] == ["local", "pai", "sdk", "kim", "lc"]
        assert told(server.bodies[-1])[1:] == [
            "user: When?", "user: pai: I heard 1", "user: sdk: no. 4", "user: kim: Monday",
            "user: It is your turn, lc.",
        ]  # fmt: skip
