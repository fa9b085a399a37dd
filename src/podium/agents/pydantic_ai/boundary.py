"""Has every model request and every agent of Pydantic AI inside a call recorded, whoever makes it.

Code inside a call may ask a model in many ways: an agent that a tool runs, an output function, a history processor, a
hook, `pydantic_ai.direct`, a model object. All end at a method of a class of models, and all runs of agents begin at
one method. So these are wrapped once, when Podium's LLM agents are imported; outside of a call they do what they did.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial, wraps
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, cast

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import (
    CompletedStreamedResponse,
    Model,
    ModelRequestContext,
    ModelRequestParameters,
    StreamedResponse,
)
from pydantic_ai.settings import ModelSettings

from podium.agents.pydantic_ai.asking import RecordedRequest
from podium.agents.pydantic_ai.capability import PodiumSteps, recording_capabilities
from podium.agents.pydantic_ai.named import unless_missing
from podium.agents.pydantic_ai.outputs import codecs_of
from podium.agents.pydantic_ai.request import sent_messages
from podium.agents.pydantic_ai.scope import AgentScope, here
from podium.model.json import Json

_MARK = "__podium_records__"

_ARGUMENTS = ("messages", "model_settings", "model_request_parameters")
"""What every request is called with, in this order."""

AskModel = Callable[..., Awaitable[ModelResponse]]


def record_all() -> None:
    """Wrap what asks a model: of the classes there are, and of those there will be. A second time changes nothing."""
    if hasattr(Model, _MARK):
        return
    setattr(Model, _MARK, True)
    Model.__init_subclass__ = cast("Any", _NewModels(vars(Model)["__init_subclass__"]))
    for cls in _subclasses(Model):
        _record(cls)
    _record_agents()


class _NewModels:
    """Wraps each new class of models when Python looks up how to set it up: no frame more for its warnings."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        if owner is not Model:
            _record(owner)
        return self._made.__get__(instance, owner)


def _subclasses(cls: type[Any]) -> list[type[Any]]:
    found = cls.__subclasses__()
    return [*found, *(below for each in found for below in _subclasses(each))]


def _record(cls: type[Any]) -> None:
    for name, recorded in (("request", _request), ("request_stream", _stream), ("compact_messages", _compaction)):
        method = _own(cls, name)
        if method is not None and not hasattr(method, _MARK):
            wrapped = recorded(method)
            setattr(wrapped, _MARK, True)
            setattr(cls, name, wrapped)


def _own(cls: type[Any], name: str) -> Any:
    """Return its method where no other class of models has it: it is its own, or that of a class mixed in."""
    definer = next((each for each in cls.__mro__ if name in vars(each)), Model)
    return None if definer is not cls and issubclass(definer, Model) else vars(definer).get(name)


def _request(request: AskModel) -> AskModel:
    known = cache(partial(_parameters, request))

    @wraps(request)
    def recorded(self: Model[object], *given: Any, **options: Any) -> Awaitable[ModelResponse]:
        scope, ask = here(), _bound(request, self)
        if scope is None:
            return ask(*given, **options)
        (messages, settings, parameters, *more), options = _in_order(known(), given, options)
        asked = RecordedRequest(scope, self, messages, settings, parameters)
        if scope.streaming:
            return asked.ask_in_pieces()

        async def send(messages: list[ModelMessage], settings: ModelSettings | None) -> ModelResponse:
            return await ask(messages, settings, parameters, *more, **options)

        return asked.ask(send)

    return _as_it_was(request, recorded)


def _stream(request_stream: Callable[..., Any]) -> Callable[..., Any]:
    known = cache(partial(_parameters, request_stream))

    @wraps(request_stream)
    def recorded(self: Model[object], *given: Any, **options: Any) -> Any:
        scope = here()
        if scope is None:
            return _bound(request_stream, self)(*given, **options)
        (messages, settings, parameters, *_), _ = _in_order(known(), given, options)
        return _read(RecordedRequest(scope, self, messages, settings, parameters), parameters)

    return recorded


@asynccontextmanager
async def _read(asked: RecordedRequest, parameters: ModelRequestParameters) -> AsyncGenerator[StreamedResponse]:
    response = await asked.ask_in_pieces()
    yield CompletedStreamedResponse(response, model_request_parameters=parameters, replay_events=True)


def _compaction(compact: AskModel) -> AskModel:
    @wraps(compact)
    def recorded(self: Model[object], *given: Any, **options: Any) -> Awaitable[ModelResponse]:
        scope, ask = here(), _bound(compact, self)
        if scope is None:
            return ask(*given, **options)
        context = cast("ModelRequestContext", given[0] if given else options["request_context"])

        async def send(_: list[ModelMessage], __: ModelSettings | None) -> ModelResponse:
            return await ask(*given, **options)

        asked = RecordedRequest(scope, self, context.messages, context.model_settings, context.model_request_parameters)
        return asked.ask(send)

    return _as_it_was(compact, recorded)


def _bound(method: Any, model: Model[object]) -> Callable[..., Any]:
    """Return a method as Python binds it; what is no function, such as a mock, is called as it is."""
    bind = getattr(method, "__get__", None)
    return method if bind is None else bind(model, type(model))


def _as_it_was(method: AskModel, recorded: AskModel) -> AskModel:
    """Return the wrapper, as a coroutine function where the method is one."""
    if not iscoroutinefunction(method):
        return recorded

    @wraps(method)
    async def awaited(*given: Any, **options: Any) -> ModelResponse:
        return await recorded(*given, **options)

    return awaited


def _in_order(
    known: Sequence[Parameter], given: Sequence[Any], options: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the messages, settings and parameters first, whatever a class calls them, and the other options."""
    ordered, others = list(given), dict(options)
    for each in known[len(ordered) : len(_ARGUMENTS)]:
        if each.name not in others and each.default is Parameter.empty:
            raise TypeError(f"a request to a model is missing the argument {each.name!r}")
        ordered.append(others.pop(each.name, each.default))
    ordered[2] = ordered[2] or ModelRequestParameters()
    return ordered, others


def _parameters(method: Callable[..., Any]) -> Sequence[Parameter]:
    """Return what a request takes, the three that all take first; looked up once for each class, as it is slow."""
    own = [each for each in signature(method).parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD][1:]
    return own + [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in _ARGUMENTS[len(own) :]]


def _record_agents() -> None:
    run = cast("Callable[..., Any]", PydanticAgent.iter)

    @wraps(run)
    def recorded(self: PydanticAgent[Any, Any], *prompt: Any, **options: Any) -> Any:
        scope, extra = here(), cast("Sequence[object]", options.get("capabilities") or ())
        if scope is None or any(isinstance(each, PodiumSteps) for each in extra):
            return run(self, *prompt, **options)
        given = signature(run).bind(self, *prompt, **options).arguments
        asked = _conversation(given.get("user_prompt"), given.get("message_history"))
        return nested(scope.of_agent(self.name or "agent", options.get("usage"), asked), self, *prompt, **options)

    @asynccontextmanager
    async def nested(
        inside: AgentScope, agent: PydanticAgent[Any, Any], *prompt: Any, **options: Any
    ) -> AsyncGenerator[Any]:
        extra, output = options.get("capabilities") or (), options.get("output_type")
        codecs = codecs_of(agent.output_type if output is None else output)
        options |= {
            "usage": inside.usage.total,
            "capabilities": [*extra, *recording_capabilities(inside, name=agent.name or "agent", output=codecs)],
        }
        with unless_missing(options.get("model") or agent.model, inside.agent), inside.entered():
            async with run(agent, *prompt, **options) as running:
                yield running

    PydanticAgent.iter = recorded


def _conversation(prompt: Any, history: Sequence[ModelMessage] | None) -> Json:
    """Return what an agent is asked, and what came before, without what differs from run to run."""
    return sent_messages([*(history or ()), *(() if prompt is None else (ModelRequest([UserPromptPart(prompt)]),))])
