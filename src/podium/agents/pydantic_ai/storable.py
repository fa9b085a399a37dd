"""What a model may say and JSON cannot hold: brought into a form that can be recorded, before anybody sees it."""

import json
from collections.abc import Mapping
from dataclasses import replace

from pydantic_ai.durable_exec import JSON_CODEC
from pydantic_ai.messages import ModelResponse, ModelResponsePart, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.usage import RequestUsage

from podium.agents.frameworks.plain import plain_numbers, whole
from podium.model.budget import MOST_COUNT
from podium.model.json import Json


def storable(response: ModelResponse) -> ModelResponse:
    """Return a response with `?` for each half of a character, and arguments with large numbers as text of JSON.

    A usage that no store can hold is none that was told.
    """
    counts = [
        value for value in (*vars(response.usage).values(), *response.usage.details.values()) if value is not None
    ]
    if any(isinstance(count, int) and count > MOST_COUNT for count in counts):
        response = replace(response, usage=RequestUsage(unmeasured_requests=1))
    parts = [_part(part) for part in response.parts]
    if all(now is was for now, was in zip(parts, response.parts, strict=True)):
        return response
    return replace(response, parts=parts)


def recordable(response: ModelResponse) -> Json:
    """Return a response as it is recorded: what can be stored of it, without fields that say nothing."""
    told: Json = JSON_CODEC.dump(ModelResponse, storable(response))
    return {**telling(told), "parts": [telling(each) for each in told["parts"]]}


def telling(message: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields of a message, or a part, that are not just as they are by default."""
    kept = {name: each for name, each in message.items() if name == "content" or each is not None}
    if "usage" in kept:
        kept["usage"] = {name: each for name, each in kept["usage"].items() if each}
    return kept


def _part(part: ModelResponsePart) -> ModelResponsePart:
    match part:
        case TextPart() | ThinkingPart():
            content = whole(part.content)
            return part if content is part.content else replace(part, content=content)
        case ToolCallPart():
            said: Json = part.args
            args = _arguments(said)
            return part if args is part.args else replace(part, args=args)
        case _:
            return part


def _arguments(args: Json) -> Json:
    if isinstance(args, str):
        return whole(args)
    return args if plain_numbers(args) == args else json.dumps(args)
