"""An agent of Podium as a tool of an agent of Pydantic AI."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic_ai import ModelRetry, Tool
from pydantic_ai.tools import ToolFuncEither
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset
from typing_extensions import TypeVar

from podium.agents.agent_tool import AgentTool, agent_tool
from podium.agents.frameworks.loops import in_loop
from podium.agents.pydantic_ai.scope import here
from podium.errors import InvalidValue, UsageError
from podium.model.agent import AnyAgent, is_agent
from podium.model.json import Json

D = TypeVar("D")


class _PydanticTool:
    """The function of such a tool."""

    def __init__(self, tool: AgentTool) -> None:
        self.tool = tool

    async def __call__(self, **arguments: Json) -> Json:
        """Call the agent below the call that is under way; a model may correct arguments that do not fit."""
        scope, tool = here(), self.tool
        if scope is None:
            raise UsageError(
                f"{tool.name} is an agent of Podium: use it as a tool of an agent that Podium runs, of llm_agent(…) or "
                "from_pydantic_ai(…)."
            )
        try:
            given = tool.input_of(arguments)
        except InvalidValue as error:
            raise ModelRetry(str(error)) from error
        recording = scope.recording
        return await in_loop(recording.loop, lambda: tool.use(recording.steps, given))


def as_tool(agent: AnyAgent | AgentTool, *, name: str | None = None, description: str | None = None) -> Tool[Any]:
    """Return any agent, team or person as a tool for an agent of Pydantic AI that Podium runs.

    A use is a call of its own below that of the LLM agent, which is left until there is an answer. Where the agent
    takes an object, such as several parameters, its fields are the arguments of the tool; else it has one, `input`.
    Name and description are those of its card unless given. Raises ConfigError for an agent without them.
    """
    tool = agent_tool(agent, name, description)
    return Tool[Any].from_schema(_PydanticTool(tool), tool.name, tool.description, tool.schema)


def tools_in(
    tools: Sequence[Tool[D] | ToolFuncEither[D, ...] | AnyAgent | AgentTool],
) -> list[Tool[D] | ToolFuncEither[D, ...]]:
    """Return tools, with those that are agents as tools."""
    return [as_tool(each) if isinstance(each, AgentTool) or is_agent(each) else each for each in tools]


def agents_in(toolsets: Iterable[AbstractToolset[D]]) -> Iterator[AnyAgent]:
    """Give the agents that are tools in toolsets, as far as these are known before they are used."""
    for each in toolsets:
        for tool in each.tools.values() if isinstance(each, FunctionToolset) else ():
            if isinstance(function := tool.function, _PydanticTool):
                yield function.tool.agent
