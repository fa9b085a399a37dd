"""Agents of Pydantic AI keep the contract of all frameworks."""

from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic_ai import Agent, Tool
from pydantic_ai.models import override_allow_model_requests

from podium.agents.pydantic_ai import from_pydantic_ai
from podium.agents.pydantic_ai.endpoint import model_at
from podium.model.agent import AnyAgent
from podium.model.steps import Steps
from podium.testing import FrameworkContract, FrameworkSite


@pytest.fixture(autouse=True)
def _on_loopback() -> Generator[None]:
    with override_allow_model_requests(allow_model_requests=True):
        yield


class TestPydanticAI(FrameworkContract):
    kill_points = ()

    def build(self, site: FrameworkSite) -> AnyAgent:
        tools = [Tool[Steps](each, requires_approval=name in site.approval) for name, each in site.tools.items()]
        model = model_at(site.base_url, site.model, api_key="any")
        agent = Agent[Steps, str](model, name="bot", instructions="Be brief.", tools=tools, deps_type=Steps)
        return from_pydantic_ai(agent, **site.options)


@pytest.mark.system
@pytest.mark.parametrize("point", FrameworkContract.kill_points)
def test_killed_anywhere_nothing_that_was_finished_is_done_again(tmp_path: Path, point: str) -> None:
    TestPydanticAI().killed_at(tmp_path, point)
