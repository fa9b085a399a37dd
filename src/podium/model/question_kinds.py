"""The kinds of questions, told by what their answers look like, and the options that people choose among."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from podium.model.json import Json, is_array, is_object


class QuestionKind(StrEnum):
    """What people are asked for; whoever shows a question shows a form that fits."""

    APPROVAL = "approval"
    """Yes or no; the answer may hold a comment, and a `value` in place of the subject where its schema has one."""
    TOOL_CALL = "tool_call"
    """May this tool be used with these arguments? As an approval; `value` are other arguments."""
    PERMISSION = "permission"
    """May a rule let something else pass? As an approval."""
    CHOICE = "choice"
    """One of several options, or several of them."""
    FORM = "form"
    """What fits a JSON Schema: a number, an object with fields, a list."""
    EDIT = "edit"
    """The subject is a draft, and the answer what the person makes of it."""
    TEXT = "text"
    """Free text."""
    IN_DOUBT = "in_doubt"
    """Did an effect happen?"""
    QUESTION = "question"
    """Any JSON."""


DECIDED = (QuestionKind.APPROVAL, QuestionKind.TOOL_CALL, QuestionKind.PERMISSION)
"""The kinds that are answered with yes or no."""

_AS_RECORDED = (QuestionKind.APPROVAL, QuestionKind.EDIT, QuestionKind.IN_DOUBT)
"""The kinds that are recorded under their own names. Others are told by the schema, so that old questions have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the options of a choice."""

    value: Json
    """What the answer says where it is chosen."""
    title: str
    """What people read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What people choose among."""

    options: Sequence[Option]
    several: bool
    """Whether they may choose more than one; the answer is a list then."""


def kind_of(recorded: str, schema: Json, subject: Json, *, about_step: bool) -> QuestionKind:
    """Return the kind of a question, by the kind that was recorded and what an answer looks like."""
    if recorded in _AS_RECORDED:
        return QuestionKind(recorded)
    if recorded == QuestionKind.PERMISSION:
        return QuestionKind.TOOL_CALL if about_step and is_tool_call(subject) else QuestionKind.PERMISSION
    if not is_object(schema) or not schema:
        return QuestionKind.QUESTION
    if options_of(schema) is not None:
        return QuestionKind.CHOICE
    return QuestionKind.TEXT if schema.get("type") == "string" else QuestionKind.FORM


def is_tool_call(subject: Json) -> bool:
    """Whether a subject is the use of a tool: which one, and with which arguments."""
    return is_object(subject) and isinstance(subject.get("tool"), str) and "arguments" in subject


def choice_schema(options: Sequence[Option], *, several: bool) -> Json:
    """Return what an answer looks like that names one of these options, or several of them."""
    titled = any(each.title != each.value for each in options)
    one: dict[str, Json] = {"type": "string"}
    if titled:
        one["oneOf"] = [{"const": each.value, "title": each.title} for each in options]
    else:
        one["enum"] = [each.value for each in options]
    return {"type": "array", "items": one, "minItems": 1, "uniqueItems": True} if several else one


def options_of(schema: Json) -> Options | None:
    """Return the options that an answer of this schema chooses among; None where it is no choice."""
    if not is_object(schema):
        return None
    if schema.get("type") == "array":
        offered = _offered(_resolved(schema.get("items"), schema))
        return None if offered is None else Options(options=offered, several=True)
    offered = _offered(schema)
    return None if offered is None else Options(options=offered, several=False)


def _resolved(part: Json, whole: Json) -> Json:
    """Return what a part of a schema refers to, if it refers to a definition of that."""
    name = part.get("$ref") if is_object(part) else None
    if not isinstance(name, str) or not name.startswith("#/$defs/"):
        return part
    return whole.get("$defs", {}).get(name.removeprefix("#/$defs/"))


def _offered(schema: Json) -> Sequence[Option] | None:
    if not is_object(schema):
        return None
    if is_array(values := schema.get("enum")):
        return tuple(Option(value=each, title=str(each)) for each in values)
    if "const" in schema:
        return (Option(value=schema["const"], title=str(schema.get("title", schema["const"]))),)
    if is_array(parts := schema.get("oneOf")) and parts and all(is_object(each) and "const" in each for each in parts):
        return tuple(Option(value=each["const"], title=str(each.get("title", each["const"]))) for each in parts)
    return None
