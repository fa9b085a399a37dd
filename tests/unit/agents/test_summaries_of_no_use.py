"""A summary that is of no use is not sent, ends no conversation, and is not paid again in vain."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage

from podium import App, agent
from podium.agents.context import Summarize, TokenWindow
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.facts.notices import Notice
from podium.testing import ScriptedModel
from tests.unit.agents.test_context_in_agents import chatting

LONG = "so long a text " * 20
MARK, WINDOW = 1_000, 3_000


def shortener(asked: list[str], reply: Callable[[str], str], name: str = "shortener") -> Agent[str, str]:
    @agent(name=name)
    async def shortener(text: str) -> str:
        asked.append(text)
        return reply(text)

    return shortener


def talker(
    short: Agent[str, str], sent: list[str], name: str = "bot", mark: int = MARK, window: int = WINDOW
) -> AnyAgent:
    def answer(messages: Sequence[ModelMessage]) -> str:
        sent.append("\n".join(str(getattr(part, "content", "")) for each in messages for part in each.parts))
        return f"fine, says {name}"

    rules = [Summarize(short, above=mark, keep=2, count=len), TokenWindow(window, count=len)]
    return chatting(llm_agent(name, model=ScriptedModel(answer), instructions="Talk.", context=rules), f"chat {name}")


async def talk(app: App, *chats: AnyAgent, turns: int) -> list[AnyHandle]:
    runs: list[AnyHandle] = []
    for n in range(turns):
        runs.append(await app.start(chats[n % len(chats)], f"q{n} {LONG}", conversation="u"))
        await runs[-1].result()
    return runs


async def reasons(app: App, runs: Sequence[AnyHandle]) -> list[str]:
    facts = [fact.content for run in runs for fact in await app.runs.facts(run.id)]
    return [each.said["failed"] for each in facts if isinstance(each, Notice) and each.guard == "summary"]


@pytest.mark.parametrize("size", [5 * MARK, MARK, None])
async def test_one_that_is_no_shorter_is_dropped_until_there_is_as_much_again(size: int | None, tmp_path: Path) -> None:
    def reply(text: str) -> str:
        return text if size is None else "S" * size

    asked, sent = list[str](), list[str]()
    chat = talker(shortener(asked, reply), sent, window=MARK)
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        runs = await talk(app, chat, turns=12)
        told = await reasons(app, runs)
        assert len(await app.conversations.messages("u")) == 24
    assert 1 < len(asked) <= 12 * len(LONG) / MARK
    assert len(told) == len(asked)
    assert all("expected fewer than" in each for each in told)
    assert not any("Summary of what was said" in each or len(each) > MARK for each in sent)


async def test_the_one_before_it_stays_in_use(tmp_path: Path) -> None:
    asked, sent = list[str](), list[str]()
    chat = talker(shortener(asked, lambda text: "short" if len(asked) == 1 else "S" * 5_000), sent)
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await talk(app, chat, turns=6)
    assert len(asked) == 2
    assert all(each.startswith("Summary of what was said before:\n\nshort") for each in sent[3:])


async def test_one_that_does_not_fit_into_the_window_is_left_out(tmp_path: Path) -> None:
    asked, sent = list[str](), list[str]()
    chat = talker(shortener(asked, lambda _: "S" * 900), sent, mark=2_000, window=1_000)
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        runs = await talk(app, chat, turns=8)
        told = {*await reasons(app, runs)}
        [*_, last] = await app.runs.messages(runs[-1].id)
    assert told == {"the summary does not fit into the 1,000 tokens of TokenWindow(1_000)"}
    assert 0 < len(asked) < 4
    assert all(len(each) < 1_000 and "SSS" not in each for each in sent)
    assert [each.kind for each in last.context] == ["left_out"]


@pytest.mark.parametrize("agents", [1, 2, 3])
async def test_agents_that_share_a_summarizer_each_go_on_from_their_own(agents: int, tmp_path: Path) -> None:
    sizes: list[list[int]] = []
    for shared in (True, False):
        asked, sent = list[str](), list[str]()
        one = shortener(asked, lambda _: "short")
        shorts = [one if shared else shortener(asked, lambda _: "short", f"short{n}") for n in range(agents)]
        chats = [talker(short, sent, f"bot{n}", 3 * MARK) for n, short in enumerate(shorts)]
        async with App.open(tmp_path / f"{shared}.db", agents=chats) as app:
            await talk(app, *chats, turns=24)
        sizes.append([len(each) for each in asked])
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > agents
