"""An agent of Podium as a tool of an agent of the OpenAI Agents SDK."""

import json
from collections.abc import Iterable, Iterator

from agents import FunctionTool, Tool
from agents.tool_context import ToolContext

from podium.agents.agent_tool import AgentTool, agent_tool
from podium.agents.frameworks.recorder import recorder_here
from podium.errors import InvalidValue, UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json, is_object


class _SdkTool:
    """What such a tool does."""

    def __init__(self, tool: AgentTool) -> None:
        self.tool = tool

    async def __call__(self, context: ToolContext[object], arguments: str) -> Json:
        """Call the agent below the call that is under way; a model is told of arguments that do not fit."""
        recorder, tool = recorder_here(), self.tool
        if recorder is None:
            raise UsageError(
                f"{tool.name} is an agent of Podium: use it as a tool of an agent that Podium runs, of "
                "from_openai_agents(…)."
            )
        try:
            said = json.loads(arguments or "{}")
            given = tool.input_of(said if is_object(said) else {})
        except (InvalidValue, ValueError) as error:
            return f"{tool.name} was not used: {error}"
        return await tool.use(recorder.call.steps, given)


def as_tool(agent: AnyAgent | AgentTool, *, name: str | None = None, description: str | None = None) -> FunctionTool:
    """Return any agent, team or person as a tool for an agent of the OpenAI Agents SDK that Podium runs.

    A use is a call of its own below that of the LLM agent, which is left until there is an answer. Where the agent
    takes an object, such as several parameters, its fields are the arguments of the tool; else it has one, `input`.
    Name and description are those of its card unless given. Raises ConfigError for an agent without them.
    """
    tool = agent_tool(agent, name, description)
    return FunctionTool(
        name=tool.name, description=tool.description, params_json_schema=dict(tool.schema),
        on_invoke_tool=_SdkTool(tool), strict_json_schema=False,
    )  # fmt: skip


def agents_in(tools: Iterable[Tool]) -> Iterator[AnyAgent]:
    """Give the agents of Podium among tools."""
    for each in tools:
        if isinstance(each, FunctionTool) and isinstance(does := each.on_invoke_tool, _SdkTool):
            yield does.tool.agent
