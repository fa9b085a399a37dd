"""Pydantic's core schemas, changed for what is recorded: bytes as base64, sets in order, validators overruled."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import orjson

from podium import lazy
from podium.agents.changes import Free, Freely
from podium.model.json import Json, is_object

if TYPE_CHECKING:
    import pydantic_core
    from pydantic.plugin._schema_validator import PluggableSchemaValidator
    from pydantic_core import core_schema
    from typing_extensions import TypeIs

    Validator = pydantic_core.SchemaValidator | PluggableSchemaValidator
else:
    pydantic_core, core_schema = lazy.module("pydantic_core"), lazy.module("pydantic_core.core_schema")

Validate = Callable[..., Json]
Wrapper = Callable[[Validate], Validate]
_REFUSED = object()
Mask = Callable[[str], str]
_MASKING: list[Mask] = []
CoreSchema = dict[str, Json]
"""A core schema, or a part of one that has a `type` too, such as a field."""

_OPAQUE = frozenset(
    {"cls", "config", "default", "expected", "members", "metadata", "ref", "schema_ref", "serialization"}
)
"""Keys under which there are no schemas of values, or values that may look like one."""
_BASE64: Mapping[str, str] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
_HAVE_CONFIG = frozenset({"model", "dataclass", "typed-dict"})
_SETS = frozenset({"set", "frozenset"})
_WITH_CARE = _SETS | {"bytes", "any"}
_FUNCTIONS = frozenset({"function-after", "function-before", "function-wrap"})
_OF_THE_CLOCK = frozenset({"now_op", "now_utc_offset"})


@dataclass(frozen=True, slots=True)
class Coder:
    """What turns values of one type into JSON and back."""

    validator: "Validator"
    serializer: "pydantic_core.SchemaSerializer"


def parts(schema: CoreSchema) -> Iterator[CoreSchema]:
    """Give a schema and all that are in it."""
    yield schema
    for key, value in schema.items():
        if key in _OPAQUE:
            continue
        for part in _schemas_in(value):
            yield from parts(part)


def needs_care(schema: CoreSchema) -> bool:
    """Whether anything is in it that Pydantic by itself would write so that it does not come back, or in any order."""
    return any(part["type"] in _WITH_CARE for part in parts(schema))


def has_bytes(schema: CoreSchema) -> bool:
    """Whether bytes are in it: what is written of them is base64 only if it is read as JSON text."""
    return any(part["type"] == "bytes" for part in parts(schema))


def has_any(schema: CoreSchema) -> bool:
    """Whether places are in it where anything may stand."""
    return any(part["type"] == "any" for part in parts(schema))


def drops_keys(schema: CoreSchema) -> bool:
    """Whether types are in it that drop keys which they do not know, and do not say so."""
    return any(part["type"] in _HAVE_CONFIG and _says_nothing_of_extra(part) for part in parts(schema))


def asks_validators(schema: CoreSchema) -> bool:
    """Whether validators are in it whose verdict may be another one another time."""
    return any(
        (part["type"] in _FUNCTIONS and _may_change_its_mind(part)) or _OF_THE_CLOCK & part.keys() or _post_init(part)
        for part in parts(schema)
    )


def excluded(schema: CoreSchema) -> list[str]:
    """Return the fields that are left out of what is written, as their author wants it."""
    found = [(name, part) for name, part in _fields(schema) if part.get("serialization_exclude") is True]
    return sorted({name for name, _ in found})


def private(schema: CoreSchema) -> list[str]:
    """Return the private attributes of models in it, of which nothing is written."""
    models = (part["cls"] for part in parts(schema) if part["type"] == "model")
    return sorted({f"{cls.__name__}.{name}" for cls in models for name in cls.__private_attributes__})


def masked(schema: CoreSchema) -> list[str]:
    """Return the fields that are written otherwise than they are on purpose, as their serializer says."""
    return sorted({name for name, field in _fields(schema) if any(_masks(part) for part in parts(field))})


def kept(schema: CoreSchema, free: Free) -> CoreSchema:
    """Return a schema that writes bytes as base64, sets in order, and what is of any type as `free` says.

    Types that say themselves how they are written are left alone.
    """
    return _changed(schema, lambda part: _kept(part, free))


def demanding(schema: CoreSchema) -> CoreSchema:
    """Return a schema that refuses keys which it does not know, unless a type says that they are to be ignored."""
    return _changed(schema, _demanding)


def marked(schema: CoreSchema) -> CoreSchema:
    """Return a schema that reads `Freely` where anything may stand: what is written there was looked at by itself.

    Keys are not, as all of them are written as text.
    """
    return _changed(schema, _marked, _OPAQUE | {"keys_schema"})


def tells_tuples(schema: CoreSchema) -> bool:
    """Whether a tuple is one choice of several in it, so that a list is not the same."""
    unions = (part["choices"] for part in parts(schema) if part["type"] == "union")
    return any("tuple" in [next(_schemas_in(each))["type"] for each in choices] for choices in unions)


def tells_enums(schema: CoreSchema) -> bool:
    """Whether an enum may be one choice of several in it, so that its value is not the same."""
    found = list(parts(schema))
    literals = [{isinstance(each, Enum) for each in part["expected"]} for part in found if part["type"] == "literal"]
    kinds = {part["type"] for part in found}
    return {True, False} in literals or (
        "union" in kinds and ("enum" in kinds or any(True in each for each in literals))
    )


def has_floats(schema: CoreSchema) -> bool:
    """Whether numbers are in it that are taken for floats."""
    return any(part["type"] == "float" for part in parts(schema))


def narrow(schema: CoreSchema) -> CoreSchema:
    """Return a schema whose floats are those that integers surely are equal to; it looks into instances too."""
    return _changed(schema, _narrow)


def goes_once(schema: CoreSchema) -> bool:
    """Whether something is in it that can be gone through only once."""
    return any(part["type"] == "generator" for part in parts(schema))


def masking(function: Mask) -> Mask:
    """Mark a serializer that changes what is written on purpose: what it takes out need not come back."""
    _MASKING.append(function)
    return function


def overruled(schema: CoreSchema) -> CoreSchema:
    """Return a schema that takes what was valid when it was recorded, whatever validators say of it now.

    What a validator makes of another type, such as a path of a text, is made; where it refuses, or gives another value
    of the same type, what was recorded stands. Constraints that ask no function (`gt`, `max_length`) hold.
    """
    return _changed(schema, lambda part: _overruled(part, _after))


def unrefused(schema: CoreSchema) -> CoreSchema:
    """Return a schema that has validators change values as they do, and overrules only those that refuse one."""
    return _changed(schema, lambda part: _overruled(part, _unless_refused))


def coder_of(schema: CoreSchema) -> Coder:
    """Return what turns values into JSON and back as a schema says."""
    # Else the validators that classes have already would be taken for the parts of the schema that describe them.
    core: Json = pydantic_core
    made = [make(schema, _BASE64, _use_prebuilt=False) for make in (core.SchemaValidator, core.SchemaSerializer)]
    return Coder(*made)


def _fields(schema: CoreSchema) -> Iterator[tuple[str, CoreSchema]]:
    for part in parts(schema):
        if part["type"] == "model" and part["schema"]["type"] == "model-fields":
            for name, field in part["schema"]["fields"].items():
                yield f"{part['cls'].__name__}.{name}", field
        elif part["type"] == "dataclass" and part["schema"]["type"] == "dataclass-args":
            for field in part["schema"]["fields"]:
                yield f"{part['cls'].__name__}.{field['name']}", field


def _schemas_in(value: Json) -> Iterator[CoreSchema]:
    if is_object(value):
        if isinstance(value.get("type"), str):
            yield value
        else:
            for each in value.values():
                yield from _schemas_in(each)
    elif is_several(value):
        for each in value:
            yield from _schemas_in(each)


def is_several(value: object) -> "TypeIs[Sequence[Json]]":
    """Whether a value is a list or tuple."""
    return isinstance(value, list | tuple)


def _changed(value: Json, change: Callable[[CoreSchema], CoreSchema], opaque: frozenset[str] = _OPAQUE) -> Json:
    """Return a copy in which each schema was changed, the inner ones first."""
    if is_object(value):
        new = {key: part if key in opaque else _changed(part, change, opaque) for key, part in value.items()}
        return change(new) if isinstance(value.get("type"), str) else new
    if not is_several(value):
        return value
    parts = [_changed(part, change, opaque) for part in value]
    return tuple(parts) if isinstance(value, tuple) else parts


# Bytes and sets


def _kept(schema: CoreSchema, free: Free) -> CoreSchema:
    if schema["type"] in _HAVE_CONFIG:
        return schema | {"config": {**_BASE64, **schema.get("config", {})}}
    if schema["type"] in _SETS and "serialization" not in schema:
        inner: Json = {key: value for key, value in schema.items() if key != "ref"}
        in_order = core_schema.wrap_serializer_function_ser_schema(_in_order, schema=inner, when_used="json")
        return schema | {"serialization": in_order}
    if schema["type"] == "any" and "serialization" not in schema:
        return schema | {"serialization": core_schema.plain_serializer_function_ser_schema(free, when_used="json")}
    keys = schema.get("keys_schema", {})
    if keys.get("serialization", {}).get("function") is free:  # a key is text, however it is written
        return schema | {"keys_schema": {key: part for key, part in keys.items() if key != "serialization"}}
    return schema


def _marked(schema: CoreSchema) -> CoreSchema:
    is_any = schema["type"] == "any" and "serialization" not in schema
    is_or_any = schema["type"] == "union" and any(_is_free(each) for each in schema["choices"])
    return {**core_schema.no_info_plain_validator_function(Freely)} if is_any or is_or_any else schema


def _is_free(choice: Json) -> bool:
    schema = next(_schemas_in(choice))
    return schema["type"] == "function-plain" and schema["function"]["function"] is Freely


def _demanding(schema: CoreSchema) -> CoreSchema:
    if schema["type"] in _HAVE_CONFIG and _says_nothing_of_extra(schema):
        config = {**schema.get("config", {}), "extra_fields_behavior": "forbid"}
        return schema | {"config": config} | ({"extra_behavior": "forbid"} if schema["type"] == "typed-dict" else {})
    return schema


def _says_nothing_of_extra(schema: CoreSchema) -> bool:
    said = schema.get("config", {}).get("extra_fields_behavior")
    return said is None and schema.get("extra_behavior", "ignore") == "ignore"  # typed dicts always say something


def _masks(schema: CoreSchema) -> bool:
    return schema.get("serialization", {}).get("function") in _MASKING


def _in_order(value: Json, handler: Callable[[Json], list[Json]]) -> list[Json]:
    return in_order(handler(value))


def in_order(members: Iterable[Json]) -> list[Json]:
    """Return members of a set by the order of their JSON: the order in which it has them is another in each process."""
    return sorted(members, key=_place_among_members)


def _place_among_members(member: Json) -> bytes:
    try:
        return orjson.dumps(member, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # is refused where all of it is written
        return b""


# Floats


_EXACT_BELOW = 2.0**53


def _narrow(schema: CoreSchema) -> CoreSchema:
    if schema["type"] == "float":
        return schema | {"gt": -_EXACT_BELOW, "lt": _EXACT_BELOW}
    return schema | {"revalidate_instances": "always"} if schema["type"] in ("model", "dataclass") else schema


# Validators


def _overruled(schema: CoreSchema, change: Wrapper) -> CoreSchema:
    if _OF_THE_CLOCK & schema.keys():
        schema = {key: value for key, value in schema.items() if key not in _OF_THE_CLOCK}
    if name := _post_init(schema):
        after: Json = {key: value for key, value in schema.items() if key not in ("post_init", "ref")}
        made = core_schema.no_info_after_validator_function(_initialised(name), after)
        return {**made, "ref": schema["ref"]} if "ref" in schema else {**made}
    if schema["type"] not in _FUNCTIONS or not _may_change_its_mind(schema):
        return schema
    function = schema["function"]
    wrapper = {"function-after": change, "function-before": _unless_refused, "function-wrap": _around}[schema["type"]]
    return schema | {"function": {**function, "function": wrapper(function["function"])}}


def _may_change_its_mind(schema: CoreSchema) -> bool:
    """Whether a function is a user's, or looks at files; those of Pydantic that make values of texts always agree."""
    function = schema["function"]["function"]
    looks = getattr(function, "__qualname__", "").startswith("PathType.validate_")
    return looks or not (getattr(function, "__module__", None) or "").startswith("pydantic")


def _post_init(schema: CoreSchema) -> str:
    """Return the name of a method that is called when an instance is made, if it is called with nothing but that."""
    name = schema.get("post_init")
    if schema["type"] not in ("model", "dataclass") or not name:
        return ""
    name = "__post_init__" if name is True else name
    method = getattr(schema["cls"], name, None)
    asked_for_more = any(part.get("init_only") for part in _schemas_in(schema["schema"].get("fields", [])))
    return "" if asked_for_more or getattr(method, "__name__", "") == "init_private_attributes" else name


def _initialised(name: str) -> Callable[[Json], Json]:
    arguments = () if name == "__post_init__" else (None,)

    def initialise(made: Json) -> Json:
        with suppress(Exception):  # foreign code; what was recorded stands
            getattr(made, name)(*arguments)
        return made

    return initialise


def _after(function: Validate) -> Validate:
    def after(value: Json, *info: Json) -> Json:
        made = _asked(function, value, *info)
        return value if made is _REFUSED or type(made) is type(value) else made

    return after


def _unless_refused(function: Validate) -> Validate:
    def changed(value: Json, *info: Json) -> Json:
        made = _asked(function, value, *info)
        return value if made is _REFUSED else made

    return changed


def _around(function: Validate) -> Validate:
    def around(value: Json, handler: Validate, *info: Json) -> Json:
        made = _asked(function, value, handler, *info)
        return handler(value) if made is _REFUSED else made

    return around


def _asked(function: Validate, *arguments: Json) -> Json:
    with suppress(Exception):  # foreign code; what was recorded stands
        return function(*arguments)
    return _REFUSED
