"""The most that a model request may come to, known before it is made."""

from collections.abc import Sequence
from typing import cast

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
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from podium.agents.frameworks.bound import bytes_of, most_tokens
from podium.agents.prices import most
from podium.agents.pydantic_ai.request import model_input
from podium.model.budget import Bound
from podium.model.json import Json
from podium.model.prices import Rates

_TEXT = (
    InstructionBaselinePart, InstructionDeltaPart, InstructionPart, RetryFeedbackPart, SystemPromptPart,
    TextPart, ThinkingPart, ToolCallPart,
)  # fmt: skip


_HARMLESS = frozenset({
    "extra_headers", "first_event_timeout", "framing_announcement", "frequency_penalty", "logit_bias", "max_retries",
    "max_tokens", "parallel_tool_calls", "presence_penalty", "request_timeout", "seed", "stop_sequences", "temperature",
    "thinking", "timeout", "tool_choice", "top_k", "top_p",
    "anthropic_effort", "anthropic_metadata", "anthropic_thinking", "google_labels", "google_safety_settings",
    "google_thinking_config", "groq_reasoning_effort", "groq_reasoning_format", "openai_logprobs",
    "openai_prompt_cache_key", "openai_reasoning_effort", "openai_reasoning_summary", "openai_store",
    "openai_text_verbosity", "openai_top_logprobs", "openai_truncation", "openai_user",
})  # fmt: skip
"""Settings that change neither what is sent, nor its price. Others may: what the vendor keeps of a conversation is sent
again, a service tier has a price of its own, an `extra_body` may be anything."""


def bound_of(
    model: Model[object], messages: Sequence[ModelMessage], settings: ModelSettings | None,
    parameters: ModelRequestParameters, rates: Rates,
) -> Bound | None:  # fmt: skip
    """Return the most that a request may come to; None where it cannot be told: pictures, sound, tools of the vendor.

    A token of the vocabularies in use stands for at least one byte, so the bytes of what is sent, as the model's
    adapter prepares it, with what providers add, bound its tokens. The answer is bounded by `max_tokens`. Of a model
    that falls back on others, all may be asked, and answer.
    """
    bounds = [_bound_of(each, messages, settings, parameters, rates) for each in members_of(model)]
    known = [each for each in bounds if each is not None]
    if len(known) < len(bounds):
        return None
    prices = [each.usd for each in known if each.usd is not None]
    return Bound(
        usd=sum(prices) if len(prices) == len(known) else None,
        input_tokens=sum(each.input_tokens for each in known),
        output_tokens=sum(each.output_tokens for each in known),
    )


def members_of(model: Model[object]) -> list[Model[object]]:
    """Return the models that a model may ask: itself, or those that it falls back on."""
    while isinstance(model, WrapperModel):
        model = cast("Model[object]", model.wrapped)
    if isinstance(model, FallbackModel):
        return [member for each in model.models for member in members_of(cast("Model[object]", each))]
    return [model]


def name_of(model: Model[object]) -> str:
    """Return the name of a model with that of its provider, as prices are listed."""
    return model.model_name if ":" in model.model_name else f"{model.system}:{model.model_name}"


def _bound_of(
    model: Model[object], messages: Sequence[ModelMessage], settings: ModelSettings | None,
    parameters: ModelRequestParameters, rates: Rates,
) -> Bound | None:  # fmt: skip
    name = name_of(model)
    settled, prepared = model.prepare_request(settings, parameters)
    answer = (settled or {}).get("max_tokens")
    said = {**(model.settings or {}), **(settings or {}), **(settled or {})}
    if answer is None or prepared.native_tools or not all(map(_is_harmless, said.items())):
        return None
    if not all(map(_is_text, messages)):
        return None
    ready = model.prepare_messages(list(messages), prepared)
    given = most_tokens(_sent(name, ready, prepared), parts=sum(len(message.parts) for message in ready))
    usd = most(name, input_tokens=given, output_tokens=answer, rates=rates)
    return Bound(usd=usd, input_tokens=given, output_tokens=answer)


def _sent(name: str, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> Json:
    """Return all text of a request. Each message holds the instructions of its time; only one of them is sent."""
    sent = model_input(name, messages, None, parameters)
    standing = [message.get("instructions") or "" for message in sent["messages"]]
    said = [{name: each for name, each in message.items() if name != "instructions"} for message in sent["messages"]]
    parts = [part.content for part in parameters.instruction_parts or ()]
    return {**sent, "messages": said, "instructions": max(standing, key=bytes_of, default=""), "parts": parts}


def _is_harmless(setting: tuple[str, object]) -> bool:
    match setting:
        case ("service_tier", "auto" | "default" | "flex") | ("cache", bool() | "5m" | None):
            return True
        case (name, _):
            return name in _HARMLESS


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
