"""What a model of the OpenAI Agents SDK writes, handed on as events while it writes."""

from collections.abc import AsyncIterator, Callable

from agents import ModelResponse, Usage
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemAddedEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningTextDeltaEvent,
    ResponseTextDeltaEvent,
    ResponseUsage,
)

from podium.errors import TransportFailed
from podium.model.streams.kinds import Transient
from podium.model.streams.transient import TextDelta, ThinkingDelta, ToolCallDelta

_FAILED = frozenset({"response.failed", "response.incomplete", "response.error", "error"})


async def read(events: AsyncIterator[TResponseStreamEvent], emit: Callable[[Transient], None]) -> ModelResponse:
    """Read a stream to its end, emit what it says, and return the answer; raises TransportFailed if it breaks off."""
    uses: dict[int, ResponseFunctionToolCall] = {}
    answer: Response | None = None
    async for event in events:
        match event:
            case ResponseCompletedEvent():
                answer = event.response
            case ResponseTextDeltaEvent() if event.delta:
                emit(TextDelta(event.delta))
            case ResponseReasoningSummaryTextDeltaEvent() | ResponseReasoningTextDeltaEvent() if event.delta:
                emit(ThinkingDelta(event.delta))
            case ResponseOutputItemAddedEvent(item=ResponseFunctionToolCall() as use):
                uses[event.output_index] = use
                emit(ToolCallDelta(use.call_id, use.name, ""))
            case ResponseFunctionCallArgumentsDeltaEvent() if event.delta and event.output_index in uses:
                use = uses[event.output_index]
                emit(ToolCallDelta(use.call_id, use.name, event.delta))
            case _ if event.type in _FAILED:
                raise TransportFailed(f"the answer was broken off: {event.type} {_why(event)}".strip())
            case _:
                pass
    if answer is None:
        raise TransportFailed("the stream of the model ended without an answer")
    return ModelResponse(output=answer.output, usage=_usage(answer.usage), response_id=answer.id)


def completed(response: ModelResponse, model: str) -> ResponseCompletedEvent:
    """Return a whole answer as the last event of a stream."""
    usage = response.usage
    whole = Response(
        id=response.response_id or "podium",
        created_at=0,
        model=model,
        object="response",
        output=response.output,
        parallel_tool_calls=True,
        tool_choice="auto",
        tools=[],
        usage=ResponseUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.total_tokens,
            input_tokens_details=usage.input_tokens_details,
            output_tokens_details=usage.output_tokens_details,
        ),
    )
    return ResponseCompletedEvent(response=whole, sequence_number=0, type="response.completed")


def _usage(told: ResponseUsage | None) -> Usage:
    if told is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=told.input_tokens,
        output_tokens=told.output_tokens,
        total_tokens=told.total_tokens,
        input_tokens_details=told.input_tokens_details,
        output_tokens_details=told.output_tokens_details,
    )


def _why(event: TResponseStreamEvent) -> str:
    return str(getattr(event, "message", None) or getattr(getattr(event, "response", None), "error", None) or "")
