"""What is hung on a Pydantic AI agent for one run, so that the tools it uses become steps."""

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.capabilities import AbstractCapability, RawToolArgs, WrapOutputProcessHandler
from pydantic_ai.capabilities.abstract import leaf_capabilities
from pydantic_ai.durable_exec import (
    JSON_CODEC,
    BaseDurabilityCapability,
    DurabilityEngineSpec,
    DurableOperationId,
    EventStreamHandlerId,
    JournalCallableOperationBackend,
    RoleBasedOperationConfig,
    ToolsetCallToolId,
    ToolsetValidateToolArgumentsId,
)
from pydantic_ai.durable_exec._capability_operation import collect_capability_operations  # by class: see below
from pydantic_ai.messages import AgentStreamEvent, ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.output import OutputContext
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset

from podium.agents.frameworks.effects import ToolEffects
from podium.agents.pydantic_ai.arguments import edited
from podium.agents.pydantic_ai.asking import keep_answer
from podium.agents.pydantic_ai.before_use import DeferredTools
from podium.agents.pydantic_ai.outputs import CodecOf, recorded_output
from podium.agents.pydantic_ai.refused import keep_refusals
from podium.agents.pydantic_ai.request import tool_key
from podium.agents.pydantic_ai.scope import AgentScope
from podium.agents.pydantic_ai.tools import RecordedToolset, ToolCall, checked
from podium.model.consent import NO_CONSENT

D = TypeVar("D")


class PodiumSteps(BaseDurabilityCapability[D]):
    """Records the tools of one run of an agent. Each run makes its own, so runs share nothing.

    Model requests are recorded below it, where models are asked: see `boundary`.
    """

    engine_spec = DurabilityEngineSpec(
        engine_name="Podium",
        durable_unit_noun="step",
        durable_container_noun="call",
        codec=JSON_CODEC,
        toolset_lifecycles={"function": "enter-always", "mcp": "enter-in-durable-unit", "dynamic": "enter-never"},
    )

    def __init__(self, scope: AgentScope, *, name: str, output: CodecOf) -> None:
        super().__init__(name=name)
        self._scope = scope
        self._output = output
        self._backend = _Units(scope, name)

    @property
    def in_durable_context(self) -> bool:
        """Say that the run is durable: it always is, where this capability is used."""
        return True

    def get_durable_operation_backend(self) -> "_Units":
        """Return what runs the units of Pydantic AI besides requests and tools, such as what a server offers."""
        return self._backend

    def get_wrapper_toolset(self, toolset: AbstractToolset[D]) -> AbstractToolset[D]:
        """Record each use of a tool, whatever kind of toolset it comes from.

        The toolsets are those of this run: a capability may make its own anew for each, under the same id.
        """
        self._toolsets_by_id = {}
        return RecordedToolset(toolset.visit_and_replace(self._wrap_and_register_leaf), scope=self._scope)

    async def wrap_output_process(
        self, ctx: RunContext[D], *, output_context: OutputContext, output: object, handler: WrapOutputProcessHandler
    ) -> object:
        """Record an output function as the tool that it is."""
        if not output_context.has_function or ctx.partial_output:
            return await handler(output)
        return await recorded_output(self._scope, ctx, output_context, output, handler, self._output)

    wrap_model_request = AbstractCapability.wrap_model_request
    """Requests are left alone: they are recorded where the model is asked."""

    def wrap_run_event_stream(
        self, ctx: RunContext[D], *, stream: AsyncIterable[AgentStreamEvent]
    ) -> AsyncIterable[AgentStreamEvent]:
        """Leave the events alone: nobody listens here."""
        return stream

    async def before_model_request(
        self, ctx: RunContext[D], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Refuse effects that are declared for tools which the agent does not have."""
        parameters = request_context.model_request_parameters
        tools = [each.name for each in (*parameters.function_tools, *parameters.output_tools)]
        self._scope.check_effects(tools, self.name)
        await self._scope.count_unseen()
        await keep_refusals(self._scope, request_context.messages)
        return request_context

    async def prepare_model_request(
        self, ctx: RunContext[D], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Leave the attempt alone, whichever model it is of: the request that comes next is the agent's own."""
        self._scope.attempts = True
        return request_context

    async def after_model_request(
        self, ctx: RunContext[D], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        """Record an answer that a hook gave where the model gave none."""
        await keep_answer(self._scope, request_context.messages, response)
        return response

    async def before_tool_validate(
        self, ctx: RunContext[D], *, call: ToolCallPart, tool_def: ToolDefinition, args: RawToolArgs
    ) -> RawToolArgs:
        """Keep the arguments that an answer put in place of those of the model: rules judge them."""
        if ctx.tool_call_approved:
            key = tool_key(ctx.messages, call.tool_call_id)
            self._scope.put_in[key] = edited(call.args_as_dict())
        return args

    def _bind_capability_operations(self, agent: AbstractAgent[D, object]) -> None:
        """Bind durable operations of the agent's capabilities, where their classes have any.

        Looking for them takes longer than a request is recorded, so what a class has is looked up once.
        """
        if any(map(_has_operations, leaf_capabilities(agent.root_capability))):
            super()._bind_capability_operations(agent)
        else:
            self._bound_capability_operations = {}
            self._capability_declarations = {}

    def _wrap_and_register_leaf(self, ts: AbstractToolset[D]) -> AbstractToolset[D]:
        """Leave toolsets without an id as they are: their tools are steps all the same."""
        named = ts._explicit_id  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - the one that the base insists on
        return ts if named is None else super()._wrap_and_register_leaf(ts)


class _Units(JournalCallableOperationBackend[ToolEffects]):
    """Runs each unit of Pydantic AI as a step, but for those that are recorded elsewhere."""

    def __init__(self, scope: AgentScope, agent: str) -> None:
        plain = ToolEffects()
        super().__init__(
            agent_name=agent,
            config=RoleBasedOperationConfig(model=plain, event=plain, capability=plain, tool=plain),
        )
        self._scope = scope

    async def execute(
        self,
        *,
        operation_id: DurableOperationId,
        name: str,
        body: Callable[[], Awaitable[object]],
        cache_key: tuple[object, ...],
        config: ToolEffects,
    ) -> object:
        """Do a unit once for ever."""
        match operation_id:
            case ToolsetCallToolId() | EventStreamHandlerId():
                return await body()
            case ToolsetValidateToolArgumentsId():
                tool, arguments, ctx, _ = cast("ToolCall", cache_key)
                return await checked(self._scope, tool, arguments, ctx, body)
            case _:
                return await self._scope.recording.used(name, lambda _: body(), NO_CONSENT, key=None, input=None)


def recording_capabilities(
    scope: AgentScope, *, name: str, output: CodecOf
) -> tuple[DeferredTools[Any], PodiumSteps[Any]]:
    """Return the capabilities that record one run of an agent."""
    return DeferredTools(scope), PodiumSteps(scope, name=name, output=output)


_OPERATIONS: WeakKeyDictionary[type[object], bool] = WeakKeyDictionary()
"""Whether a class of capabilities has durable operations."""


def _has_operations(capability: AbstractCapability[Any]) -> bool:
    kind = type(capability)
    if kind not in _OPERATIONS:
        _OPERATIONS[kind] = bool(collect_capability_operations(capability))
    return _OPERATIONS[kind]
