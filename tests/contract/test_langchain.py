"""Agents of LangChain, and graphs of one's own, keep the contract of all frameworks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain import agents
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import BaseTool, StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import interrupt
from pydantic import SecretStr

from podium.agents.langchain import PodiumMiddleware, from_langchain, recorded_model, recorded_tool_call
from podium.model.agent import AnyAgent
from podium.testing import FrameworkContract, FrameworkSite
from podium.testing.contracts.framework_site import NumberTool


def chat(site: FrameworkSite) -> ChatOpenAI:
    return ChatOpenAI(model=site.model, base_url=site.base_url, api_key=SecretStr("any"), max_retries=0)


def tools(site: FrameworkSite) -> list[BaseTool]:
    return [StructuredTool.from_function(coroutine=each, name=name) for name, each in site.tools.items()]


class TestCreateAgent(FrameworkContract):
    kill_points = ()
    told_of_edit = "replaced this tool call"

    def build(self, site: FrameworkSite) -> AnyAgent:
        people = HumanInTheLoopMiddleware(interrupt_on=dict.fromkeys(site.approval, True))
        create_agent: Any = vars(agents)["create_agent"]  # its type is too wide for a type checker
        agent = create_agent(
            chat(site), tools(site), system_prompt="Be brief.", middleware=[people, PodiumMiddleware()]
        )
        return from_langchain(agent, name="bot", **site.options)


def interrupting(tool: NumberTool) -> NumberTool:
    """Return a tool that asks by itself whether it may be used."""

    async def asking(n: int) -> str:
        """Ask first."""
        name = tool.__name__
        said = interrupt({"action_requests": [{"name": name, "args": {"n": n}}], "review_configs": []})
        [decision] = said["decisions"]
        match decision["type"]:
            case "approve":
                return await tool(n)
            case "edit":
                return f"{await tool(decision['edited_action']['args']['n'])}, which replaced this tool call"
            case _:
                return str(decision["message"])

    return asking


class TestOwnGraph(FrameworkContract):
    kill_points = ()
    told_of_edit = "replaced this tool call"

    def build(self, site: FrameworkSite) -> AnyAgent:
        asks = {name: interrupting(each) if name in site.approval else each for name, each in site.tools.items()}
        own = tools(replace(site, tools=asks))
        chats: Any = recorded_model(chat(site))
        model = chats.bind_tools(own)

        async def think(state: MessagesState) -> dict[str, Any]:
            return {"messages": [await model.ainvoke(state["messages"])]}

        graph: Any = StateGraph(MessagesState)
        graph.add_node("think", think)
        graph.add_node("tools", ToolNode(own, awrap_tool_call=recorded_tool_call))
        graph.add_edge(START, "think")
        graph.add_conditional_edges("think", tools_condition)
        graph.add_edge("tools", "think")
        return from_langchain(graph.compile(), name="bot", **site.options)


@pytest.mark.system
@pytest.mark.parametrize("suite", [TestCreateAgent, TestOwnGraph])
@pytest.mark.parametrize("point", FrameworkContract.kill_points)
def test_killed_anywhere_nothing_that_was_finished_is_done_again(
    tmp_path: Path, point: str, suite: type[FrameworkContract]
) -> None:
    suite().killed_at(tmp_path, point)
