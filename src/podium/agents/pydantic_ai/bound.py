"""The most that a model request may come to, known before it is made."""

from collections.abc import Sequence

import orjson
from pydantic_ai.messages import (
    InstructionBaselinePart,
    InstructionDeltaPart,
    InstructionPart,
    ModelMessage,
    ModelRequestPart,
    ModelResponsePart,
    RetryFeedbackPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from podium.agents.prices import Rates, most
from podium.model.budget import Bound
from podium.model.json import Json

MOST_OUTPUT = 4_096
"""Tokens that a model may answer with under a budget, where nothing else is said."""

_OF_THE_REQUEST = 1_024
"""Tokens that a provider may add to a request: the prompt that explains tools is the longest, with some hundred."""
_OF_A_MESSAGE = 16
"""Tokens that mark where a message begins and ends, and who says it."""
_TEXT = (
    InstructionBaselinePart, InstructionDeltaPart, InstructionPart, RetryFeedbackPart, SystemPromptPart,
    TextPart, ThinkingPart, ToolCallPart,
)  # fmt: skip


def bound_of(
    model: str, sent: Json, messages: Sequence[ModelMessage], settings: ModelSettings | None,
    parameters: ModelRequestParameters, rates: Rates,
) -> Bound | None:  # fmt: skip
    """Return the most that a request may come to; None where it cannot be told: pictures, sound, tools of the vendor.

    A token of the byte-level vocabularies in use stands for at least one byte, so the bytes of what is sent, with what
    providers add, bound its tokens. The answer is bounded by `max_tokens`.
    """
    answer = (settings or {}).get("max_tokens")
    if answer is None or parameters.native_tools or not all(_is_text(each) for each in messages):
        return None
    given = len(orjson.dumps(sent)) + _OF_A_MESSAGE * sum(len(message.parts) for message in messages) + _OF_THE_REQUEST
    usd = most(model, input_tokens=given, output_tokens=answer, rates=rates)
    return Bound(usd=usd, input_tokens=given, output_tokens=answer)


def _is_text(message: ModelMessage) -> bool:
    return all(_is_text_part(part) for part in message.parts)


def _is_text_part(part: ModelRequestPart | ModelResponsePart) -> bool:
    match part:
        case UserPromptPart():
            return isinstance(part.content, str) or all(isinstance(each, str) for each in part.content)
        case ToolReturnPart():
            return not part.files
        case _:
            return isinstance(part, _TEXT)
