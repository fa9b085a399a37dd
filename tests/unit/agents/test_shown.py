"""How an agent stands in a message: by its name, whatever it is made of."""

import pytest
from agents import Agent as SdkAgent

from podium import agent, human, process
from podium.agents import langchain, openai_agents
from podium.agents.http import http
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PatternError
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns import sequence
from podium.testing import ScriptedModel
from tests.unit.agents.test_langchain import graph_of


@agent
async def bot(text: str) -> str:
    """Answer."""
    return text


async def answered(state: Json) -> Json:
    return state


@pytest.mark.parametrize(
    "shown",
    [
        bot,
        llm_agent("bot", model=ScriptedModel([]), instructions="Answer."),
        openai_agents.from_openai_agents(SdkAgent(name="bot", instructions="Answer.")),
        langchain.from_langchain(graph_of(say=answered), name="bot"),
        human("boss", text="Well?", answer=str, name="bot"),
        process(["cat"], name="bot"),
        http("https://example.org", name="bot"),
    ],
)
def test_an_agent_is_shown_by_its_name(shown: AnyAgent) -> None:
    assert repr(shown) == "<agent bot>"
    with pytest.raises(PatternError, match=r"^sequence was given \[<agent bot>\] as an agent"):
        sequence([shown])  # pyright: ignore[reportArgumentType]
