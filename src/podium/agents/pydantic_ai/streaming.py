"""Hands on the text that a model streams."""

from collections.abc import AsyncIterable

from pydantic_ai.agent import EventStreamHandler
from pydantic_ai.messages import AgentStreamEvent, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.tools import RunContext

from podium.model.steps import Steps


def text_to(steps: Steps) -> EventStreamHandler[object]:
    """Return a handler that emits each piece of text as a chunk `{"text": …}`. Recorded responses emit none."""

    async def emit(_: RunContext[object], events: AsyncIterable[AgentStreamEvent]) -> None:
        async for event in events:
            match event:
                case (
                    PartStartEvent(part=TextPart(content=text))
                    | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
                ):
                    if text:
                        steps.emit({"text": text})
                case _:
                    pass

    return emit
