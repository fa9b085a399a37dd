"""What people filled into the fields of a form, as JSON, and what of it does not fit."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from podium import lazy
from podium.model.json import Json
from podium.server.pages.fields import UNSET, FieldKind, FormField

jsonschema = lazy.module("jsonschema")

SentForm = Mapping[str, Sequence[str]]
"""What a form sent: texts by the names of its fields."""

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_FILL_IN = "Fill this in."


class _Unreadable(Exception):
    """What was typed is nothing that the field can hold."""


class ReadForm(NamedTuple):
    """What was filled in."""

    value: Json
    error: str
    """What is wrong that no field can tell; empty where nothing is."""
    fits: bool


def read(form: FormField, sent: SentForm, schema: Json) -> ReadForm:
    """Return what was filled in; the fields keep what was typed, and say what of it does not fit the schema."""
    keep(form, sent)
    value = _value(form)
    if any(each.error for each in form.all()):
        return ReadForm(None, "", fits=False)
    if value is UNSET:
        form.error = _FILL_IN
        return ReadForm(None, "", fits=False)
    unplaced = [each for each in _errors(value, schema) if not _placed(form, each)]
    wrong = bool(unplaced) or any(each.error for each in form.all())
    return ReadForm(value, "; ".join(message for _, message in unplaced), fits=not wrong)


def keep(form: FormField, sent: SentForm) -> None:
    """Have what was typed stand in the fields."""
    for each in form.all():
        each.texts = [text.replace("\r\n", "\n") for text in sent.get(each.name, ())]
        each.error = ""


def _errors(value: Json, schema: Json) -> Iterable[tuple[tuple[str, ...], str]]:
    """Return what does not fit: where, and in words."""
    for wrong in jsonschema.Draft202012Validator(schema).iter_errors(value):
        inner = wrong
        while inner.context:
            inner = jsonschema.exceptions.best_match(inner.context)
        yield tuple(str(each) for each in inner.absolute_path), _in_words(inner)


def _placed(form: FormField, wrong: tuple[tuple[str, ...], str]) -> bool:
    """Write an error beside the innermost field that it is about; False where there is none."""
    path, message = wrong
    found = [each for each in form.all() if each.path == path[: len(each.path)] and each.control is not FieldKind.GROUP]
    if not found:
        return False
    max(found, key=lambda each: len(each.path)).error = message
    return True


_WORDS: Mapping[str, str] = {
    "minLength": "Write at least {limit} characters.",
    "maxLength": "Write at most {limit} characters; these are {length}.",
    "minimum": "Give {limit} or more.",
    "maximum": "Give {limit} or less.",
    "exclusiveMinimum": "Give more than {limit}.",
    "exclusiveMaximum": "Give less than {limit}.",
    "multipleOf": "Give a multiple of {limit}.",
    "minItems": "Give at least {limit}.",
    "maxItems": "Give at most {limit}.",
    "pattern": "This is not in the form that is expected: {limit}",
    "required": "Something is missing: {told}.",
}
"""What does not fit, by the rule of the schema that says so."""


def _in_words(wrong: Any) -> str:
    if (wrong.validator, wrong.validator_value) == ("minLength", 1):
        return _FILL_IN
    length = len(wrong.instance) if isinstance(wrong.instance, str) else 0
    form = _WORDS.get(str(wrong.validator), "This does not fit: {told}.")
    return form.format(limit=wrong.validator_value, length=length, told=f"{wrong.message:.300}")


def _value(made: FormField) -> object:
    """Return what stands in a field; UNSET where nothing does."""
    if made.control is FieldKind.GROUP:
        found = {part.path[-1]: each for part in made.parts if (each := _value(part)) is not UNSET}
        return found if found or made.required else UNSET
    try:
        value = _plain_value(made)
    except _Unreadable as unfit:
        made.error = str(unfit)
        return UNSET
    if value is UNSET and made.required:
        if made.control in (FieldKind.CHECKS, FieldKind.LIST):
            return []
        made.error = "Choose one." if made.options else _FILL_IN
    return value


def _plain_value(made: FormField) -> object:
    text = made.text if made.control in (FieldKind.LINES, FieldKind.LINE) else made.text.strip()
    match made.control:
        case FieldKind.RADIOS | FieldKind.SELECT | FieldKind.FLAG:
            return next((each.value for each in made.options if each.name == text), UNSET)
        case FieldKind.CHECKS:
            return [each.value for each in made.options if each.name in made.texts] or UNSET
        case FieldKind.LIST:
            lines = [line.strip() for line in made.text.split("\n") if line.strip()]
            whole = made.schema.get("items", {}).get("type")
            return [line if whole == "string" else _number(line, whole=whole == "integer") for line in lines] or UNSET
        case _ if not text.strip():
            return UNSET
        case FieldKind.NUMBER:
            return _number(text, whole=made.schema.get("type") == "integer")
        case FieldKind.JSON:
            return _json(text)
        case FieldKind.MOMENT:
            return f"{text}{'' if text.count(':') > 1 else ':00'}Z"
        case _:
            return text


def _number(text: str, *, whole: bool) -> Json:
    if not _NUMBER.fullmatch(text):
        raise _Unreadable(f"{text[:40]!r} is no number: write one such as {'12' if whole else '12.5'}.")
    plain = text.replace(",", ".")
    try:
        return int(plain) if not set(plain) & set(".eE") else float(plain)
    except ValueError as error:  # so many digits that Python refuses them
        raise _Unreadable("This number is too long.") from error


def _json(text: str) -> Json:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"This is no JSON: {error}.") from error


def _no_constant(name: str) -> Json:
    raise _Unreadable(f"This is no JSON: {name} is no number there.")
