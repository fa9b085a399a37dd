"""A conversation of agents of three frameworks, each with a tool, in a process that dies where it is told to."""

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

from agents import Agent, OpenAIChatCompletionsModel, function_tool, set_tracing_disabled
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  the package leaves a type open
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai.messages import ModelMessage

from podium import App, Context, workflow
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.openai_agents import from_openai_agents
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import Agent as PodiumAgent
from podium.model.agent import AnyAgent
from podium.testing import ChatServer, Faults, die_at
from podium.testing.model import ScriptedModel, Use
from tests.faults.stores import store_in
from tests.unit.agents.test_frameworks_in_conversations import answer, play

P = ParamSpec("P")
T = TypeVar("T")

GIVE_UP = 120.0


def watched(faults: Faults, function: Callable[P, T]) -> Callable[P, T]:
    """Return a function with its start and end fault points."""

    @wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> T:
        n = faults.enter("body")
        try:
            return function(*args, **kwargs)
        finally:
            faults.leave("body", n)

    return body


def parts(faults: Faults, url: str) -> list[AnyAgent]:
    def look(what: str) -> str:
        """Look something up."""
        return f"found {what}"

    def reply(messages: Sequence[ModelMessage]) -> str | Use:
        return play(messages)

    looking = watched(faults, look)
    sdk = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=url, api_key="any"))
    chat = ChatOpenAI(model="scripted", base_url=url, api_key=SecretStr("any"), max_retries=0)
    graph = create_agent(chat, [tool(looking)], system_prompt="I am LC.", middleware=[PodiumMiddleware()])
    made: list[PodiumAgent[str, str]] = [
        llm_agent("pai", model=ScriptedModel(watched(faults, reply)), instructions="I am PAI.", tools=[looking]),
        from_openai_agents(Agent("sdk", instructions="I am SDK.", model=sdk, tools=[function_tool(looking)])),
        from_langchain(graph, name="lc"),
    ]
    members = [faults.agent(each) for each in made]

    @workflow
    async def talk(ctx: Context, text: str) -> list[str]:
        return [await ctx.call(each, f"{text}{n}", conversation=ctx.conversation) for n, each in enumerate(members)]

    return [talk, *members]


async def drive(folder: Path, point: str | None) -> None:
    set_tracing_disabled(disabled=True)
    faults = die_at(point)
    store = faults.store(store_in(folder))
    with ChatServer(watched(faults, answer)) as server:
        async with asyncio.timeout(GIVE_UP), App.open(store, agents=parts(faults, server.url), poll=0.02) as app:
            run: AnyHandle = await app.start("talk", "q", id="a", conversation="c")
            values = await run.result()
            said = await app.store.messages("default", "c")
            sent = [[part.content for part in each.messages] for each in await app.runs.messages("a")]
            told = {"values": values, "said": [each.message["parts"] for each in said], "sent": sent}
            assert await app.reports.verify("a") == []
    (folder / "result").write_text(json.dumps(told))
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Talk once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
