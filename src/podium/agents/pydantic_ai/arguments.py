"""What a tool is really used with: what its model asked for, or what an answer or a hook put in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

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
    hidden: tuple[str, ...] = ()
    """The arguments that a hook put in and that JSON does not show as they are: no rule can judge them."""


def arguments_of(
    use: ToolUse, answered: Json, values: dict[str, Any], tool: ToolsetTool[Any], ctx: RunContext[Any]
) -> ToolArguments:
    """Return what a tool is about to be used with; `answered` is what an answer put in before it was validated."""
    asked = use.sent["arguments"]
    called = asked if answered is None else answered
    before = _taken(called, tool, ctx)
    changed = (
        values if before is None else {name: each for name, each in values.items() if _differs(name, each, before)}
    )
    if not changed and before is not None and before.keys() == values.keys():
        return ToolArguments(values, None if called == asked else called, None if called == asked else called)
    really = _as_json(called, values, before, tool)
    shown = _taken(really, tool, ctx)
    hidden = tuple(
        name
        for name, each in changed.items()
        if not _is_json(each) and (shown is None or _differs(name, each, shown))
        if not any(_is_never_same(name, each, tool, ctx) for each in (called, really))
    )
    return ToolArguments(values, None if really == asked else really, None if called == asked else called, hidden)


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


def unjudged(tool: str, hidden: tuple[str, ...]) -> str:
    """Return why a tool is not used with arguments that no rule can judge."""
    return (
        f"{tool} was not used: a hook put in {', '.join(hidden)}, which JSON does not show as it is, so no rule can "
        "judge it. Have the hook put in what the tool's own schema can say."
    )


def _taken(arguments: Json, tool: ToolsetTool[Any], ctx: RunContext[Any]) -> dict[str, Any] | None:
    """Return arguments as a tool takes them; None where it does not."""
    try:
        return validated(tool, arguments, ctx)
    except ValidationError:
        return None


def _is_never_same(name: str, arguments: Json, tool: ToolsetTool[Any], ctx: RunContext[Any]) -> bool:
    """Whether an argument is another value each time that the same is validated: then it does not tell of a hook."""
    first, second = _taken(arguments, tool, ctx), _taken(arguments, tool, ctx)
    return first is not None and second is not None and name in first and _differs(name, first[name], second)


def _differs(name: str, value: object, others: dict[str, Any]) -> bool:
    return name not in others or not _is_same(value, others[name])


def _is_same(one: object, other: object) -> bool:
    """Whether two values are equal; of objects that are equal to themselves only, whether they hold the same."""
    if type(one) is not type(other):
        return False
    if one is other or one == other:
        return True
    held, its_own = _held(one), _held(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        mine, its = cast("Mapping[object, object]", one), cast("Mapping[object, object]", other)
        return mine.keys() == its.keys() and all(_is_same(each, its[key]) for key, each in mine.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        here, there = cast("Sequence[object]", one), cast("Sequence[object]", other)
        return len(here) == len(there) and all(map(_is_same, here, there))
    return held is not None and _is_same(held, its_own)


def _held(value: object) -> object:
    """Return what an object holds, in its `__dict__` and its slots; None if nothing."""
    return object.__getstate__(value)


def _is_json(value: object) -> bool:
    """Whether a value is JSON already, so that it is shown as it is."""
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return all(isinstance(key, str) and _is_json(each) for key, each in items)
    if isinstance(value, list):
        return all(map(_is_json, cast("list[object]", value)))
    return value is None or type(value) in (str, int, float, bool)


def _as_json(called: Json, values: dict[str, Any], before: dict[str, Any] | None, tool: ToolsetTool[Any]) -> Json:
    """Return values as the model would write them: as they were called for, unless a hook changed them after that."""
    now = _flat(values, tool)
    if before is None:
        return now
    was = _flat(before, tool)
    if now == was:
        return called
    return {name: called[name] if name in called and was.get(name) == now[name] else now[name] for name in now}


def _flat(values: dict[str, Any], tool: ToolsetTool[Any]) -> Json:
    """Return values as JSON, the fields of an only argument as the arguments that they are for the model."""
    said: Json = plain_numbers(plain(values))
    known = tool.tool_def.parameters_json_schema.get("properties", {})
    only = next(iter(said.items())) if len(said) == 1 else ("", None)
    return only[1] if only[0] not in known and is_object(only[1]) else said
