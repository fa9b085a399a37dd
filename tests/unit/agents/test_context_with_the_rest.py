"""What else an agent does goes on working where rules cut what it sends: outputs, retries, fallbacks, people."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.tools import Tool

from podium import App, Context, Retry, workflow
from podium.agents.context import LastMessages, PinMessages, TokenWindow, TrimToolResults
from podium.agents.context.rule import ContextRule
from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.cli.tree.requests import print_requests
from podium.errors import RunBlocked, RunFailed
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.question import Question
from podium.testing import DrivenClock
from podium.testing.model import Failing, Give, ModelReply, ScriptedModel, Use, too_many_requests

RULES = [TrimToolResults(keep_last=0, characters=10), LastMessages(4)]


class Verdict(BaseModel):
    good: bool
    sent: int


def look(n: int) -> str:
    """Look something up."""
    return f"found {n} {'and so on ' * 9}"


def played(messages: Sequence[ModelMessage]) -> ModelReply:
    """Use the tool five times, then tell how many messages came at last."""
    last = str(getattr(messages[-1].parts[-1], "content", ""))
    n = int(last.split()[1]) + 1 if last.startswith("found") else 0
    return Use("look", {"n": n}, id=f"c{n}") if n < 5 else f"sent {len(messages)}"


def talk(bot: AnyAgent, turns: int = 3) -> AnyAgent:
    @workflow(name="talk")
    async def talk(ctx: Context) -> list[Any]:
        return [await ctx.call(bot, f"q{n}", conversation="u") for n in range(turns)]

    return talk


async def ended(tmp_path: Path, bot: AnyAgent, turns: int = 3) -> tuple[list[Any], App]:
    async with App.open(tmp_path / "a.db", agents=[talk(bot, turns)]) as app:
        return await app.run("talk"), app


async def test_structured_output_in_a_conversation(tmp_path: Path) -> None:
    def judged(messages: Sequence[ModelMessage]) -> ModelReply:
        said = played(messages)
        return Give({"good": True, "sent": len(messages)}) if isinstance(said, str) else said

    bot = llm_agent("bot", model=ScriptedModel(judged), instructions="x", tools=[look], output=Verdict, context=RULES)
    values, _ = await ended(tmp_path, bot)
    assert [each["sent"] for each in values] == [3, 3, 3]


async def test_a_request_that_fails_is_made_again_as_it_was(tmp_path: Path) -> None:
    seen: list[int] = []

    def failing(messages: Sequence[ModelMessage]) -> ModelReply | Failing:
        seen.append(len(messages))
        return Failing([too_many_requests()], played(messages))

    retry = Retry(attempts=50, delay=0.0, factor=1.0)
    bot = llm_agent("bot", model=ScriptedModel(failing), instructions="x", tools=[look], context=RULES, retry=retry)
    values, _ = await ended(tmp_path, bot, 1)
    assert values == ["sent 3"]
    assert len(seen) == 2 * 6
    assert seen[::2] == seen[1::2]


async def test_models_that_are_fallen_back_on_are_sent_the_same(tmp_path: Path) -> None:
    def fails(messages: Sequence[ModelMessage]) -> ModelReply:
        return too_many_requests()

    model = FallbackModel(ScriptedModel(fails, name="one"), ScriptedModel(played, name="two"))
    bot = llm_agent("bot", model=model, instructions="x", tools=[look], context=RULES)
    values, _ = await ended(tmp_path, bot, 1)
    assert values == ["sent 3"]


async def test_a_users_own_processor_comes_first_and_the_agent_keeps_all_that_it_had(tmp_path: Path) -> None:
    handed: list[int] = []

    def own(messages: list[ModelMessage]) -> list[ModelMessage]:
        handed.append(len(messages))
        return messages[-14:] if len(messages) > 14 else messages

    agent = PydanticAgent(ScriptedModel(played), name="bot", tools=[look], capabilities=[ProcessHistory(own)])
    values, _ = await ended(tmp_path, from_pydantic_ai(agent, context=RULES))
    assert values == ["sent 3"] * 3
    assert max(handed) > 12


async def test_a_tool_that_waits_for_people_goes_on_after_them(tmp_path: Path) -> None:
    tools = [Tool(look, requires_approval=True)]
    bot = llm_agent("bot", model=ScriptedModel(played), instructions="x", tools=tools, context=RULES)
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[talk(bot, 1)], clock=clock) as app:
        run: AnyHandle = await app.start("talk")

        async def asked() -> Sequence[Question]:
            return (await app.inbox.list()).items

        for n in range(5):
            await clock.until(asked, within=120)
            [question] = await asked()
            assert str(n) in str(question.ask.subject)
            await app.inbox.answer(question.id, {"approved": True}, by="b")
        assert await run.result() == ["sent 3"]


async def test_what_is_compared_in_a_replay_is_what_is_really_sent(tmp_path: Path) -> None:
    stuck, dies = asyncio.Event(), [True]

    async def slow(n: int) -> str:
        """Look something up."""
        if n == 4 and dies:
            stuck.set()
            await asyncio.Event().wait()
        return look(n)

    def made(*rules: ContextRule) -> AnyAgent:
        tools = [Tool(slow, name="look")]
        return talk(llm_agent("bot", model=ScriptedModel(played), instructions="x", tools=tools, context=rules), 1)

    async with App.open(tmp_path / "a.db", agents=[made(LastMessages(4))], grace=0) as app:
        run: AnyHandle = await app.start("talk")
        await stuck.wait()
    dies.clear()
    async with App.open(tmp_path / "a.db", agents=[made(LastMessages(6))]) as app:
        with pytest.raises(RunBlocked, match="messages"):
            await (await app.handle(run.id)).result()
    async with App.open(tmp_path / "a.db", agents=[made(TrimToolResults(keep_last=9), LastMessages(4))]) as app:
        assert await (await app.handle(run.id)).result() == ["sent 3"]


async def test_the_command_line_tells_what_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = [PinMessages(first=1), TrimToolResults(keep_last=0, characters=10), LastMessages(4)]
    bot = llm_agent("bot", model=ScriptedModel(played), instructions="x", tools=[look], context=rules)
    async with App.open(tmp_path / "a.db", agents=[talk(bot, 1)]) as app:
        run: AnyHandle = await app.start("talk")
        await run.result()
        print_requests(await app.runs.messages(run.id), whole=False)
    printed = capsys.readouterr().out
    assert "8 messages left out by LastMessages(4) (" in printed
    assert "4 messages trimmed by TrimToolResults(keep_last=0, characters=10) (" in printed


async def test_the_window_of_a_known_model_is_its_own(tmp_path: Path) -> None:
    bot = llm_agent("bot", model=ScriptedModel(["fine"], name="gpt-4o"), instructions="x", context=[TokenWindow()])
    async with App.open(tmp_path / "a.db", agents=[talk(bot, 1)]) as app:
        assert await app.run("talk")
    retry = Retry(attempts=4, delay=0.0)
    unknown = llm_agent("bot", model=ScriptedModel(played), instructions="x", context=[TokenWindow()], retry=retry)
    async with App.open(tmp_path / "b.db", agents=[talk(unknown, 1)]) as app:
        run: AnyHandle = await app.start("talk")
        with pytest.raises(RunFailed, match="genai-prices does not know how many function:scripted can hold"):
            await run.result()
        assert FactKind.RETRY not in [fact.kind for fact in await app.runs.facts(run.id)]
