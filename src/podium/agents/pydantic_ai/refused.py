"""What a model is told of tools that it wanted used and that were never used: an unknown name, wrong arguments."""

from collections.abc import Iterator, Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart

from podium.agents.pydantic_ai.request import tool_key
from podium.agents.pydantic_ai.scope import AgentScope
from podium.model.json import Json
from podium.model.step import told_step


async def keep_refusals(scope: AgentScope, messages: Sequence[ModelMessage]) -> None:
    """Record what the request that comes next tells its model of tools for which no use is recorded."""
    for call_id, tool, said in _told(messages):
        key = tool_key(messages, call_id)
        if key in scope.used:
            continue
        scope.used.add(key)

        async def body(said: Json = said) -> Json:
            return said

        await scope.recording.once(told_step(tool), body, key=scope.key(key))


def _told(messages: Sequence[ModelMessage]) -> Iterator[tuple[str, str, Json]]:
    """Give the id of each use that the last message tells of, its tool, and what it says, in the form of a result."""
    last = messages[-1] if messages else None
    for part in last.parts if isinstance(last, ModelRequest) else ():
        match part:
            case ToolReturnPart(tool_name=tool, outcome="success"):
                yield part.tool_call_id, tool, {"kind": "tool_return", "result": part.model_response_str()}
            case ToolReturnPart(tool_name=tool, content=content):
                said = content if isinstance(content, str) else part.model_response_str()
                yield part.tool_call_id, tool, {"kind": "tool_failed", "message": said}
            case _:
                pass
