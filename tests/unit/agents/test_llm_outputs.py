"""What an LLM agent is said to give."""

import re

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, TextOutput, ToolOutput

from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.errors import UsageError


class Report(BaseModel):
    title: str


WAYS = [PromptedOutput(Report), NativeOutput(Report), ToolOutput(Report), TextOutput(str.upper)]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: type(way).__name__)
def test_a_way_to_give_an_output_is_refused_where_a_type_is_to_be(way: type[Report]) -> None:
    said = re.escape("from_pydantic_ai(Agent(…, output_type=PromptedOutput(Report)), output=Report)")
    with pytest.raises(UsageError, match=f"output of agent clerk is .*; expected the type that comes out.*{said}"):
        llm_agent("clerk", model="test", instructions="Report.", output=way)
    with pytest.raises(UsageError, match=said):
        from_pydantic_ai(Agent("test", name="clerk"), output=way)


def test_what_the_refusal_advises_works() -> None:
    agent = Agent("test", name="clerk", output_type=PromptedOutput(Report))
    assert from_pydantic_ai(agent, output=Report).output.load({"title": "a"}) == Report(title="a")
