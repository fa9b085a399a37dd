"""Each use of a tool as a step, under the name that the model sees."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_ai.durable_exec import JSON_CODEC, CallToolResult
from pydantic_ai.durable_exec._toolset import (  # the two halves of CallToolResult, which is public
    unwrap_tool_call_result,
    wrap_tool_call_result,
)
from pydantic_ai.tools import RunContext
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset
from pydantic_ai.usage import RunUsage

from podium.agents.pydantic_ai.effects import declared
from podium.agents.pydantic_ai.request import ToolUse, tool_use
from podium.agents.pydantic_ai.scope import AgentScope
from podium.agents.pydantic_ai.shared import dumped, loaded
from podium.model.json import Json
from podium.model.step import tool_step

D = TypeVar("D")

_GROWN = "usage"
"""Where the result of a tool says what it added to the usage of its agent."""

ToolCall = tuple[str, Mapping[str, object], RunContext[Any], object]


@dataclass
class RecordedToolset(WrapperToolset[D]):
    """Records what each of its tools did."""

    scope: AgentScope

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[D], tool: ToolsetTool[D]) -> object:
        """Use a tool once for ever. What the model asked for is compared on replay, not what became of it in Python."""
        use = tool_use(ctx.messages, name, ctx.tool_call_id or "", tool_args)
        value = await used(self.scope, use, lambda: super(RecordedToolset, self).call_tool(name, tool_args, ctx, tool))
        result = unwrap_tool_call_result(JSON_CODEC.load(CallToolResult, value))
        self.scope.add(RunUsage(tool_calls=1))  # as Pydantic AI counts it, of tools that gave a result
        return result


async def used(scope: AgentScope, use: ToolUse, work: Callable[[], Coroutine[object, None, object]]) -> Json:
    """Return the recorded result of a use of a tool: what it gave, or that it asked the model to try again."""
    name, recording = scope.tool(use.tool), scope.recording
    effects = declared(recording.effects, name)
    check = effects.verify

    inside, ran = scope.of_tool(), False

    async def body() -> Json:
        nonlocal ran
        ran = True
        with inside.entered():
            result = JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(work()))
            await inside.count_unseen()
        return {**result, _GROWN: dumped(inside.grown)} if inside.grown.has_values() else result

    value = await recording.carried(
        tool_step(name),
        body,
        key=scope.key(use.key),
        input=use.sent,
        effects=effects.effects,
        verify=None if check is None else lambda: check(use.sent["arguments"], recording.steps),
    )
    result = _as_tool_result(value)
    if not ran and (grown := result.get(_GROWN)) is not None:
        scope.usage.total.incr(loaded(grown))
        scope.add(loaded(grown))
    return result


async def checked(
    scope: AgentScope,
    tool: str,
    arguments: Mapping[str, object],
    ctx: RunContext[Any],
    body: Callable[[], Awaitable[Json]],
) -> Json:
    """Check the arguments of a tool once for ever, where the tool has a check of its own."""
    use = tool_use(ctx.messages, tool, ctx.tool_call_id or "", arguments)
    name, key = tool_step(scope.tool(use.tool)), scope.key(f"{use.key}/check")
    return await scope.recording.carried(name, body, key=key, input=use.sent)


def _as_tool_result(value: Json) -> Json:
    """Wrap what a person or a `verify` said of a tool in doubt as its result; a tool's own passes as it is."""
    try:
        JSON_CODEC.load(CallToolResult, value)
    except ValidationError:
        return {"kind": "tool_return", "result": value}
    return value
