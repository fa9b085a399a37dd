"""Agents of the OpenAI Agents SDK whose model, tools and hand-offs record what they do where a call is under way."""

import copy
from functools import cache

from agents import Agent, FunctionTool, Handoff, RunContextWrapper, Tool, handoff

from podium.agents.frameworks.recorder import recorder_here
from podium.agents.openai_agents.model import RecordingModel
from podium.agents.openai_agents.tools import recorded_tool
from podium.model.expected import instance
from podium.model.json import Json

SdkAgent = Agent[Json]
"""An agent of the SDK, whatever its context is."""


def recorded(agent: SdkAgent) -> SdkAgent:
    """Return an agent that does what `agent` does, and records it where it runs inside a call of Podium.

    Each of its model requests and tool calls is a step of that call, also those of the agents that it hands over to;
    outside of calls it is like the other one. `from_openai_agents` does this with the agent that it is given. Wrap
    agents that the code of a tool or of a guardrail runs, such as `recorded(inner).as_tool("ask_inner", …)`: their
    requests are recorded one by one then, not as a part of the tool.
    """
    instance(Agent, 'Agent("helper")').check("what is recorded", agent)
    return Clones(keeps_names=False).of(agent)


class RecordingTools(Agent[Json]):
    """An agent whose tools are recorded, those of servers of the Model Context Protocol too."""

    async def get_all_tools(self, run_context: RunContextWrapper[Json]) -> list[Tool]:
        """Return its tools; inside a call those that are recorded."""
        tools = await super().get_all_tools(run_context)
        if recorder_here() is None:
            return tools
        return [recorded_tool(tool, self.name) if isinstance(tool, FunctionTool) else tool for tool in tools]


class Clones:
    """The recording twins of agents that hand over to each other, made when they are first asked for."""

    def __init__(self, *, keeps_names: bool) -> None:
        self._keeps_names = keeps_names
        """Whether a model that is named stays so: the run has another name in its place."""
        self._made: dict[int, tuple[SdkAgent, SdkAgent]] = {}

    def of(self, agent: SdkAgent) -> SdkAgent:
        """Return the twin of an agent."""
        if isinstance(agent, RecordingTools):
            return agent
        if id(agent) not in self._made:
            twin = copy.copy(agent)
            twin.__class__ = _recording(type(agent))
            if not (self._keeps_names and (agent.model is None or isinstance(agent.model, str))):
                twin.model = RecordingModel(agent.model, agent.name)
            twin.handoffs = [self._handoff(each) for each in agent.handoffs]
            self._made[id(agent)] = agent, twin
        return self._made[id(agent)][1]

    def _handoff(self, to: "SdkAgent | Handoff[Json, SdkAgent]") -> Handoff[Json, SdkAgent]:
        known: Handoff[Json, SdkAgent] = to if isinstance(to, Handoff) else handoff(to)
        original, twin = known.on_invoke_handoff, copy.copy(known)

        async def invoke(context: RunContextWrapper[Json], arguments: str) -> SdkAgent:
            return self.of(await original(context, arguments))

        twin.on_invoke_handoff = invoke
        return twin


@cache
def _recording(kind: type[SdkAgent]) -> type[SdkAgent]:
    """Return the class of recording twins of agents of a class."""
    return RecordingTools if kind is Agent else type(kind.__name__, (RecordingTools, kind), {})
