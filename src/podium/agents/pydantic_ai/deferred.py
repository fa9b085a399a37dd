"""A use of a tool that waits for people: for their approval, or for a result that comes from outside."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from pydantic import ValidationError
from pydantic_ai.durable_exec import JSON_CODEC, CallToolResult
from pydantic_ai.durable_exec._toolset import wrap_tool_call_result  # a half of CallToolResult, which is public
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ModelRetry, ToolFailed
from pydantic_ai.messages import ToolReturn
from pydantic_ai.tools import RunContext, ToolApproved, ToolDenied
from pydantic_ai.toolsets import ToolsetTool

from podium.agents.frameworks.approvals import Grants, ToolQuestion, denial, told_of
from podium.agents.frameworks.effects import declared
from podium.agents.pydantic_ai.arguments import ToolArguments, edited, misfit, validated
from podium.agents.pydantic_ai.handlers import RESULTS, handlers_decide
from podium.agents.pydantic_ai.outside import Handling
from podium.agents.pydantic_ai.request import ToolUse
from podium.agents.pydantic_ai.scope import AgentScope
from podium.errors import NotDone, UsageError
from podium.model.consent import Consent
from podium.model.deferral import AGAIN, Deferred
from podium.model.json import Json, encode
from podium.model.question import Ask
from podium.model.step import arguments_put_in

EXTERNAL = "external"
_PLAIN_RETRY = (ApprovalRequired, CallDeferred, ModelRetry, ToolFailed)
"""What a tool raises to say something to the model, or to wait."""

UseTool = Callable[[dict[str, Any], RunContext[Any]], Coroutine[Any, Any, object]]
"""Uses a tool with these arguments in this context."""


class DecidedInside(NotDone):
    """A handler put other arguments in while a tool was used: it is used again, so that rules judge these first."""

    def __init__(self, decided: Json) -> None:
        super().__init__("other arguments were put in")
        self.decided = decided


@dataclass(slots=True, kw_only=True)
class WaitingUse:
    """One use of a tool, which may have to wait for people before it is done, or in the middle of it."""

    scope: AgentScope
    use: ToolUse
    arguments: ToolArguments
    ctx: RunContext[Any]
    tool: ToolsetTool[Any]
    kind: str | None
    """`unapproved` or `external` where the tool says so of itself."""
    run: UseTool
    metadata: Json = None
    """What was said with it where it was made to wait before it came to be used."""

    decided: Json = None
    """What the handlers that the agent has itself said of it, as DeferredToolResults; None if nothing."""

    async def decide(self) -> None:
        """Ask the handlers that the agent has itself, where the tool says that it waits."""
        if self.kind is not None and not self.ctx.tool_call_approved:
            self.decided = await self._ask_handlers({}, external=self.kind == EXTERNAL, metadata=self.metadata)

    def consent(self) -> Consent:
        """Return what people may have to say before it is done, and with what it is done."""
        terms, schema = self.scope.recording.terms, self.tool.tool_def.parameters_json_schema
        open_yet = self.kind == "unapproved" and self.decided is None and not self.ctx.tool_call_approved
        ask = self._approval({}, None) if open_yet else None
        put_in = self._overridden(self.decided)
        return terms.consent(schema, ask, self.arguments.put_in if put_in is None else put_in)

    async def body(self, granted: Grants) -> Json | ToolQuestion | Deferred:
        """Use the tool, or say what people have to be asked for that. A tool that raised to wait is deferred."""
        if self.decided is not None:
            return await self._as_decided(self.decided, granted)
        if self.kind == EXTERNAL:
            return self._result(granted, self.metadata)
        return await self._used(arguments_put_in(granted), approved=self._is_approved(granted))

    async def resume(self, raised: Json) -> Json | ToolQuestion:
        """Go on with a tool that raised `ApprovalRequired` or `CallDeferred`: it is not run again to find that out."""
        metadata, external = raised["metadata"], raised["kind"] == "call_deferred"
        if self.decided is not None and not external:
            return AGAIN
        granted = self.scope.recording.steps.granted
        again = external and self._is_approved(granted)
        decided = await self._ask_handlers(granted, external=external, metadata=metadata, again=again)
        if self._overridden(decided) is not None:
            raise DecidedInside(decided)
        if decided is not None and not isinstance(self._decision(decided), ToolApproved):
            return await self._as_decided(decided, granted)
        if external:
            return self._result(granted, metadata, question=raised.get("call_kind") == "question")
        if decided is not None:
            self.decided = decided
            return AGAIN
        return ToolQuestion(self._approval(granted, metadata), lambda _: AGAIN)

    def _is_approved(self, granted: Grants) -> bool:
        return bool(granted) or self.ctx.tool_call_approved or self.decided is not None

    def _decision(self, decided: Json) -> object:
        return RESULTS.validate_python(decided).to_tool_call_results()[self.ctx.tool_call_id or ""]

    def _overridden(self, decided: Json) -> Json:
        """Return the arguments that a handler of the agent itself put in; None where it put none in."""
        said = None if decided is None else self._decision(decided)
        return edited(said.override_args) if isinstance(said, ToolApproved) else None

    async def _as_decided(self, decided: Json, granted: Grants) -> Json | Deferred:
        """Do what a handler of the agent itself decided."""
        said = self._decision(decided)
        if isinstance(said, ToolApproved):
            by_people = arguments_put_in(granted)
            return await self._used(self._overridden(decided) if by_people is None else by_people, approved=True)
        if isinstance(said, ToolDenied):
            return denial(said.message)
        told = self._told(arguments_put_in(granted))

        async def given() -> object:
            if isinstance(said, ModelRetry | ToolFailed):
                raise said
            return said if told is None else _with_note(said, told)

        return JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(given()))

    async def _used(self, put_in: Json, *, approved: bool) -> Json | Deferred:
        """Use the tool with the arguments of the model, or those that somebody put in their place."""
        ctx = replace(self.ctx, tool_call_approved=True) if approved else self.ctx
        try:
            values = self.arguments.values if put_in is None else validated(self.tool, put_in, ctx)
        except ValidationError as error:
            return denial(misfit(self.use.tool, put_in, error))
        if put_in is not None:
            self.scope.put_in[self.use.key] = put_in
        work = self._work(values, ctx, self._told(put_in), checked=put_in is None)
        result: Json = JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(work))
        if (no := self.scope.forbidden.get(self.use.key)) is not None:
            return no
        external = result["kind"] == "call_deferred"
        asks = result["kind"] == "approval_required"
        if asks and approved:
            raise UsageError(
                f"tool {self.use.tool} raised ApprovalRequired for a use that is approved: have it look at "
                "ctx.tool_call_approved before it raises."
            )
        return Deferred(result, happened=external) if external or asks else result

    async def _work(self, values: dict[str, Any], ctx: RunContext[Any], told: str | None, *, checked: bool) -> object:
        try:
            if not checked and not await self._passes(values, ctx):
                return None
            result = await self.run(values, ctx)
        except _PLAIN_RETRY:
            raise
        except Exception as error:
            recording = self.scope.recording
            effects = declared(recording.effects, self.scope.tool(self.use.tool)).effects
            if recording.terms.tells(error, effects, recording.attempt):
                raise ToolFailed(told_of(error)) from error
            raise
        return result if told is None else _with_note(result, told)

    async def _passes(self, values: dict[str, Any], ctx: RunContext[Any]) -> bool:
        """Have arguments that somebody put in checked as those of a model are; returns whether rules allow that."""
        check = self.tool.args_validator_func
        if check is not None and inspect.isawaitable(said := check(ctx, **values)):
            await said
        return self.use.key not in self.scope.forbidden

    async def _ask_handlers(self, granted: Grants, *, external: bool, metadata: Json, again: bool = False) -> Json:
        """Return what the agent's own handlers decide; `again` where they were asked before whether it may be used."""
        about = Handling(
            self._shown(granted, metadata), self.use.key, self.ctx.tool_call_id or "", approval=not external,
            schema=self.tool.tool_def.return_schema if external else self.tool.tool_def.parameters_json_schema,
        )  # fmt: skip
        return await handlers_decide(self.scope, self.ctx, self.use, about, again=again)

    def _approval(self, granted: Grants, metadata: Json) -> Ask:
        schema = self.tool.tool_def.parameters_json_schema
        return self.scope.recording.terms.approval(self._agent, self._shown(granted, metadata), schema)

    def _result(self, granted: Grants, metadata: Json, *, question: bool = False) -> ToolQuestion:
        """Return the question what the tool gives; the answer is its result."""
        schema, shown = None if question else self.tool.tool_def.return_schema, self._shown(granted, metadata)
        ask = self.scope.recording.terms.result(self._agent, shown, schema, question=question)
        told = self._told(arguments_put_in(granted))
        return ToolQuestion(ask, lambda said: _returned(said if told is None else _noted(said, told)))

    def _shown(self, granted: Grants, metadata: Json) -> Json:
        """Return the use as people are shown it: with the arguments with which it is really done."""
        shown = Consent(arguments=self.arguments.put_in).sent(self.use.sent, granted)
        return shown if metadata is None else {**shown, "metadata": metadata}

    def _told(self, put_in: Json) -> str | None:
        """Return what the model is told of arguments that an answer put in place of its own, if one did."""
        really = self.arguments.told if put_in is None else put_in
        if really is None or really == self.use.sent["arguments"]:
            return None
        return f"{self.use.tool} was not used as asked, but with {encode(really).decode()}."

    @property
    def _agent(self) -> str:
        return self.scope.agent or self.scope.recording.agent


def _returned(value: Json) -> Json:
    return {"kind": "tool_return", "result": value}


def _noted(value: Json, note: str) -> Json:
    """Return a result that somebody gave, as JSON, with a word to the model beside it."""
    return JSON_CODEC.dump(ToolReturn[Any], _with_note(value, note))


def _with_note(result: object, note: str) -> ToolReturn[Any]:
    """Return the result of a tool with a word to the model beside it."""
    if not _is_tool_return(result):
        return ToolReturn[Any](result, content=note)
    before = result.content
    content = note if before is None else [*([before] if isinstance(before, str) else before), note]
    return replace(result, content=content)


def _is_tool_return(value: object) -> TypeGuard[ToolReturn[Any]]:
    return isinstance(value, ToolReturn)
