"""Uses of tools that a check of their arguments, or a hook, has wait before the tool comes to be used."""

import asyncio
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_ai.capabilities import CapabilityOrdering
from pydantic_ai.durable_exec import JSON_CODEC, CallToolResult
from pydantic_ai.durable_exec._toolset import unwrap_tool_call_result  # a half of CallToolResult, which is public
from pydantic_ai.exceptions import ModelRetry, ToolFailed
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext, ToolApproved, ToolDenied
from pydantic_ai.toolsets import ToolsetTool

from podium.agents.frameworks.approvals import Grants, ToolQuestion, denial_in
from podium.agents.pydantic_ai.arguments import ToolArguments, edited, misfit, validated
from podium.agents.pydantic_ai.deferred import EXTERNAL, WaitingUse
from podium.agents.pydantic_ai.handlers import RESULTS, NoHandler, handlers_decide
from podium.agents.pydantic_ai.outside import Handling, handled
from podium.agents.pydantic_ai.request import ToolUse, tool_use
from podium.agents.pydantic_ai.scope import AgentScope
from podium.agents.pydantic_ai.tools import done
from podium.model.json import Json

D = TypeVar("D")


class DeferredTools(NoHandler[D]):
    """Decides about these uses, all at once."""

    def __init__(self, scope: AgentScope) -> None:
        self._scope = scope

    def get_ordering(self) -> CapabilityOrdering:
        """Come before the agent's own handlers: they are asked from here, so that what they decide is recorded."""
        return CapabilityOrdering(position="outermost")

    async def handle_deferred_tool_calls(
        self, ctx: RunContext[D], *, requests: DeferredToolRequests
    ) -> DeferredToolResults | None:
        """Return what is decided about each, once all are decided; pass where the handlers are asked from here."""
        if handled() is not None or ctx.tool_manager is None or ctx.tool_manager.tools is None:
            return None
        tools, waiting = ctx.tool_manager.tools, [*requests.approvals, *requests.calls]
        decided = await asyncio.gather(*(self._decided(ctx, requests, tools[call.tool_name], call) for call in waiting))
        results = DeferredToolResults()
        for each in decided:
            results.update(each)
        return results

    async def _decided(
        self, ctx: RunContext[D], requests: DeferredToolRequests, tool: ToolsetTool[D], call: ToolCallPart
    ) -> DeferredToolResults:
        use = tool_use(ctx.messages, call.tool_name, call.tool_call_id, call.args_as_dict())
        metadata: Json = requests.metadata.get(call.tool_call_id)
        if call in requests.approvals:
            return await self._approved(ctx, use, tool, call.tool_call_id, metadata)
        return await self._given(ctx, use, tool, call.tool_call_id, metadata)

    async def _approved(
        self, ctx: RunContext[D], use: ToolUse, tool: ToolsetTool[D], call_id: str, metadata: Json
    ) -> DeferredToolResults:
        """Return whether it may be used: once it is, rules judge it like any other."""
        shown = use.sent if metadata is None else {**use.sent, "metadata": metadata}
        about = Handling(shown, use.key, call_id, approval=True, schema=tool.tool_def.parameters_json_schema)
        decided = await handlers_decide(self._scope, ctx, use, about)
        results = await _asked(self._scope, use, about) if decided is None else RESULTS.validate_python(decided)
        said = results.to_tool_call_results()[call_id]
        if isinstance(said, ToolApproved) and (wrong := _misfit(ctx, tool, said)) is not None:
            results.approvals[call_id] = ToolDenied(wrong)
        return results

    async def _given(
        self, ctx: RunContext[D], use: ToolUse, tool: ToolsetTool[D], call_id: str, metadata: Json
    ) -> DeferredToolResults:
        """Return what comes from outside, as for a tool that nobody runs here: rules judge it now."""
        waiting = WaitingUse(
            scope=self._scope, use=use, arguments=ToolArguments({}), ctx=replace(ctx, tool_call_id=call_id), tool=tool,
            kind=EXTERNAL, run=_never, metadata=metadata,
        )  # fmt: skip
        value = await done(waiting)
        if (told := denial_in(value)) is not None:
            return DeferredToolResults(calls={call_id: ToolFailed(told)})
        try:
            result = unwrap_tool_call_result(JSON_CODEC.load(CallToolResult, value))
        except (ModelRetry, ToolFailed) as said:
            result = said
        return DeferredToolResults(calls={call_id: result})


async def _never(_: dict[str, Any], __: RunContext[Any]) -> object:
    raise AssertionError("a tool whose result comes from outside is not run")


async def _asked(scope: AgentScope, use: ToolUse, about: Handling) -> DeferredToolResults:
    """Return what people say about a use of a tool, as a step."""
    terms, agent = scope.recording.terms, scope.agent or scope.recording.agent
    ask = terms.approval(agent, about.shown, about.schema)

    async def body(_: Grants) -> Json | ToolQuestion:
        return ToolQuestion(ask, lambda said: said)

    name = f"asked/{use.tool}"
    value = await scope.recording.used(name, body, terms.consent(None), key=scope.key(use.key), input=use.sent)
    yes, told = ToolApproved(override_args=value.get("value")), denial_in(value)
    return DeferredToolResults(approvals={about.call_id: yes if told is None else ToolDenied(told)})


def _misfit(ctx: RunContext[Any], tool: ToolsetTool[Any], said: ToolApproved) -> str | None:
    """Return what is wrong with the arguments that an answer puts in place of those of the model, if anything is."""
    arguments = edited(said.override_args)
    if arguments is None:
        return None
    try:
        validated(tool, arguments, ctx)
    except ValidationError as error:
        return misfit(tool.tool_def.name, arguments, error)
    return None
