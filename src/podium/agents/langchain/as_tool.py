"""An agent of Podium as a tool of an agent of LangChain."""

from collections.abc import Iterable, Iterator
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from podium.agents.agent_tool import AgentTool, agent_tool
from podium.agents.frameworks.loops import in_loop
from podium.agents.frameworks.recorder import recorder_here
from podium.errors import InvalidValue, UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json


class _LangChainTool:
    """What such a tool does."""

    def __init__(self, tool: AgentTool) -> None:
        self.tool = tool

    async def __call__(self, **arguments: Json) -> Json:
        """Call the agent below the call that is under way; a model is told of arguments that do not fit."""
        recorder, tool = recorder_here(), self.tool
        if recorder is None:
            raise UsageError(
                f"{tool.name} is an agent of Podium: use it as a tool of an agent that Podium runs, of "
                "from_langchain(…), and record its uses."
            )
        try:
            given = tool.input_of(arguments)
        except InvalidValue as error:
            raise ToolException(str(error)) from error
        call = recorder.call
        return await in_loop(call.loop, lambda: tool.use(call.steps, given))


def as_tool(agent: AnyAgent | AgentTool, *, name: str | None = None, description: str | None = None) -> BaseTool:
    """Return any agent, team or person as a tool for an agent of LangChain that Podium runs, and is run with `await`.

    A use is a call of its own below that of the LLM agent, which is left until there is an answer. Where the agent
    takes an object, such as several parameters, its fields are the arguments of the tool; else it has one, `input`.
    Name and description are those of its card unless given. Raises ConfigError for an agent without them.
    """
    tool = agent_tool(agent, name, description)
    schema: dict[str, Any] = {"title": tool.name, "description": tool.description, **tool.schema}
    return StructuredTool.from_function(
        coroutine=_LangChainTool(tool).__call__, name=tool.name, description=tool.description, args_schema=schema,
        infer_schema=False, handle_tool_error=True,
    )  # fmt: skip


def agents_in(tools: Iterable[BaseTool]) -> Iterator[AnyAgent]:
    """Give the agents of Podium among tools."""
    for each in tools:
        does = getattr(each.coroutine, "__self__", None) if isinstance(each, StructuredTool) else None
        if isinstance(does, _LangChainTool):
            yield does.tool.agent
