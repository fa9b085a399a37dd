"""Has every model request and every agent of Pydantic AI inside a call recorded, whoever makes it.

Code inside a call may ask a model in many ways: an agent that a tool runs, an output function, a history processor, a
hook, `pydantic_ai.direct`, a model object. All end at a method of a class of models, and all runs of agents begin at
one method. So these are wrapped once, when Podium's LLM agents are imported; outside of a call they do what they did.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, cast

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import (
    CompletedStreamedResponse,
    Model,
    ModelRequestContext,
    ModelRequestParameters,
    StreamedResponse,
)
from pydantic_ai.settings import ModelSettings

from podium.agents.pydantic_ai.asking import RecordedRequest
from podium.agents.pydantic_ai.capability import PodiumSteps, nested_steps
from podium.agents.pydantic_ai.scope import here

_MARK = "__podium_records__"

AskModel = Callable[..., Awaitable[ModelResponse]]


def record_all() -> None:
    """Wrap what asks a model: of the classes there are, and of those there will be. A second time changes nothing."""
    if hasattr(Model, _MARK):
        return
    setattr(Model, _MARK, True)
    made = Model.__init_subclass__

    def record_new(cls: type[Model[Any]], **options: object) -> None:
        cast("Any", made).__func__(cls, **options)
        _record(cls)

    Model.__init_subclass__ = classmethod(record_new)  # pyright: ignore[reportAttributeAccessIssue] - as Python makes it
    for cls in _subclasses(Model):
        _record(cls)
    _record_agents()


def _subclasses(cls: type[Any]) -> list[type[Any]]:
    found = cls.__subclasses__()
    return [*found, *(below for each in found for below in _subclasses(each))]


def _record(cls: type[Any]) -> None:
    for name, recorded in (("request", _request), ("request_stream", _stream), ("compact_messages", _compaction)):
        method = cls.__dict__.get(name)
        if method is not None and not hasattr(method, _MARK):
            wrapped = recorded(method)
            setattr(wrapped, _MARK, True)
            setattr(cls, name, wrapped)


def _request(request: AskModel) -> AskModel:
    @wraps(request)
    async def recorded(
        self: Model[object],
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        scope = here()
        if scope is None:
            return await request(self, messages, model_settings, model_request_parameters)
        asked = RecordedRequest(scope, self, messages, model_settings, model_request_parameters)
        if scope.streaming:
            return await asked.ask_in_pieces()

        async def send(settings: ModelSettings | None) -> ModelResponse:
            return await request(self, messages, settings, model_request_parameters)

        return await asked.ask(send)

    return recorded


def _stream(request_stream: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(request_stream)
    @asynccontextmanager
    async def recorded(
        self: Model[object],
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        scope = here()
        if scope is None:
            stream = request_stream(self, messages, model_settings, model_request_parameters, run_context)
            async with stream as streamed:
                yield streamed
            return
        response = await RecordedRequest(
            scope, self, messages, model_settings, model_request_parameters
        ).ask_in_pieces()
        yield CompletedStreamedResponse(response, model_request_parameters=model_request_parameters, replay_events=True)

    return recorded


def _compaction(compact: AskModel) -> AskModel:
    @wraps(compact)
    async def recorded(
        self: Model[object], request_context: ModelRequestContext, *, instructions: str | None = None
    ) -> ModelResponse:
        scope = here()
        if scope is None:
            return await compact(self, request_context, instructions=instructions)

        async def send(_: ModelSettings | None) -> ModelResponse:
            return await compact(self, request_context, instructions=instructions)

        context = request_context
        asked = RecordedRequest(scope, self, context.messages, context.model_settings, context.model_request_parameters)
        return await asked.ask(send)

    return recorded


def _record_agents() -> None:
    run = cast("Callable[..., Any]", PydanticAgent.iter)

    @wraps(run)
    @asynccontextmanager
    async def recorded(self: PydanticAgent[Any, Any], *prompt: Any, **options: Any) -> AsyncGenerator[Any]:
        scope, extra = here(), cast("Sequence[object]", options.get("capabilities") or ())
        if scope is None or any(isinstance(each, PodiumSteps) for each in extra):
            async with run(self, *prompt, **options) as running:
                yield running
            return
        nested = scope.of_agent(self.name or "agent", options.get("usage"))
        options |= {"usage": nested.usage.total, "capabilities": [*extra, nested_steps(nested, self)]}
        with nested.entered():
            async with run(self, *prompt, **options) as running:
                yield running

    PydanticAgent.iter = recorded
