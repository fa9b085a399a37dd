"""Middleware of LangChain that records what an agent does where a call is under way."""

from collections.abc import Awaitable, Callable

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langgraph.prebuilt.tool_node import ToolCallRequest

from podium.agents.langchain.model import recorded_model
from podium.agents.langchain.tools import ToolAnswer, recorded_tool_call, recorded_tool_call_sync
from podium.model.json import Json


class PodiumMiddleware(AgentMiddleware[Json, Json]):
    """Records each model request and each tool call of an agent: `create_agent(…, middleware=[…, PodiumMiddleware()])`.

    It goes last in the list, next to the model and the tools: what other middleware makes of a request is what is
    recorded as sent then. Outside of calls of Podium it does nothing. `agent` names the agent where it is not the one
    that is called, such as one that a tool runs: its tools are `AGENT/TOOL` then.
    """

    def __init__(self, agent: str = "") -> None:
        super().__init__()
        self._agent = agent

    async def awrap_model_call(
        self, request: ModelRequest[Json], handler: Callable[[ModelRequest[Json]], Awaitable[ModelResponse[Json]]]
    ) -> ModelResponse[Json]:
        """Ask the model once for ever."""
        return await handler(request.override(model=recorded_model(request.model, self._agent)))

    def wrap_model_call(
        self, request: ModelRequest[Json], handler: Callable[[ModelRequest[Json]], ModelResponse[Json]]
    ) -> ModelResponse[Json]:
        """Do the same where the agent is invoked synchronously, in a thread."""
        return handler(request.override(model=recorded_model(request.model, self._agent)))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolAnswer]]
    ) -> ToolAnswer:
        """Use a tool once for ever."""
        return await recorded_tool_call(request, handler, agent=self._agent)

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolAnswer]) -> ToolAnswer:
        """Do the same where the agent is invoked synchronously, in a thread."""
        return recorded_tool_call_sync(request, handler, agent=self._agent)
