"""Who decides about tools that wait: the handlers that an agent has itself, and people where these leave it open."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
from pydantic_ai.capabilities.abstract import leaf_capabilities
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext, ToolApproved, ToolDenied

from podium.agents.pydantic_ai.approvals import Grants, ToolQuestion, denial_in
from podium.agents.pydantic_ai.arguments import edited, misfit, validated
from podium.agents.pydantic_ai.outside import Handling, handled, handling
from podium.agents.pydantic_ai.request import ToolUse, tool_use
from podium.agents.pydantic_ai.scope import AgentScope, Body
from podium.model.json import Json

D = TypeVar("D")

RESULTS = TypeAdapter(DeferredToolResults)


class DeferredTools(AbstractCapability[D]):
    """Decides about tools that a check of their arguments, or a hook, has wait before they come to be used."""

    def __init__(self, scope: AgentScope) -> None:
        self._scope = scope

    def get_ordering(self) -> CapabilityOrdering:
        """Come before the agent's own handlers: they are asked from here, so that what they decide is recorded."""
        return CapabilityOrdering(position="outermost")

    async def handle_deferred_tool_calls(
        self, ctx: RunContext[D], *, requests: DeferredToolRequests
    ) -> DeferredToolResults | None:
        """Return what is decided about each, once all are decided; pass where the handlers are asked from here."""
        if handled() is not None:
            return None
        asked = [(call, True) for call in requests.approvals] + [(call, False) for call in requests.calls]
        decided = await asyncio.gather(
            *(self._decided(ctx, requests, call, approval=approval) for call, approval in asked)
        )
        results = DeferredToolResults()
        for each in decided:
            results.update(each)
        return results

    async def _decided(
        self, ctx: RunContext[D], requests: DeferredToolRequests, call: ToolCallPart, *, approval: bool
    ) -> DeferredToolResults:
        scope, manager, metadata = self._scope, ctx.tool_manager, requests.metadata.get(call.tool_call_id)
        use = tool_use(ctx.messages, call.tool_name, call.tool_call_id, call.args_as_dict())
        known = None if manager is None else manager.get_tool_def(call.tool_name)
        schema = None if known is None else known.parameters_json_schema if approval else known.return_schema
        shown = use.sent if metadata is None else {**use.sent, "metadata": metadata}
        about = Handling(shown, use.key, call.tool_call_id, approval=approval, schema=schema)
        decided = await handlers_decide(scope, ctx, use, about)
        results = await _asked(scope, use, about) if decided is None else RESULTS.validate_python(decided)
        said = results.to_tool_call_results().get(call.tool_call_id)
        if isinstance(said, ToolApproved) and (wrong := _misfit(ctx, call.tool_name, said)) is not None:
            results.approvals[call.tool_call_id] = ToolDenied(wrong)
        return results


async def handlers_decide(scope: AgentScope, ctx: RunContext[Any], use: ToolUse, about: Handling) -> Json:
    """Return what an agent's own handlers decide about a use of a tool, as DeferredToolResults; None if nothing."""
    manager = ctx.tool_manager
    if manager is None or not _handles(ctx):
        return None
    call, metadata = ToolCallPart(use.tool, about.shown["arguments"], about.call_id), about.shown.get("metadata")
    requests = DeferredToolRequests(
        calls=[] if about.approval else [call], approvals=[call] if about.approval else [],
        metadata={} if metadata is None else {about.call_id: metadata},
    )  # fmt: skip

    async def body() -> Json:
        with handling(about):
            results = await manager.resolve_deferred_tool_calls(requests)
        if results is None or not (results.approvals or results.calls):
            return None
        return RESULTS.dump_python(results, mode="json")

    return await _recorded(scope, use, body)


async def decided_before(scope: AgentScope, ctx: RunContext[Any], use: ToolUse) -> Json:
    """Return what they decided when the use came here before; None if nothing, or if it never did."""
    if not _handles(ctx):
        return None
    try:
        return await _recorded(scope, use, _undecided)
    except _Undecided:
        return None


class _Undecided(Exception):
    """No handler was asked."""


async def _undecided() -> Json:
    raise _Undecided


async def _recorded(scope: AgentScope, use: ToolUse, body: Body) -> Json:
    return await scope.recording.once(f"handler/{use.tool}", body, key=scope.key(use.key), input=use.sent)


async def _asked(scope: AgentScope, use: ToolUse, about: Handling) -> DeferredToolResults:
    """Return what people say about a use of a tool, as a step."""
    terms, agent, approval = scope.recording.terms, scope.agent or scope.recording.agent, about.approval
    ask = (terms.approval if approval else terms.result)(agent, about.shown, about.schema)

    async def body(_: Grants) -> Json | ToolQuestion:
        return ToolQuestion(ask, lambda said: said if approval else {"result": said})

    name = f"asked/{use.tool}"
    value = await scope.recording.used(name, body, terms.consent(None), key=scope.key(use.key), input=use.sent)
    told = denial_in(value)
    if approval:
        yes = ToolApproved(override_args=value.get("value"))
        return DeferredToolResults(approvals={about.call_id: yes if told is None else ToolDenied(told)})
    return DeferredToolResults(calls={about.call_id: value["result"] if told is None else ToolFailed(told)})


def _misfit(ctx: RunContext[Any], name: str, said: ToolApproved) -> str | None:
    """Return what is wrong with the arguments that an answer puts in place of those of the model, if anything is."""
    manager, arguments = ctx.tool_manager, edited(said.override_args)
    tool = None if manager is None or manager.tools is None else manager.tools.get(name)
    if tool is None or arguments is None:
        return None
    try:
        validated(tool, arguments, ctx)
    except ValidationError as error:
        return misfit(name, arguments, error)
    return None


def _handles(ctx: RunContext[Any]) -> bool:
    """Whether an agent has handlers of its own for tools that wait."""
    capability = None if ctx.tool_manager is None else ctx.tool_manager.root_capability
    own: Sequence[AbstractCapability[Any]] = () if capability is None else leaf_capabilities(capability)
    plain = AbstractCapability[Any].handle_deferred_tool_calls
    return any(
        type(each).handle_deferred_tool_calls is not plain for each in own if not isinstance(each, DeferredTools)
    )
