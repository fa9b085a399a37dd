"""Uses of tools of LangChain, recorded where a call is under way."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from langchain_core.messages import ToolMessage, message_to_dict, messages_from_dict
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt.tool_node import ToolCallRequest, ToolNode
from langgraph.pregel import Pregel  # pyright: ignore[reportMissingTypeStubs] - types are in the package
from langgraph.types import Command

from podium.agents.frameworks.approvals import denial_in
from podium.agents.frameworks.loops import from_thread
from podium.agents.frameworks.plain import plain
from podium.agents.frameworks.recorder import EDITED, Recorder, recorder_here
from podium.agents.frameworks.request import AskedTool
from podium.agents.langchain.model import require_thread
from podium.agents.threads import AGENT_THREADS
from podium.errors import NotDone
from podium.model.json import Json

ToolAnswer = ToolMessage | Command[Json]
"""What a use of a tool gives its graph."""

_SERIALIZER = JsonPlusSerializer()
_MESSAGE, _OTHER = "message", "typed"


async def recorded_tool_call(
    request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolAnswer]], *, agent: str = ""
) -> ToolAnswer:
    """Use a tool once for ever inside a call of Podium, and as it is outside: `ToolNode(…, awrap_tool_call=…)`."""
    recorder = recorder_here()
    if recorder is None:
        return await handler(request)
    return await _RecordedUse(request, recorder, agent).answered(handler)


def recorded_tool_call_sync(
    request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolAnswer], *, agent: str = ""
) -> ToolAnswer:
    """Do the same for a graph that is invoked synchronously, in a thread: `ToolNode(…, wrap_tool_call=…)`."""
    recorder = recorder_here()
    if recorder is None:
        return handler(request)
    require_thread(recorder, f"the tool {request.tool_call['name']}")

    async def threaded(asked: ToolCallRequest) -> ToolAnswer:
        return await AGENT_THREADS.run(lambda: handler(asked), request.tool_call["name"])

    return from_thread(recorder.call.loop, lambda: _RecordedUse(request, recorder, agent).answered(threaded))


def tools_of(graph: object) -> Mapping[str, Json]:
    """Return the schemas of the tools that a graph shows."""
    return {tool.name: _schema(tool) for tool in shown_tools(graph)}


def shown_tools(graph: object) -> Sequence[BaseTool]:
    """Return the tools that a graph shows: those of its nodes that are ToolNodes."""
    nodes = graph.nodes.values() if isinstance(graph, Pregel) else ()
    found = [node.bound for node in nodes if isinstance(node.bound, ToolNode)]
    return [tool for each in found for tool in each.tools_by_name.values()]


def _schema(tool: BaseTool | None) -> Json:
    """Return the JSON Schema of what a tool takes."""
    return None if tool is None else plain(convert_to_openai_tool(tool)["function"].get("parameters"))


@dataclass(frozen=True, slots=True)
class _RecordedUse:
    """One use of a tool."""

    request: ToolCallRequest
    recorder: Recorder
    agent: str

    async def answered(self, handler: Callable[[ToolCallRequest], Awaitable[ToolAnswer]]) -> ToolAnswer:
        """Return what it gives, or gave. What interrupts a graph passes: the use is not done yet."""
        interrupts: list[GraphBubbleUp] = []

        async def work(edited: Json | None) -> Json:
            try:
                return _recordable(await handler(self._with(edited)))
            except GraphBubbleUp as interrupt:
                interrupts.append(interrupt)
                raise NotDone(f"{self.request.tool_call['name']} waits for an answer") from interrupt

        try:
            value = await self.recorder.use(self._asked(), work)
        except NotDone:
            if interrupts:
                raise interrupts[0] from None
            raise
        return self._restored(value)

    def _asked(self) -> AskedTool:
        call, schema = self.request.tool_call, _schema(self.request.tool)
        return AskedTool(
            tool=call["name"], call_id=call["id"] or "", arguments=plain(call["args"]), schema=schema,
            agent=self.recorder.named(self.agent) if self.agent else "",
        )  # fmt: skip

    def _with(self, edited: Json | None) -> ToolCallRequest:
        if edited is None:
            return self.request
        return self.request.override(tool_call={**self.request.tool_call, "args": edited})

    def _restored(self, value: Json) -> ToolAnswer:
        call = self.request.tool_call
        told, call_id = denial_in(value), call["id"] or ""
        if told is not None:
            return ToolMessage(content=told, name=call["name"], tool_call_id=call_id, status="error")
        if _OTHER in value:
            kind, content = value[_OTHER]
            return _SERIALIZER.loads_typed((kind, base64.b64decode(content)))
        if _MESSAGE in value:
            [message] = messages_from_dict([value[_MESSAGE]])
            assert isinstance(message, ToolMessage)
        else:
            message = ToolMessage(content=_text(value["result"]), name=call["name"], tool_call_id=call_id)
        if EDITED not in value:
            return message
        note = f"{call['name']} was not used as asked, but with {json.dumps(value[EDITED])}."
        content: Json = message.content
        noted = f"{content}\n\n{note}" if isinstance(content, str) else [*content, {"type": "text", "text": note}]
        return message.model_copy(update={"content": noted})


def _recordable(answer: ToolAnswer | Sequence[ToolAnswer]) -> Json:
    """Return what a use gave as it is recorded; commands to the graph as its own checkpoints hold them."""
    if isinstance(answer, ToolMessage):
        kind = "tool_return"
        return {"kind": kind, "result": plain(answer.content), _MESSAGE: plain(message_to_dict(answer))}
    kind, content = _SERIALIZER.dumps_typed(answer)
    return {"kind": "tool_return", "result": None, _OTHER: [kind, base64.b64encode(content).decode()]}


def _text(result: Json) -> str:
    return result if isinstance(result, str) else json.dumps(result)
