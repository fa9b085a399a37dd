"""What an agent that summarizes does is told as its own, and leaves no copy of what was said in the run."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.models import override_allow_model_requests

from podium import App, guards
from podium.agents.context import Summarize
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.streams import PartialOutput, RequestFinished, RequestStarted, TextDelta, ToolCallDelta
from podium.testing import ChatReply, ChatServer, Give, ScriptedModel
from tests.unit.agents.test_context_in_agents import FRAMEWORKS, chatting, member

LONG = "so long a text " * 20
SECRET = "PRIVATE-4711"


@pytest.fixture
def server() -> Generator[ChatServer]:
    def reply(body: Json) -> ChatReply:
        return ChatReply(text=f"they talked of {len(body['messages'])} things")

    with ChatServer(reply) as server, override_allow_model_requests(allow_model_requests=True):
        yield server


def talker(short: AnyAgent, **options: Any) -> AnyAgent:
    rules = [Summarize(short, above=1_000, keep=2, count=len)]
    return llm_agent("bot", model=ScriptedModel(lambda _: "fine"), instructions="Talk.", context=rules, **options)


async def talk(app: App, chat: AnyAgent, turns: int = 5) -> list[AnyHandle]:
    runs: list[AnyHandle] = []
    for n in range(turns):
        runs.append(await app.start(chat, f"q{n} {'' if n else SECRET} {LONG}", conversation="u"))
        await runs[-1].result()
    return runs


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("said", [LONG, '[{"n": 1, "private": true, "text": "' + "and " * 80 + '"}]'])
async def test_what_is_redacted_is_in_no_request_of_an_agent_that_summarized_it(
    framework: str, said: str, server: ChatServer, tmp_path: Path
) -> None:
    chat = chatting(talker(member(framework, server)))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        first = await app.start(chat, f"{SECRET} {said}", conversation="u")
        await first.result()
        runs = await talk(app, chat)
        asked = [str(body["messages"]) for body in server.bodies]
        assert any(SECRET in each for each in asked)
        await app.operations.redact(first.id, why="asked for")
        await app.operations.redact(runs[0].id, why="asked for")
        for run in runs[1:]:
            facts = await app.runs.facts(run.id)
            assert not [fact.kind for fact in facts if SECRET.encode() in (fact.payload or b"")]
        found = [each for run in runs[1:] for each in await app.runs.messages(run.id) if each.agent == framework]
        assert found
        for each in found:
            assert each.messages[-1].content.endswith("characters of what was said before, which are not kept here]")
            assert each.answer
            assert not each.not_kept


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_what_it_writes_is_no_part_of_the_answer_that_is_streamed(
    framework: str, server: ChatServer, tmp_path: Path
) -> None:
    short = member(framework, server, streaming=True)
    chat = chatting(talker(short, streaming=True))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await talk(app, chat, 3)
        async with app.run_stream(chat, f"q3 {LONG}", conversation="u") as stream:
            events = [event.content async for event in stream]
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "fine"
    assert len([each for each in events if isinstance(each, RequestStarted)]) == 2
    assert len([each for each in events if isinstance(each, RequestFinished)]) == 2


async def test_what_an_agent_that_screens_writes_is_not_either(tmp_path: Path) -> None:
    verdict = ScriptedModel([Give({"safe": True})])
    screen = llm_agent("judge", model=verdict, instructions="Judge.", output=guards.Screening, streaming=True)
    model = ScriptedModel(lambda _: "fine")
    bot = llm_agent(
        "bot", model=model, instructions="Talk.", streaming=True, guards=(guards.screen_by(screen, on=["input"]),)
    )
    chat = chatting(bot)
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        async with app.run_stream(chat, "hello") as stream:
            events = [event async for event in stream]
        written = [
            each.content for each in events if isinstance(each.content, TextDelta | ToolCallDelta | PartialOutput)
        ]
        assert "".join(each.text for each in written if isinstance(each, TextDelta)) == "fine"
        assert all(isinstance(each, TextDelta) for each in written)
        [run] = await app.runs.list()
        assert [each.agent for each in await app.runs.messages(run.id)] == ["judge", "bot"]
        assert [each.kind for each in await app.runs.facts(run.id)].count(FactKind.SENT) == 2
