"""A summary is made, paid and recorded once, stands for what was said, and costs a later turn nothing."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage

from podium import App, Budget, Context, agent, workflow
from podium.agents.context import LastMessages, PinMessages, Summarize, TokenWindow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import RateLimited, RunFailed
from podium.facade.handle import AnyHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.fact import FactKind
from podium.model.facts.calls import StepDone
from podium.model.facts.notices import Notice
from podium.testing.model import ModelReply, ScriptedModel, Use

LONG = "so long a text " * 20
MARK = 1_000


class Shortener:
    """An agent that summarizes, and remembers what it was handed."""

    def __init__(self, *fails: Exception) -> None:
        self.asked: list[str] = []
        self._fails = list(fails)

    @property
    def agent(self) -> Agent[str, str]:
        @agent(name="shortener")
        async def shortener(text: str) -> str:
            self.asked.append(text)
            if self._fails:
                raise self._fails.pop(0)
            return f"summary {len(self.asked)}"

        return shortener


class Seen:
    """A model that remembers what it was sent."""

    def __init__(self, reply: Callable[[Sequence[ModelMessage]], ModelReply]) -> None:
        self.sent: list[list[str]] = []
        self._reply = reply

    def __call__(self, messages: Sequence[ModelMessage]) -> ModelReply:
        self.sent.append([text(part) for message in messages for part in message.parts])
        return self._reply(messages)


def text(part: Any) -> str:
    return str(getattr(part, "content", None) or getattr(part, "tool_name", ""))


def talker(shortener: Agent[str, str], seen: Seen, **options: Any) -> AnyAgent:
    rules = options.pop("context", [Summarize(shortener, above=MARK, keep=2, count=len)])
    return llm_agent("bot", model=ScriptedModel(seen), instructions="Talk.", context=rules, **options)


def chatting(bot: AnyAgent) -> AnyAgent:
    @workflow(name="chat")
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(bot, text, conversation=ctx.conversation)

    return chat


async def say(app: App, chat: AnyAgent, *texts: str) -> list[AnyHandle]:
    runs = [await app.start(chat, f"{each} {LONG}", conversation="u") for each in texts]
    for run in runs:
        await run.result()
    return runs


async def test_a_summary_stands_for_what_was_said_and_goes_on_from_the_last_one(tmp_path: Path) -> None:
    shortener, seen = Shortener(), Seen(lambda _: "fine")
    chat = chatting(talker(shortener.agent, seen))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await say(app, chat, *(f"q{n}" for n in range(8)))
        assert len(shortener.asked) == 3
        assert shortener.asked[0] == f"User: q0 {LONG}\n\nAssistant: fine\n\nUser: q1 {LONG}\n\nAssistant: fine"
        for n, asked in enumerate(shortener.asked[1:], 1):
            assert asked.startswith(
                f"Summary of what was said before:\n\nsummary {n}\n\nWhat was said after that:\n\nUser: q"
            )
        for sent in seen.sent:
            assert sum(map(len, sent)) < MARK
        assert seen.sent[-1][0] == "Summary of what was said before:\n\nsummary 3"
        said = await app.conversations.messages("u")
        assert [each.message["parts"][0]["content"][:2] for each in said[::2]] == [f"q{n}" for n in range(8)]


async def test_a_long_loop_of_tools_is_summarized_on_the_way(tmp_path: Path) -> None:
    def look(n: int) -> str:
        return f"found {n} {LONG}"

    shortener = Shortener()
    seen = Seen(lambda said: Use("look", {"n": len(seen.sent)}) if len(seen.sent) < 10 else "done")
    rules = [Summarize(shortener.agent, above=2 * MARK, keep=2, count=len)]
    chat = chatting(talker(shortener.agent, seen, tools=[look], context=rules))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        [run] = await say(app, chat, "look")
        assert 1 < len(shortener.asked) < 4
        assert seen.sent[-1][0].startswith("look")
        assert seen.sent[-1][1] == f"Summary of what was said before:\n\nsummary {len(shortener.asked)}"
        for sent in seen.sent:
            assert sent.count("look") == sum(each.startswith("found") for each in sent)
        assert len((await app.runs.messages(run.id))[-1].context) == 1
        await say(app, chat, "and?")
        assert len(shortener.asked) < 5


async def test_what_is_recorded_is_asked_again_by_no_replay(tmp_path: Path) -> None:
    stuck, dies = asyncio.Event(), [True]

    async def look(n: int) -> str:
        if n == 7 and dies:
            stuck.set()
            await asyncio.Event().wait()
        return f"found {n} {LONG}"

    shortener = Shortener()
    seen = Seen(lambda said: Use("look", {"n": len(seen.sent)}) if len(seen.sent) < 10 else "done")
    chat = chatting(talker(shortener.agent, seen, tools=[look]))
    async with App.open(tmp_path / "a.db", agents=[chat], grace=0) as app:
        run = await app.start(chat, "look", conversation="u")
        await stuck.wait()
    dies.clear()
    asked, sent = len(shortener.asked), len(seen.sent)
    assert asked > 1
    assert sent == 7
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        handle = await app.handle(run.id)
        assert await handle.result() == "done"
        assert len(seen.sent) == 10
        assert len(set(shortener.asked)) == len(shortener.asked) > asked
        facts = await app.runs.facts(run.id)
        steps = [fact for fact in facts if isinstance(fact.content, StepDone) and fact.content.name == "summary"]
        assert len(steps) == len(shortener.asked)
        assert len(await app.runs.messages(run.id)) == 10


async def test_where_it_fails_the_call_goes_on_without_and_says_so(tmp_path: Path) -> None:
    shortener, seen = Shortener(RateLimited("too much"), RateLimited("still")), Seen(lambda _: "fine")
    rules = [Summarize(shortener.agent, above=MARK, keep=2, count=len), LastMessages(5)]
    chat = chatting(talker(shortener.agent, seen, context=rules))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        runs = await say(app, chat, *(f"q{n}" for n in range(6)))
        assert len(shortener.asked) == 3
        notices = [
            fact.content.said
            for run in runs
            for fact in await app.runs.facts(run.id)
            if isinstance(fact.content, Notice) and fact.content.guard == "summary"
        ]
        assert notices == [
            {"agent": "shortener@1", "failed": "RateLimited: too much"},
            {"agent": "shortener@1", "failed": "RateLimited: still"},
        ]
        [request] = await app.runs.messages(runs[3].id)
        assert [each.kind for each in request.context] == ["left_out"]


async def test_a_bug_in_it_fails_the_call(tmp_path: Path) -> None:
    shortener, seen = Shortener(KeyError("bug")), Seen(lambda _: "fine")
    chat = chatting(talker(shortener.agent, seen))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        with pytest.raises(RunFailed, match="KeyError"):
            await say(app, chat, *(f"q{n}" for n in range(6)))


def llm_shortener(seen: Seen) -> AnyAgent:
    return llm_agent("shortener", model=ScriptedModel(seen, name="gpt-4o"), instructions="Shorten.")


async def test_a_model_that_summarizes_is_paid_sees_no_conversation_and_says_nothing_in_it(tmp_path: Path) -> None:
    short, seen = Seen(lambda _: "in short"), Seen(lambda _: "fine")
    chat = chatting(talker(llm_shortener(short), seen))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        runs = await say(app, chat, *(f"q{n}" for n in range(4)))
        [asked] = short.sent
        assert len(asked) == 1
        assert asked[0].startswith("User: q0")
        assert len(await app.conversations.messages("u")) == 8
        steps = [fact for fact in await app.runs.facts(runs[3].id) if fact.kind == FactKind.STEP]
        prices = [fact.content.usage.usd for fact in steps if isinstance(fact.content, StepDone) and fact.content.usage]
        assert prices[0]
        [first, second] = await app.runs.messages(runs[3].id)
        assert (first.agent, first.model, first.instructions) == ("shortener", "gpt-4o", "Shorten.")
        assert (
            first.messages[0].content
            == f"[{len(asked[0])} characters of what was said before, which are not kept here]"
        )
        assert second.messages[0].content == "Summary of what was said before:\n\nin short"


async def test_a_budget_bounds_it(tmp_path: Path) -> None:
    short, seen = Seen(lambda _: "in short"), Seen(lambda _: "fine")
    chat = chatting(talker(llm_shortener(short), seen))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await say(app, chat, *(f"q{n}" for n in range(3)))
        with pytest.raises(RunFailed, match="budget"):
            await app.run(chat, f"q3 {LONG}", conversation="u", budget=Budget(usd=0.0001))
        assert not short.sent


async def test_another_summary_is_made_where_what_was_said_is_no_longer_there(tmp_path: Path) -> None:
    shortener, seen = Shortener(), Seen(lambda _: "fine")
    chat = chatting(talker(shortener.agent, seen))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        runs = await say(app, chat, *(f"q{n}" for n in range(4)))
        assert len(shortener.asked) == 1
        await app.operations.redact(runs[0].id, why="asked for")
        await say(app, chat, "q4")
        assert "summary 1" not in str(seen.sent[-1])


@pytest.mark.parametrize("streaming", [True, False])
async def test_it_is_made_for_agents_that_stream_too(tmp_path: Path, *, streaming: bool) -> None:
    shortener, seen = Shortener(), Seen(lambda _: "fine")
    chat = chatting(talker(shortener.agent, seen, streaming=streaming))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await say(app, chat, *(f"q{n}" for n in range(5)))
        assert shortener.asked
        assert "summary" in seen.sent[-1][0]


async def test_what_is_pinned_is_not_summarized_and_the_window_is_what_is_left(tmp_path: Path) -> None:
    shortener, seen = Shortener(), Seen(lambda _: "fine")
    rules = [
        PinMessages(first=1),
        Summarize(shortener.agent, above=MARK, keep=2, count=len),
        TokenWindow(900, count=len),
    ]
    chat = chatting(talker(shortener.agent, seen, context=rules))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await say(app, chat, *(f"q{n}" for n in range(8)))
        assert all(sum(map(len, sent)) + len("Talk.") <= 900 for sent in seen.sent)
        assert all(sent[0].startswith("q0") for sent in seen.sent)
        assert "User: q0" not in str(shortener.asked)
