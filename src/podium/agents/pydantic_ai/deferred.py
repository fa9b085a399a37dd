"""A use of a tool that waits for people: for their approval, or for a result that comes from outside."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from pydantic import TypeAdapter
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.capabilities.abstract import leaf_capabilities
from pydantic_ai.durable_exec import JSON_CODEC, BaseDurabilityCapability, CallToolResult
from pydantic_ai.durable_exec._toolset import wrap_tool_call_result  # a half of CallToolResult, which is public
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ModelRetry, ToolFailed
from pydantic_ai.messages import ToolCallPart, ToolReturn
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext, ToolApproved, ToolDenied
from pydantic_ai.toolsets import ToolsetTool

from podium.agents.frameworks.approvals import Grants, ToolQuestion, denial, denial_in, told_of
from podium.agents.frameworks.effects import declared
from podium.agents.pydantic_ai.outside import Handling, handling
from podium.agents.pydantic_ai.request import ToolUse, tool_use
from podium.agents.pydantic_ai.scope import AgentScope
from podium.model.json import Json, encode
from podium.model.question import Ask
from podium.model.step import arguments_put_in

EXTERNAL = "external"
_RESULTS = TypeAdapter(DeferredToolResults)
_PLAIN_RETRY = (ApprovalRequired, CallDeferred, ModelRetry, ToolFailed)
"""What a tool raises to say something to the model, or to wait."""

UseTool = Callable[[dict[str, Any], RunContext[Any]], Coroutine[Any, Any, object]]
"""Uses a tool with these arguments in this context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingUse:
    """One use of a tool, which may have to wait for people before it is done, or in the middle of it."""

    scope: AgentScope
    use: ToolUse
    arguments: dict[str, Any]
    ctx: RunContext[Any]
    tool: ToolsetTool[Any]
    kind: str | None
    """`unapproved` or `external` where the tool says so of itself."""
    run: UseTool

    async def decided(self) -> Json:
        """Return what the handlers that the agent has itself say of it, as DeferredToolResults; None if nothing."""
        if self.kind is None or self.ctx.tool_call_approved:
            return None
        return await self._ask_handlers(external=self.kind == EXTERNAL, metadata=None)

    def approval(self, decided: Json) -> Ask | None:
        """Return what people are asked before it is done; None where they need not be asked."""
        open_yet = self.kind == "unapproved" and decided is None and not self.ctx.tool_call_approved
        return self._approval() if open_yet else None

    async def body(self, decided: Json, granted: Grants) -> Json | ToolQuestion:
        """Use the tool, or say what people have to be asked for that."""
        if decided is not None:
            return await self._as_decided(decided, granted)
        if self.kind == EXTERNAL:
            return ToolQuestion(self._result(), _tool_return)
        edited = arguments_put_in(granted)
        approved = bool(granted) or self.ctx.tool_call_approved
        result = await self._used(edited, approved=approved)
        match result["kind"]:
            case "approval_required" if not approved:
                decided = await self._ask_handlers(external=False, metadata=result["metadata"])
                if decided is not None:
                    return await self._as_decided(decided, granted)
                return ToolQuestion(self._approval(result["metadata"]), _tool_return)
            case "call_deferred":
                decided = await self._ask_handlers(external=True, metadata=result["metadata"])
                if decided is not None:
                    return await self._as_decided(decided, granted)
                asks = result.get("call_kind") == "question"
                return ToolQuestion(self._result(result["metadata"], question=asks), _tool_return)
            case _:
                return result

    async def _as_decided(self, decided: Json, granted: Grants) -> Json:
        """Do what a handler of the agent itself decided."""
        results = _RESULTS.validate_python(decided).to_tool_call_results()
        said = results[self.ctx.tool_call_id or ""]
        if isinstance(said, ToolApproved):
            return await self._used(arguments_put_in(granted) or said.override_args, approved=True)
        if isinstance(said, ToolDenied):
            return denial(said.message)

        async def given() -> object:
            if isinstance(said, ModelRetry | ToolFailed):
                raise said
            return said

        return JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(given()))

    async def _used(self, edited: Json | None, *, approved: bool) -> Json:
        ctx = replace(self.ctx, tool_call_approved=True) if approved else self.ctx
        return JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(self._work(edited, ctx)))

    async def _work(self, edited: Json | None, ctx: RunContext[Any]) -> object:
        """Use the tool with the arguments of the model, or those that somebody put in their place; then say so."""
        try:
            if edited is None:
                return await self.run(self.arguments, ctx)
            result = await self.run(self.tool.args_validator.validate_json(encode(edited)), ctx)
        except _PLAIN_RETRY:
            raise
        except Exception as error:
            recording = self.scope.recording
            effects = declared(recording.effects, self.scope.tool(self.use.tool)).effects
            if recording.terms.tells(error, effects, recording.attempt):
                raise ToolFailed(told_of(error)) from error
            raise
        return _with_note(result, f"{self.use.tool} was not used as asked, but with {encode(edited).decode()}.")

    async def _ask_handlers(self, *, external: bool, metadata: Json) -> Json:
        """Return what the agent's own handlers decide, which are asked once; None where it has none, or they pass."""
        manager, scope = self.ctx.tool_manager, self.scope
        if manager is None or not _handles(manager.root_capability):
            return None
        call_id = self.ctx.tool_call_id or ""
        call = ToolCallPart(self.use.tool, self.use.sent["arguments"], call_id)
        requests = DeferredToolRequests(
            calls=[call] if external else [], approvals=[] if external else [call],
            metadata={} if metadata is None else {call_id: metadata},
        )  # fmt: skip

        async def body() -> Json:
            with handling(Handling(self._shown(metadata), self.use.key, call_id, approval=not external)):
                results = await manager.resolve_deferred_tool_calls(requests)
            return None if results is None else _RESULTS.dump_python(results, mode="json")

        name, sent = f"handler/{self.use.tool}", self.use.sent
        return await scope.recording.once(name, body, key=scope.key(self.use.key), input=sent)

    def _approval(self, metadata: Json = None) -> Ask:
        schema = self.tool.tool_def.parameters_json_schema
        return self.scope.recording.terms.approval(self._agent, self._shown(metadata), schema)

    def _result(self, metadata: Json = None, *, question: bool = False) -> Ask:
        schema = None if question else self.tool.tool_def.return_schema
        return self.scope.recording.terms.result(self._agent, self._shown(metadata), schema, question=question)

    def _shown(self, metadata: Json) -> Json:
        return self.use.sent if metadata is None else {**self.use.sent, "metadata": metadata}

    @property
    def _agent(self) -> str:
        return self.scope.agent or self.scope.recording.agent


async def answered(scope: AgentScope, ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
    """Ask people about tools that wait before they are used, all at once; returns once everything is answered."""
    approvals = [_asked(scope, ctx, call, requests, approval=True) for call in requests.approvals]
    calls = [_asked(scope, ctx, call, requests, approval=False) for call in requests.calls]
    said = await asyncio.gather(*approvals, *calls)
    results = DeferredToolResults()
    for call, value in zip([*requests.approvals, *requests.calls], said, strict=True):
        told = denial_in(value)
        if call in requests.approvals:
            approved = ToolApproved(override_args=value.get("value"))
            results.approvals[call.tool_call_id] = approved if told is None else ToolDenied(told)
        else:
            results.calls[call.tool_call_id] = value["result"] if told is None else ToolFailed(told)
    return results


async def _asked(
    scope: AgentScope, ctx: RunContext[Any], call: ToolCallPart, requests: DeferredToolRequests, *, approval: bool
) -> Json:
    """Ask people about one of them, as a step; returns what they said who allowed it, or a result, or a denial."""
    use, terms = tool_use(ctx.messages, call.tool_name, call.tool_call_id, call.args_as_dict()), scope.recording.terms
    agent = scope.agent or scope.recording.agent
    metadata: Json = requests.metadata.get(call.tool_call_id)
    shown = use.sent if metadata is None else {**use.sent, "metadata": metadata}
    manager = ctx.tool_manager
    known = None if manager is None else manager.get_tool_def(call.tool_name)
    schema = None if known is None else known.parameters_json_schema if approval else known.return_schema
    ask = terms.approval(agent, shown, schema) if approval else terms.result(agent, shown, schema)

    async def body(_: Grants) -> Json | ToolQuestion:
        return ToolQuestion(ask, lambda said: said if approval else _tool_return(said))

    name = f"asked/{use.tool}"
    return await scope.recording.used(name, body, terms.consent(None), key=scope.key(use.key), input=use.sent)


def _handles(capability: AbstractCapability[Any] | None) -> bool:
    """Whether an agent has handlers of its own for tools that wait."""
    own: Sequence[AbstractCapability[Any]] = () if capability is None else leaf_capabilities(capability)
    plain = AbstractCapability[Any].handle_deferred_tool_calls
    return any(
        type(each).handle_deferred_tool_calls is not plain
        for each in own
        if not isinstance(each, BaseDurabilityCapability)
    )


def _tool_return(value: Json) -> Json:
    return {"kind": "tool_return", "result": value}


def _with_note(result: object, note: str) -> ToolReturn[Any]:
    """Return the result of a tool with a word to the model beside it."""
    if not _is_tool_return(result):
        return ToolReturn[Any](result, content=note)
    before = result.content
    content = note if before is None else [*([before] if isinstance(before, str) else before), note]
    return replace(result, content=content)


def _is_tool_return(value: object) -> TypeGuard[ToolReturn[Any]]:
    return isinstance(value, ToolReturn)
