"""A model of the OpenAI Agents SDK whose requests are recorded where a call is under way."""

from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace

from agents import (
    AgentOutputSchemaBase,
    FunctionTool,
    Handoff,
    Model,
    ModelProvider,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    MultiProvider,
    Tool,
    TResponseInputItem,
)
from agents.items import TResponseStreamEvent
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from openai.types.responses.response_prompt_param import ResponsePromptParam
from pydantic import TypeAdapter
from typing_extensions import override

from podium.agents.frameworks.plain import plain
from podium.agents.frameworks.recorder import Recorder, recorder_here
from podium.agents.frameworks.request import AskedModel
from podium.agents.openai_agents.fitting import fitted
from podium.agents.openai_agents.messages import answer_parts, conversation, is_text
from podium.agents.openai_agents.streaming import completed, read
from podium.model.json import Json
from podium.secrets.literals import learn_keys_of

_RESPONSE = TypeAdapter(ModelResponse)
_NATIVE = "native"
"""Where a recorded answer holds what the SDK made of it."""

_HOW_NOT_WHAT = frozenset({"extra_headers", "include_usage", "preserve_raw_usage", "retry", "timeout"})
"""Settings of the transport; headers may hold secrets besides."""
_MAY_COST = frozenset({"context_management", "extra_args", "extra_body", "extra_query"})
"""Settings under which what is sent, or its price, may be anything."""

PROVIDER: ContextVar[ModelProvider | None] = ContextVar("podium_openai_provider", default=None)
"""Who makes the models of the call that is under way by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """All that a model is handed for one request."""

    system_instructions: str | None
    input: str | list[TResponseInputItem]
    model_settings: ModelSettings
    tools: list[Tool]
    output_schema: AgentOutputSchemaBase | None
    handoffs: list[Handoff]
    tracing: ModelTracing
    previous_response_id: str | None
    conversation_id: str | None
    prompt: ResponsePromptParam | None

    async def whole(self, model: Model) -> ModelResponse:
        """Return the answer of a model."""
        learn_keys_of(model)
        return await model.get_response(
            self.system_instructions, self.input, self.model_settings, self.tools, self.output_schema, self.handoffs,
            self.tracing, previous_response_id=self.previous_response_id, conversation_id=self.conversation_id,
            prompt=self.prompt,
        )  # fmt: skip

    def pieces(self, model: Model) -> AsyncIterator[TResponseStreamEvent]:
        """Give the events of its answer while it is written."""
        learn_keys_of(model)
        return model.stream_response(
            self.system_instructions, self.input, self.model_settings, self.tools, self.output_schema, self.handoffs,
            self.tracing, previous_response_id=self.previous_response_id, conversation_id=self.conversation_id,
            prompt=self.prompt,
        )  # fmt: skip


class RecordingModel(Model):
    """Asks another model; inside a call of Podium once for ever."""

    def __init__(self, model: Model | str | None, agent: str = "") -> None:
        self._named = model
        self._agent = agent
        self._default: MultiProvider | None = None

    @property
    def inner(self) -> Model:
        """The model that is asked; one that is named is made by the provider of the run that is under way."""
        if isinstance(self._named, Model):
            return self._named
        provider = PROVIDER.get()
        if provider is None:
            provider = self._default = self._default or MultiProvider()
        made = provider.get_model(self._named)
        return made.inner if isinstance(made, RecordingModel) else made

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        """Return what the model itself advises."""
        return self.inner.get_retry_advice(request)

    async def close(self) -> None:
        """Close a model that was handed in; what is named belongs to its provider."""
        if isinstance(self._named, Model):
            await self._named.close()

    @override
    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> ModelResponse:
        """Return the answer of the model, or the one that is recorded."""
        sending = _Sending(
            system_instructions=system_instructions, input=input, model_settings=model_settings, tools=tools,
            output_schema=output_schema, handoffs=handoffs, tracing=tracing, previous_response_id=previous_response_id,
            conversation_id=conversation_id, prompt=prompt,
        )  # fmt: skip
        return await self._ask(sending)

    @override
    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """Give the events of the model's answer; inside a call only the last, which holds all of it."""
        sending = _Sending(
            system_instructions=system_instructions, input=input, model_settings=model_settings, tools=tools,
            output_schema=output_schema, handoffs=handoffs, tracing=tracing, previous_response_id=previous_response_id,
            conversation_id=conversation_id, prompt=prompt,
        )  # fmt: skip
        if recorder_here() is None:
            async for event in sending.pieces(self.inner):
                yield event
        else:
            yield completed(await self._ask(sending), _name(self.inner))

    async def _ask(self, sending: _Sending) -> ModelResponse:
        recorder, model = recorder_here(), self.inner
        if recorder is None:
            return await sending.whole(model)
        agent = recorder.named(self._agent or recorder.call.main)
        sending, asked = await _fitted(sending, _asked(sending, model, agent), recorder)

        async def send(max_tokens: int | None) -> Json:
            capped = sending
            if max_tokens is not None:
                capped = replace(sending, model_settings=replace(sending.model_settings, max_tokens=max_tokens))
            if not recorder.streams:
                return _recordable(await capped.whole(model), model)
            settings = replace(capped.model_settings, include_usage=capped.model_settings.include_usage is not False)
            events = replace(capped, model_settings=settings).pieces(model)
            return _recordable(await read(events, recorder.emit), model)

        value = await recorder.request(asked, send)
        return _RESPONSE.validate_python(value[_NATIVE])


class RecordingProvider(ModelProvider):
    """Makes models by their names that are recorded, also those of agents that nobody wrapped."""

    def __init__(self, inner: ModelProvider) -> None:
        self._inner = inner

    def get_model(self, model_name: str | None) -> Model:
        """Return the model of that name."""
        return RecordingModel(self._inner.get_model(model_name))

    async def aclose(self) -> None:
        """Close what makes them."""
        await self._inner.aclose()


async def _fitted(sending: _Sending, asked: AskedModel, recorder: Recorder) -> tuple[_Sending, AskedModel]:
    """Return a request as the rules for the context of the agent let it be sent."""
    items, context = await fitted(sending.input, asked, recorder)
    if context:
        sending = replace(sending, input=items)
        asked = replace(asked, sent={**asked.sent, "messages": conversation(items)})
    return sending, replace(asked, context=context)


def _asked(sending: _Sending, model: Model, agent: str) -> AskedModel:
    settings = {name: value for name, value in vars(sending.model_settings).items() if value is not None}
    messages, hosted = conversation(sending.input), [each for each in sending.tools if not _is_function(each)]
    elsewhere = sending.previous_response_id or sending.conversation_id or sending.prompt
    return AskedModel(
        model=_listed(model),
        agent=agent,
        max_tokens=sending.model_settings.max_tokens,
        is_text=is_text(messages) and not (hosted or elsewhere or _MAY_COST & settings.keys()),
        sent={
            "model": _name(model),
            "messages": messages,
            "instructions": sending.system_instructions or "",
            "settings": plain({name: value for name, value in settings.items() if name not in _HOW_NOT_WHAT}),
            "tools": _offered(sending.tools, sending.handoffs),
            "native_tools": [each.name for each in hosted],
            "output": _output(sending.output_schema),
        },
    )


def _is_function(tool: Tool) -> bool:
    return isinstance(tool, FunctionTool)


def _offered(tools: Sequence[Tool], handoffs: Sequence[Handoff]) -> list[Json]:
    functions = [each for each in tools if isinstance(each, FunctionTool)]
    offered = [(each.name, each.description, each.params_json_schema) for each in functions]
    offered += [(each.tool_name, each.tool_description, each.input_json_schema) for each in handoffs]
    return [{"name": name, "description": text, "schema": plain(schema)} for name, text, schema in offered]


def _output(schema: AgentOutputSchemaBase | None) -> Json:
    if schema is None or schema.is_plain_text():
        return None
    return {"mode": "native", "schema": schema.json_schema()}


def _recordable(response: ModelResponse, model: Model) -> Json:
    """Return an answer as it is recorded: in the form of all recorded answers, with what the SDK made of it."""
    usage, provider = response.usage, _listed(model).rpartition(":")[0]
    tokens = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": getattr(usage.input_tokens_details, "cached_tokens", 0) or 0,
        "cache_write_tokens": getattr(usage.input_tokens_details, "cache_write_tokens", 0) or 0,
        "output_reasoning_tokens": getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0,
        "cost": None,
    }
    return {
        "kind": "response",
        "parts": answer_parts(response.to_input_items()),
        "usage": tokens,
        "model_name": _name(model),
        "provider_name": provider or None,
        _NATIVE: _RESPONSE.dump_python(response, mode="json", exclude_unset=True),
    }


def _name(model: Model) -> str:
    name = getattr(model, "model", None)
    return str(name) if name else type(model).__name__


def _listed(model: Model) -> str:
    """Return the name of a model as prices are listed: a provider is said before a slash, or is OpenAI itself."""
    name = _name(model)
    if type(model).__name__.startswith("OpenAI"):
        return f"openai:{name}"
    provider, slash, rest = name.partition("/")
    return f"{provider}:{rest}" if slash else name
