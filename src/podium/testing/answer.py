"""How a value is said as the answer of a model: as that of an agent's outputs which it fits."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic_ai.messages import TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo
from pydantic_core import PydanticSerializationError, to_jsonable_python

from podium.agents.schema import mismatch
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json, is_object

_RESPONSE = "response"
"""What Pydantic AI puts around an answer that is no object."""
_OUTPUT_TOOL = "final_result"
"""What Pydantic AI calls the tool by which an answer is given; of a union, followed by the name of the type."""
_TEXT = ("text: it is none",)


def jsonable(value: object) -> Json:
    """Return a value of Python as JSON; raises UsageError for one that has none."""
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise UsageError(
            f"Give({value!r}) has no JSON: {error}. Expected a model, a dataclass, an enum, a date or JSON."
        ) from error


def answer(value: object, info: AgentInfo, call_id: str) -> TextPart | ToolCallPart:
    """Return the part of a response that gives a value to an agent; an empty text is no part, and stands for None.

    Raises InvalidValue where it fits none of the agent's outputs, or several of them equally well.
    """
    said = jsonable(value)
    ways = list(_ways(said, info))
    fitting = [way for way in ways if way.objection is None]
    if not fitting and _takes_text(info) and (said is None or isinstance(said, str)):
        return TextPart(said or "")
    best = _best(fitting, _class_name(value))
    if len(best) != 1:
        raise InvalidValue(_objection(said, best, ways, info))
    [way] = best
    return TextPart(json.dumps(way.payload)) if way.tool is None else ToolCallPart(way.tool, way.payload, call_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way of saying a value."""

    tool: str | None
    """The output tool that is called; None for text that holds JSON."""
    name: str
    """The name of the type that it says."""
    payload: Json
    schema: Json
    further: Sequence[str] = ()
    """Fields of it that the type does not know: a model may say them, a script that does is mistaken."""

    @property
    def objection(self) -> str | None:
        """Why it does not fit; None where it does."""
        unknown = f"it has no {', '.join(map(repr, self.further))}" if self.further else None
        return mismatch(self.payload, self.schema) or unknown


def _ways(said: Json, info: AgentInfo) -> Iterator[_Way]:
    for tool in info.output_tools:
        name = tool.parameters_json_schema.get("title", tool.name.removeprefix(f"{_OUTPUT_TOOL}_"))
        yield from _ways_of(said, tool.name, name, tool.parameters_json_schema, outer=tool.outer_typed_dict_key)
    told = info.model_request_parameters.output_object
    if told is None:
        return
    kinds = list(_kinds(told.json_schema))
    for name, data in kinds:
        for payload in (said, {_RESPONSE: said}):
            kind = {"result": {"kind": name, "data": payload}}
            yield _Way(tool=None, name=name, payload=kind, schema=told.json_schema, further=_further(payload, data))
    if not kinds:
        outer = _RESPONSE if {*_fields(told.json_schema)} == {_RESPONSE} else None
        yield from _ways_of(said, None, told.name or "", told.json_schema, outer=outer)


def _ways_of(said: Json, tool: str | None, name: str, schema: Json, *, outer: str | None) -> Iterator[_Way]:
    if outer is not None:
        yield _Way(tool=tool, name=name, payload={outer: said}, schema=schema)
    yield _Way(tool=tool, name=name, payload=said, schema=schema, further=_further(said, schema))


def _kinds(schema: Json) -> Iterator[tuple[str, Json]]:
    """Yield the name of each type of a union that is told in one schema, and its own schema."""
    for each in _fields(schema).get("result", {}).get("anyOf", ()):
        fields = _fields(each)
        yield fields["kind"]["const"], fields["data"]


def _fields(schema: Json) -> Mapping[str, Json]:
    return schema.get("properties", {})


def _further(payload: Json, schema: Json) -> Sequence[str]:
    if not is_object(payload) or schema.get("type") != "object" or schema.get("additionalProperties"):
        return ()
    return sorted(payload.keys() - _fields(schema).keys())


def _best(fitting: Sequence[_Way], name: str) -> Sequence[_Way]:
    """Return the ways of the value's own type if there is one, else all; of one output the first."""
    first = {(way.tool, way.name): way for way in reversed(fitting)}
    return [way for way in first.values() if way.name == name] or [*first.values()]


def _class_name(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _takes_text(info: AgentInfo) -> bool:
    parameters = info.model_request_parameters
    return parameters.allow_text_output and parameters.output_mode in {"text", "tool"}


def _objection(said: Json, best: Sequence[_Way], ways: Sequence[_Way], info: AgentInfo) -> str:
    shown = f"Give({json.dumps(said, ensure_ascii=False)})"
    if best:
        names = " and ".join(sorted(way.name for way in best))
        return f"{shown} fits several outputs of the agent: {names}. Give a value of the Python type that is meant."
    whys = {way.name: f"{way.name}: {way.objection}" for way in reversed(ways)}
    told = [*reversed(whys.values()), *_TEXT * _takes_text(info)]
    return f"{shown} fits none of the outputs of the agent. {'; '.join(told)}."
