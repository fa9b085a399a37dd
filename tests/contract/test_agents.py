"""The contract of agents, over those that work alone: a function, one with steps, and an LLM with a tool."""

from podium import Steps, agent
from podium.agents.pydantic_ai import llm_agent
from podium.model.json import Json
from podium.testing import ScriptedModel, Use, scripted
from podium.testing.contracts.agent import AgentContract, Example


@agent
async def measure(text: str) -> int:
    return len(text)


@agent
async def stepwise(n: int, steps: Steps) -> list[Json]:
    async def part(i: int) -> int:
        return n + i

    return [await steps.once("part", lambda i=i: part(i), input=i) for i in range(3)]


def look_up(word: str) -> str:
    return word.upper()


class TestFunctionAgent(AgentContract):
    def example(self) -> Example:
        return Example(agent=measure, input="hello", unfit=5)


class TestAgentWithSteps(AgentContract):
    def example(self) -> Example:
        return Example(agent=stepwise, input=3, unfit="three")


class TestScriptedAgent(AgentContract):
    def example(self) -> Example:
        return Example(agent=scripted("echo", lambda value: value), input={"any": ["json"]})


class TestLlmAgent(AgentContract):
    def example(self) -> Example:
        model = ScriptedModel([[Use("look_up", {"word": "a"})], "Done."])
        clerk = llm_agent("clerk", model=model, instructions="Be exact.", tools=[look_up])
        return Example(agent=clerk, input="Go.", unfit=7)
