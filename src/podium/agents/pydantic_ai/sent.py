"""What a model request sends, as it is recorded for people: all that the model sees, as it differs from before."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic_ai.messages import InstructionPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings, merge_model_settings

from podium.agents.frameworks.plain import plain
from podium.agents.frameworks.sent import LastSent
from podium.agents.pydantic_ai.request import tool_described
from podium.model.json import Json
from podium.model.sent import CONTEXT

_NOT_TOLD = frozenset({"max_retries", "extra_headers"})
"""Settings that say nothing: the first is always 0. Headers may hold secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent:
    """What was sent last in a scope, and what it was made of."""

    asked: Mapping[str, Json]
    """As `model_input` gives it."""
    made_of: object
    """What all but the messages was made of."""
    sent: LastSent


def sending(
    last: RequestSent | None, agent: str, place: str, asked: Mapping[str, Json], model: Model[object],
    settings: ModelSettings | None, parameters: ModelRequestParameters, context: Json = None,
) -> RequestSent:  # fmt: skip
    """Return a request as it is sent, after the last one in its scope.

    `context` is what rules did to its messages; None where there are no rules.
    """
    made_of = (
        [asked[name] for name in ("model", "tools", "native_tools", "output")], settings, parameters.instruction_parts,
        None if parameters.instruction_parts is not None else own_instructions(asked["messages"]),
        frozenset(parameters.revealed_tool_names),  # a tool that was found by a search is offered from then on
    )  # fmt: skip
    if last is not None and last.made_of == made_of:
        said = {**last.sent.said, "messages": asked["messages"]}
    else:
        said = {"agent": agent, **_but_messages(asked, model, settings, parameters), "messages": asked["messages"]}
    if context is not None:
        said[CONTEXT] = context
    return RequestSent(asked=asked, made_of=made_of, sent=LastSent(place=place, said=said))


def answered(last: RequestSent | None, asked: Mapping[str, Json], response: Mapping[str, Json]) -> RequestSent | None:
    """Return what was sent last with its answer, if it is what was asked; another one may have been sent meanwhile."""
    if last is None or last.asked is not asked:
        return last
    return replace(last, sent=last.sent.answered(response))


def _but_messages(
    asked: Mapping[str, Json], model: Model[object], settings: ModelSettings | None, parameters: ModelRequestParameters
) -> dict[str, Json]:
    """Return what is sent besides messages, as the model's adapter makes it of its own settings and what is given."""
    prepared = parameters
    with suppress(Exception):  # a foreign model that refuses this has said so when it was asked
        _, prepared = model.prepare_request(settings, parameters)
    merged = merge_model_settings(model.settings, settings) or {}
    instructions = _joined(prepared.instruction_parts)
    return {
        "model": asked["model"],
        "instructions": own_instructions(asked["messages"]) if instructions is None else instructions,
        "settings": plain({name: value for name, value in merged.items() if name not in _NOT_TOLD}),
        "tools": [tool_described(each) for each in prepared.declared_function_tools],
        "native_tools": asked["native_tools"],
        "output": _output(prepared),
    }


def _joined(parts: Sequence[InstructionPart] | None) -> str | None:
    return None if parts is None else "\n\n".join(each.content for each in parts)


def own_instructions(messages: Sequence[Json]) -> str:
    """Return the instructions of the last request that has any: those of code that asks a model without an agent."""
    known = (each["instructions"] for each in reversed(messages) if each["kind"] == "request")
    return next((each for each in known if each), "")


def _output(parameters: ModelRequestParameters) -> Json:
    """Return how an answer is to be given: by which tools, or by which JSON Schema; None is text."""
    if parameters.output_tools:
        return {"mode": "tool", "tools": [tool_described(each) for each in parameters.output_tools]}
    if parameters.output_object is not None:
        return {"mode": parameters.output_mode, "schema": parameters.output_object.json_schema}
    return None
