"""Each use of a tool as a step, under the name that the model sees."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_ai.durable_exec import JSON_CODEC, CallToolResult
from pydantic_ai.durable_exec._toolset import unwrap_tool_call_result  # a half of CallToolResult, which is public
from pydantic_ai.tools import RunContext, ToolDenied
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset
from pydantic_ai.usage import RunUsage

from podium.agents.frameworks.approvals import ToolQuestion, denial_in
from podium.agents.frameworks.effects import declared
from podium.agents.pydantic_ai.arguments import arguments_of, unjudged
from podium.agents.pydantic_ai.deferred import DecidedInside, WaitingUse
from podium.agents.pydantic_ai.request import ToolUse, tool_use
from podium.agents.pydantic_ai.scope import AgentScope, UseBody, UseResume
from podium.agents.pydantic_ai.shared import dumped, loaded
from podium.model.consent import NO_CONSENT, Consent
from podium.model.deferral import Deferred
from podium.model.json import Json, is_object
from podium.model.step import tool_step

D = TypeVar("D")

_GROWN = "usage"
"""Where the result of a tool says what it added to the usage of its agent."""

_PASSED: Json = {"kind": "tool_return", "result": None}
"""What a check gives that has nothing against the arguments."""

ToolCall = tuple[str, Mapping[str, object], RunContext[Any], object]


@dataclass
class RecordedToolset(WrapperToolset[D]):
    """Records what each of its tools did."""

    scope: AgentScope

    async def get_tools(self, ctx: RunContext[D]) -> dict[str, ToolsetTool[D]]:
        """Return all of them as tools that are used here: those that wait for people ask them when they are used."""
        tools = await super().get_tools(ctx)
        waiting = {name: tool.tool_def.kind for name, tool in tools.items() if tool.tool_def.defer}
        self.scope.waits_for.update(waiting)
        return {name: _used_here(tool) if name in waiting else tool for name, tool in tools.items()}

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[D], tool: ToolsetTool[D]) -> object:
        """Use a tool once for ever. What the model asked for is compared on replay, not what became of it in Python."""
        use = tool_use(ctx.messages, name, ctx.tool_call_id or "", tool_args)
        waiting = WaitingUse(
            scope=self.scope,
            use=use,
            arguments=arguments_of(use, self.scope.put_in.get(use.key), tool_args, tool, ctx),
            ctx=ctx,
            tool=tool,
            kind=self.scope.waits_for.get(name),
            run=lambda arguments, ctx: super(RecordedToolset, self).call_tool(name, arguments, ctx, tool),
        )
        if hidden := waiting.arguments.hidden:
            return ToolDenied(unjudged(use.tool, hidden))
        value = self.scope.forbidden.get(use.key) or await done(waiting)
        if (told := denial_in(value)) is not None:
            return ToolDenied(told)
        result = unwrap_tool_call_result(JSON_CODEC.load(CallToolResult, value))
        self.scope.add_tool_call()
        return result


async def done(waiting: WaitingUse) -> Json:
    """Return the recorded result of a use of a tool that may have to wait."""
    await waiting.decide()
    try:
        return await used(waiting.scope, waiting.use, waiting.body, waiting.consent(), waiting.resume)
    except DecidedInside as inside:
        waiting.decided = inside.decided
        return await used(waiting.scope, waiting.use, waiting.body, waiting.consent(), waiting.resume)


def _used_here(tool: ToolsetTool[D]) -> ToolsetTool[D]:
    return replace(tool, tool_def=replace(tool.tool_def, kind="function"))


async def used(
    scope: AgentScope, use: ToolUse, work: UseBody, consent: Consent = NO_CONSENT, resume: UseResume | None = None
) -> Json:
    """Return the recorded result of a use of a tool: what it gave, or that it asked the model to try again."""
    name, recording = scope.tool(use.tool), scope.recording
    effects = declared(recording.effects, name)
    check = effects.verify

    inside, counted = scope.of_tool(), False
    scope.used.add(use.key)

    async def within(part: Awaitable[Json | ToolQuestion | Deferred]) -> Json | ToolQuestion | Deferred:
        nonlocal counted
        counted = True
        with inside.entered():
            result = await part
            await inside.count_unseen()
        if isinstance(result, Deferred):
            return replace(result, state=_with_usage(result.state, inside.grown))
        return _with_usage(result, inside.grown)

    async def go_on(state: Json) -> Json | ToolQuestion:
        if not counted and (grown := state.get(_GROWN)) is not None:
            scope.usage.total.incr(loaded(grown))
            inside.add(loaded(grown))
        return None if resume is None else await within(resume(state))

    value = await recording.used(
        tool_step(name),
        lambda granted: within(work(granted)),
        consent,
        key=scope.key(use.key),
        input=use.sent,
        effects=effects.effects,
        verify=None if check is None else lambda: check(use.sent["arguments"], recording.steps),
        resume=None if resume is None else go_on,
    )
    result = _as_tool_result(value)
    if not counted and (grown := result.get(_GROWN)) is not None:
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
    """Check the arguments of a tool once for ever, where the tool has a check of its own.

    Where rules do not allow that, the arguments pass here, and the use itself is denied.
    """
    use = tool_use(ctx.messages, tool, ctx.tool_call_id or "", arguments)
    again = "/approved" if ctx.tool_call_approved else ""  # the check may want to know
    name, key = tool_step(scope.tool(use.tool)), scope.key(f"{use.key}{again}/check")
    consent = scope.recording.terms.consent(None, arguments=scope.put_in.get(use.key))
    value = await scope.recording.used(name, lambda _: body(), consent, key=key, input=use.sent)
    if denial_in(value) is None:
        return value
    scope.forbidden[use.key] = value
    return _PASSED


def _with_usage(result: Json | ToolQuestion, grown: RunUsage) -> Json | ToolQuestion:
    """Return a result, or how a question becomes one, with what the tool added to the usage of its agent."""
    if not grown.has_values():
        return result
    if isinstance(result, ToolQuestion):

        def grown_result(said: Json) -> Json:
            return _with_usage(result.result(said), grown)

        return replace(result, result=grown_result)
    return {**result, _GROWN: dumped(grown)} if is_object(result) else result


def _as_tool_result(value: Json) -> Json:
    """Wrap what a person or a `verify` said of a tool in doubt as its result; a tool's own passes as it is."""
    if denial_in(value) is not None:
        return value
    try:
        JSON_CODEC.load(CallToolResult, value)
    except ValidationError:
        return {"kind": "tool_return", "result": value}
    return value
