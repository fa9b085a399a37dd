"""Chat models of LangChain whose requests are recorded where a call is under way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from podium.agents.frameworks.loops import from_thread
from podium.agents.frameworks.plain import plain
from podium.agents.frameworks.recorder import Recorder, recorder_here
from podium.agents.frameworks.request import AskedModel
from podium.agents.langchain.fitting import fitted
from podium.agents.langchain.messages import conversation, is_text, recordable, restored
from podium.agents.threads import AGENT_THREADS
from podium.errors import UsageError
from podium.model.expected import instance
from podium.model.json import Json, is_array, is_object
from podium.model.streams.transient import TextDelta, ThinkingDelta, ToolCallDelta
from podium.secrets.literals import learn_keys_of

M = TypeVar("M", bound=BaseChatModel)

_BY_ITSELF = frozenset({"tools", "functions", "response_format", "stream_usage", "extra_headers"})
"""What is told of a request in places of its own, or not at all: headers may hold secrets."""
_MAY_COST = frozenset({"extra_body", "model_kwargs", "service_tier", "previous_response_id"})
"""Options under which what is sent, or its price, may be anything."""

if TYPE_CHECKING:
    _Chat = BaseChatModel
else:
    _Chat = object


def recorded_model(model: M, agent: str = "") -> M:
    """Return a chat model that does what `model` does, and records it where it is asked inside a call of Podium.

    Outside of calls it is like the other one. It is of the same class, so `bind_tools` and `with_structured_output`
    work as they do. `agent` names whose requests they are, where a graph has several. Retries of the vendor's client
    are not seen: make the model with `max_retries=0`, and Podium's `retry` decides.
    """
    instance(BaseChatModel, 'ChatOpenAI(model="gpt-5", max_retries=0)').check("what is recorded", model)
    if isinstance(model, RecordingChat):
        return model
    learn_keys_of(model)
    twin = model.model_copy()
    object.__setattr__(twin, "__class__", _recording(type(model)))
    object.__setattr__(twin, "podium_agent", agent)
    return twin


class RecordingChat(_Chat):
    """Asks as the class does that stands behind it; inside a call of Podium once for ever."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Json,
    ) -> ChatResult:
        recorder = recorder_here()
        if recorder is None:
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

        async def send(messages: list[BaseMessage], max_tokens: int | None) -> AIMessage:
            more = kwargs if max_tokens is None else {**kwargs, "max_tokens": max_tokens}
            if recorder.streams and _streams(self):
                pieces = super(RecordingChat, self)._astream(messages, stop, run_manager, **_with_usage(self, more))
                return await _read(pieces, recorder)
            return _only(await super(RecordingChat, self)._agenerate(messages, stop, run_manager, **more))

        return _result(await _asked(self, recorder, messages, stop, kwargs, send))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Json,
    ) -> ChatResult:
        recorder = recorder_here()
        if recorder is None:
            return super()._generate(messages, stop, run_manager, **kwargs)
        require_thread(recorder, "a chat model")

        async def send(messages: list[BaseMessage], max_tokens: int | None) -> AIMessage:
            more = kwargs if max_tokens is None else {**kwargs, "max_tokens": max_tokens}
            work = partial(super(RecordingChat, self)._generate, messages, stop, run_manager, **more)
            return _only(await AGENT_THREADS.run(work, "a chat model"))

        return _result(from_thread(recorder.call.loop, lambda: _asked(self, recorder, messages, stop, kwargs, send)))


class RecordingStreams(RecordingChat):
    """Does the same for a class that streams: whoever reads a stream inside a call is given the answer in one piece."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Json,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if recorder_here() is None:
            async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                yield chunk
        else:
            chunk = _as_chunk(await self._agenerate(messages, stop, run_manager, **kwargs))
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Json,
    ) -> Iterator[ChatGenerationChunk]:
        if recorder_here() is None:
            yield from super()._stream(messages, stop, run_manager, **kwargs)
        else:
            chunk = _as_chunk(self._generate(messages, stop, run_manager, **kwargs))
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def require_thread(recorder: Recorder, what: str) -> None:
    """Raise UsageError where synchronous code would wait for the event loop that it runs in."""
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        return
    if here is recorder.call.loop:
        raise UsageError(f"{what} is used synchronously in the event loop: use `ainvoke`, or run it in a thread.")


SendMessage = Callable[[list[BaseMessage], int | None], Json]
"""Sends these messages, with this `max_tokens` where that is not None, and gives the message that answers it."""


async def _asked(
    model: BaseChatModel, recorder: Recorder, messages: list[BaseMessage], stop: list[str] | None,
    kwargs: dict[str, Json], send: SendMessage,
) -> AIMessage:  # fmt: skip
    name = _name(model)

    said, tools = conversation(messages), kwargs.get("tools") or ()
    agent = getattr(model, "podium_agent", "")
    settings = {key: value for key, value in {**kwargs, "stop": stop}.items() if key not in _BY_ITSELF}
    asked = AskedModel(
        model=name,
        agent=recorder.named(agent) if agent else "",
        max_tokens=_max_tokens(model, kwargs),
        is_text=is_text(said) and all(_function(each) for each in tools) and not _MAY_COST & kwargs.keys(),
        sent={
            "model": name,
            "messages": said,
            "instructions": "",
            "settings": plain({key: value for key, value in settings.items() if value is not None}),
            "tools": [_described(found) for each in tools if (found := _function(each))],
            "native_tools": [str(each.get("type")) for each in tools if not _function(each)],
            "output": _output(kwargs.get("response_format")),
        },
    )
    fit, context = await fitted(messages, asked, recorder)
    if context:
        asked = replace(asked, sent={**asked.sent, "messages": conversation(fit)})

    async def answer(max_tokens: int | None) -> Json:
        return recordable(await send(fit, max_tokens), name)

    return restored(await recorder.request(replace(asked, context=context), answer))


@cache
def _recording(kind: type[BaseChatModel]) -> type[BaseChatModel]:
    """Return the class of recording twins of models of a class."""
    streams = any(getattr(kind, name) is not getattr(BaseChatModel, name) for name in ("_astream", "_stream"))
    base = RecordingStreams if streams else RecordingChat
    return cast("type[BaseChatModel]", type(kind.__name__, (base, kind), {"__module__": __name__}))


def _streams(model: BaseChatModel) -> bool:
    return isinstance(model, RecordingStreams)


def _with_usage(model: BaseChatModel, kwargs: dict[str, Json]) -> dict[str, Json]:
    """Have a stream say what it came to, where the model knows how."""
    return {**kwargs, "stream_usage": True} if hasattr(model, "stream_usage") else kwargs


async def _read(pieces: AsyncIterator[ChatGenerationChunk], recorder: Recorder) -> AIMessage:
    """Read a stream to its end, and emit what it says."""
    whole: AIMessageChunk | None = None
    uses: dict[object, tuple[str, str]] = {}
    async for piece in pieces:
        message = piece.message
        assert isinstance(message, AIMessageChunk)
        if message.text:
            recorder.emit(TextDelta(message.text))
        for thought in _thoughts(message):
            recorder.emit(ThinkingDelta(thought))
        for use in message.tool_call_chunks:
            begun = uses.setdefault(use.get("index"), (use["id"] or "", use["name"] or ""))
            recorder.emit(ToolCallDelta(*begun, use["args"] or ""))
        whole = message if whole is None else whole + message
    answer = message_chunk_to_message(whole or AIMessageChunk(content=""))
    assert isinstance(answer, AIMessage)
    return answer


def _thoughts(message: AIMessageChunk) -> Iterator[str]:
    content: Json = message.content
    for block in content if is_array(content) else ():
        if is_object(block) and isinstance(found := block.get("reasoning") or block.get("thinking"), str):
            yield found


def _only(result: ChatResult) -> AIMessage:
    message = result.generations[0].message
    assert isinstance(message, AIMessage)
    return message


def _result(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])


def _as_chunk(result: ChatResult) -> ChatGenerationChunk:
    message = _only(result)
    fields = message.model_dump(exclude={"type"})
    return ChatGenerationChunk(message=AIMessageChunk(**fields, chunk_position="last"))


def _name(model: BaseChatModel) -> str:
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    return name.rpartition("/")[2] if isinstance(name, str) and name else type(model).__name__


def _max_tokens(model: BaseChatModel, kwargs: dict[str, Json]) -> int | None:
    names = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    known = [kwargs.get(name) or getattr(model, name, None) for name in names]
    return next((each for each in known if isinstance(each, int)), None)


def _function(tool: Json) -> Json:
    """Return what is said of a function that is offered; None of a tool of the provider."""
    if not is_object(tool):
        return None
    return tool.get("function") or (tool if "input_schema" in tool or "parameters" in tool else None)


def _described(function: Json) -> Json:
    schema = function.get("parameters") or function.get("input_schema")
    return {"name": function["name"], "description": function.get("description") or "", "schema": plain(schema)}


def _output(format: object) -> Json:
    return None if format is None else {"mode": "native", "schema": plain(format)}
