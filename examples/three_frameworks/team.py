"""One team of three agents, written with Pydantic AI, the OpenAI Agents SDK and LangGraph, in one workflow.

    python team.py        # needs podium[llm,openai-agents,langchain] and langchain-openai; asks a scripted model

A researcher looks facts up with a tool, a writer writes, a checker has the last word. The three teams do the same work;
Podium records, prices and counts all nine agents alike, in one account.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from agents import Agent as OpenAIAgent
from agents import OpenAIChatCompletionsModel, Tool, function_tool, set_tracing_disabled
from langchain import agents as langchain_agents
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import App, Context, workflow
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.openai_agents import from_openai_agents
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.prices import Rate
from podium.testing import ChatReply, ChatServer, ChatUse

ROLES = {
    "researcher": "Find facts with the tool.",
    "writer": "Write two sentences of the facts.",
    "checker": "Mend what is wrong in the text.",
}
RATES = {"scripted": Rate(1.0, 5.0)}


async def look(word: str) -> str:
    """Look a word up in the almanac."""
    return f"{word}: first seen in 1900"


def script(body: Json) -> ChatReply:
    """Play all three roles, told apart by their instructions."""
    said: list[Json] = body["messages"]
    role, last = str(said[0]["content"]), str(said[-1]["content"])
    if "Find facts" in role:
        return (
            ChatReply(text=last)
            if said[-1]["role"] == "tool"
            else ChatReply(uses=[ChatUse("look", {"word": last}, "c1")])
        )
    return ChatReply(text=f"Written of {last}." if "Write" in role else f"{last} Checked.")


def with_pydantic_ai(url: str) -> list[AnyAgent]:
    """Return the team, written with Pydantic AI."""
    model = OpenAIChatModel("scripted", provider=OpenAIProvider(base_url=url, api_key="any"))
    return [
        from_pydantic_ai(
            PydanticAgent(model, instructions=told, tools=[look] if role == "researcher" else []),
            name=f"pydantic-{role}", rates=RATES,
        )
        for role, told in ROLES.items()
    ]  # fmt: skip


def with_openai_agents(url: str) -> list[AnyAgent]:
    """Return the team, written with the OpenAI Agents SDK."""
    model = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=url, api_key="any"))
    tools: dict[str, list[Tool]] = {"researcher": [function_tool(look)]}
    return [
        from_openai_agents(
            OpenAIAgent(role, instructions=told, model=model, tools=tools.get(role, [])),
            name=f"openai-{role}", rates=RATES,
        )
        for role, told in ROLES.items()
    ]  # fmt: skip


def with_langchain(url: str) -> list[AnyAgent]:
    """Return the team, written with LangChain, whose agents are graphs of LangGraph."""
    model = ChatOpenAI(model="scripted", base_url=url, api_key=SecretStr("any"), max_retries=0)
    create_agent: Any = vars(langchain_agents)["create_agent"]  # its type is too wide for a type checker
    tools = [StructuredTool.from_function(coroutine=look, name="look")]
    return [
        from_langchain(
            create_agent(
                model, tools if role == "researcher" else [], system_prompt=told, middleware=[PodiumMiddleware()]
            ),
            name=f"langchain-{role}", rates=RATES,
        )
        for role, told in ROLES.items()
    ]  # fmt: skip


async def run(url: str, store: str = ":memory:") -> tuple[Sequence[str], dict[str, float]]:
    """Have the three teams work on one subject; return what they wrote, and what each agent cost in US dollars."""
    teams = [with_pydantic_ai(url), with_openai_agents(url), with_langchain(url)]

    async def work(ctx: Context, place: int, subject: str) -> str:
        text: Any = subject
        for member in teams[place]:
            text = await ctx.call(member, text)
        return str(text)

    @workflow
    async def article(ctx: Context, subject: str) -> list[str]:
        return list(await ctx.gather(*(ctx.branch(work, place, subject) for place in range(len(teams)))))

    async with App.open(store, agents=[article, *(member for team in teams for member in team)]) as app:
        written = await app.run(article, "zeppelin")
        costs = {each.part: each.usd or 0.0 for each in await app.reports.costs(by="agent")}
    return written, costs


def main() -> None:
    """Show what was written, and the one account."""
    set_tracing_disabled(disabled=True)
    with ChatServer(script) as server:
        written, costs = asyncio.run(run(server.url))
    print("\n".join(written))
    for agent, usd in sorted(costs.items()):
        print(f"{agent:24} ${usd:.6f}")


if __name__ == "__main__":
    main()
