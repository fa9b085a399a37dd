"""What a tool is really used with: what its model asked for, or what an answer or a hook put in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_ai.tools import RunContext
from pydantic_ai.toolsets import ToolsetTool
from pydantic_core import to_json

from podium.agents.frameworks.plain import plain, plain_numbers
from podium.agents.pydantic_ai.request import ToolUse
from podium.model.json import Json, encode, is_object


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """The arguments of one use of a tool."""

    values: dict[str, Any]
    """As the tool takes them."""
    put_in: Json = None
    """As JSON, where they are not those that the model wrote; None where they are."""
    told: Json = None
    """Those that an answer put in place of the model's, of which the model is told; None where none did.

    What a hook of the agent puts in is judged as well, and not told: it is a part of the tool, and may be a secret.
    """


def arguments_of(
    use: ToolUse, answered: Json, values: dict[str, Any], tool: ToolsetTool[Any], ctx: RunContext[Any]
) -> ToolArguments:
    """Return what a tool is about to be used with; `answered` is what an answer put in before it was validated."""
    asked = use.sent["arguments"]
    called = asked if answered is None else answered
    really = _as_json(called, values, tool, ctx)
    return ToolArguments(values, None if really == asked else really, None if called == asked else called)


def edited(arguments: Mapping[str, object] | None) -> Json:
    """Return arguments that somebody put in place of those of the model, as JSON."""
    return None if arguments is None else plain_numbers(plain(arguments))


def validated(tool: ToolsetTool[Any], arguments: Json, ctx: RunContext[Any]) -> dict[str, Any]:
    """Return arguments as a tool takes them; raises ValidationError where it does not."""
    return tool.args_validator.validate_json(to_json(arguments), context=ctx.validation_context)


def misfit(tool: str, arguments: Json, error: ValidationError) -> str:
    """Return what a model is told of arguments that were put in place of its own, and that the tool does not take."""
    wrong = "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'all of them'}: {each['msg']}" for each in error.errors(include_url=False)
    )
    said = encode(arguments).decode()
    return f"{tool} was not used: {said} was put in place of your arguments, and {tool} does not take that: {wrong}."


def _as_json(called: Json, values: dict[str, Any], tool: ToolsetTool[Any], ctx: RunContext[Any]) -> Json:
    """Return values as the model would write them: as they were called for, unless a hook changed them after that."""
    now = _flat(values, tool)
    try:
        before = _flat(validated(tool, called, ctx), tool)
    except ValidationError:
        return now
    if now == before:
        return called
    return {name: called[name] if name in called and before.get(name) == now[name] else now[name] for name in now}


def _flat(values: dict[str, Any], tool: ToolsetTool[Any]) -> Json:
    """Return values as JSON, the fields of an only argument as the arguments that they are for the model."""
    said: Json = plain_numbers(plain(values))
    known = tool.tool_def.parameters_json_schema.get("properties", {})
    only = next(iter(said.items())) if len(said) == 1 else ("", None)
    return only[1] if only[0] not in known and is_object(only[1]) else said
