"""Agents of the OpenAI Agents SDK keep the contract of all frameworks."""

from pathlib import Path

import pytest
from agents import Agent, OpenAIChatCompletionsModel, function_tool
from openai import AsyncOpenAI

from podium.agents.openai_agents import from_openai_agents
from podium.model.agent import AnyAgent
from podium.testing import FrameworkContract, FrameworkSite


class TestOpenAIAgents(FrameworkContract):
    kill_points = ("look 3 end",)

    def build(self, site: FrameworkSite) -> AnyAgent:
        tools = [function_tool(each, needs_approval=name in site.approval) for name, each in site.tools.items()]
        model = OpenAIChatCompletionsModel(site.model, AsyncOpenAI(base_url=site.base_url, api_key="any"))
        agent = Agent("bot", instructions="Be brief.", model=model, tools=list(tools))
        return from_openai_agents(agent, **site.options)


@pytest.mark.system
@pytest.mark.parametrize("point", FrameworkContract.kill_points)
def test_killed_anywhere_nothing_that_was_finished_is_done_again(tmp_path: Path, point: str) -> None:
    TestOpenAIAgents().killed_at(tmp_path, point)
