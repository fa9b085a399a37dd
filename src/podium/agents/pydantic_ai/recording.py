"""Turns each durable unit of a Pydantic AI run into a step."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

from pydantic import ValidationError
from pydantic_ai.durable_exec import (
    JSON_CODEC,
    CallToolResult,
    DurableOperationId,
    EventStreamHandlerId,
    JournalCallableOperationBackend,
    ModelRequestId,
    RoleBasedOperationConfig,
    ToolsetCallToolId,
    ToolsetValidateToolArgumentsId,
    record_durable_unit,
)
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from podium.agents.pydantic_ai.bound import bound_of
from podium.agents.pydantic_ai.effects import DeclaredEffects, ToolEffects, declared
from podium.agents.pydantic_ai.failure import podium_errors
from podium.agents.pydantic_ai.flight import Flight
from podium.agents.pydantic_ai.request import model_input, tool_input, tool_key
from podium.agents.pydantic_ai.usage import usage_of
from podium.model.budget import Bound
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates
from podium.model.step import tool_step
from podium.model.steps import Effects, Steps

Body = Callable[[], Awaitable[object]]
_ModelRequest = tuple[str | None, list[ModelMessage], ModelSettings | None, ModelRequestParameters, RunContext[object]]
_ToolCall = tuple[str, Mapping[str, object], RunContext[object], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one run of an agent records with."""

    steps: Steps
    flight: Flight
    effects: DeclaredEffects
    rates: Rates
    capped: bool = False
    """Whether the run's `max_tokens` was set by Podium, for the budget, and is no part of what the agent asks."""


class StepsBackend(JournalCallableOperationBackend[ToolEffects]):
    """Runs each durable unit of Pydantic AI as a step."""

    def __init__(self, recording: Recording, *, agent: str) -> None:
        def of_tool(_operation: DurableOperationId, _tool: object | None, tool_name: str) -> ToolEffects:
            return declared(recording.effects, tool_name)

        plain = ToolEffects()
        super().__init__(
            agent_name=agent,
            config=RoleBasedOperationConfig(
                model=plain, event=plain, capability=plain, tool=plain, resolve_tool=of_tool
            ),
        )
        self._recording = recording
        self._positions = Counter[int]()

    async def execute(
        self,
        *,
        operation_id: DurableOperationId,
        name: str,
        body: Body,
        cache_key: tuple[object, ...],
        config: ToolEffects,
    ) -> object:
        """Do a durable unit once for ever."""
        match operation_id:
            case ModelRequestId():
                return await self._model_request(operation_id, body, cast(_ModelRequest, cache_key))
            case ToolsetCallToolId():
                return await self._tool_call(body, cast(_ToolCall, cache_key), config)
            case ToolsetValidateToolArgumentsId():
                return await self._args_check(body, cast(_ToolCall, cache_key))
            case EventStreamHandlerId():
                return await body()
            case _:
                return await self._once(name, body)

    async def _model_request(self, operation_id: ModelRequestId, body: Body, request: _ModelRequest) -> object:
        _, messages, settings, parameters, ctx = request
        asked = _without_cap(settings) if self._recording.capped else settings
        sent = model_input(operation_id.model_name, messages, asked, parameters)

        async def ask() -> Json:
            with podium_errors():
                return await body()

        return await self._once(
            "model",
            ask,
            key=self._position(len(messages)),
            input=sent,
            usage=partial(usage_of, rates=self._recording.rates),
            bound=self._bound(cast("Model[object]", ctx.model), operation_id.model_name, request),
        )

    def _bound(self, model: Model[object], name: str, request: _ModelRequest) -> Bound | None:
        """Return the most that a request may cost, where a budget needs to know."""
        if not self._recording.steps.budgeted:
            return None
        _, messages, settings, parameters, _ = request
        return bound_of(model, _named(model, name), messages, settings, parameters, self._recording.rates)

    def _position(self, messages: int) -> str:
        """Key a request by its place in the conversation; a history cut short can put two at one place."""
        self._positions[messages] += 1
        again = self._positions[messages]
        return str(messages) if again == 1 else f"{messages}#{again}"

    async def _tool_call(self, body: Body, call: _ToolCall, effects: ToolEffects) -> object:
        tool, arguments, ctx, _ = call
        sent = tool_input(ctx.messages, tool, ctx.tool_call_id or "", arguments)
        check = effects.verify
        step = self._once(
            tool_step(tool),
            body,
            key=tool_key(ctx.messages, ctx.tool_call_id or ""),
            input=sent,
            effects=effects.effects,
            verify=None if check is None else lambda: check(sent["arguments"], self._recording.steps),
        )
        return _as_tool_result(await self._recording.flight.carry(step))

    async def _args_check(self, body: Body, call: _ToolCall) -> object:
        tool, arguments, ctx, _ = call
        key = tool_key(ctx.messages, ctx.tool_call_id or "") + "/check"
        sent = tool_input(ctx.messages, tool, ctx.tool_call_id or "", arguments)
        return await self._recording.flight.carry(self._once(tool_step(tool), body, key=key, input=sent))

    async def _once(
        self,
        name: str,
        body: Body,
        *,
        key: str | None = None,
        input: Json = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
        bound: Bound | None = None,
    ) -> Json:
        executed = False

        async def run() -> Json:
            nonlocal executed
            executed = True
            return await body()

        value = await self._recording.steps.once(
            name, run, input=input, key=key, effects=effects, verify=verify, usage=usage, bound=bound
        )
        record_durable_unit(executed=executed)
        return value


def _as_tool_result(value: Json) -> Json:
    """Wrap what a person or a `verify` said of a tool in doubt as its result; a tool's own passes as it is."""
    try:
        JSON_CODEC.load(CallToolResult, value)
    except ValidationError:
        return {"kind": "tool_return", "result": value}
    return value


def _without_cap(settings: ModelSettings | None) -> ModelSettings:
    kept = (settings or ModelSettings()).copy()
    kept.pop("max_tokens", None)
    return kept


def _named(model: Model[object], name: str) -> str:
    return name if ":" in name else f"{model.system}:{name}"
