"""A form for what fits a JSON Schema: the fields, and what stands in them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from podium.model.json import Json, is_array, is_object

_DEEPEST = 3
"""Objects inside one another that are shown as fields; what is deeper is a field with JSON."""
_CHOSEN_AT_A_GLANCE = 6
"""More options than these stand in a list to open."""
_LONG = 120
"""Characters from which on a text is given more than one line."""
UNSET = object()
"""That nothing stands in a field."""


class FieldKind(StrEnum):
    """How a field is filled in."""

    LINE = "line"
    LINES = "lines"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "datetime-local"
    TIME = "time"
    EMAIL = "email"
    ADDRESS = "url"
    FLAG = "flag"
    RADIOS = "radios"
    SELECT = "select"
    CHECKS = "checks"
    LIST = "list"
    """A text with an item in each line."""
    GROUP = "group"
    JSON = "json"


_FORMATS = {
    "date": FieldKind.DATE, "date-time": FieldKind.MOMENT, "time": FieldKind.TIME, "email": FieldKind.EMAIL,
    "uri": FieldKind.ADDRESS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOption:
    """One of several that can be chosen."""

    name: str
    """What the form sends: its place."""
    title: str
    value: Json


@dataclass(slots=True, kw_only=True)
class FormField:
    """A field of a form, or a group of them."""

    name: str
    """What the form sends it as: its path."""
    path: tuple[str, ...]
    """Where its value stands in the answer."""
    label: str
    control: FieldKind
    schema: Mapping[str, Json]
    help: str = ""
    required: bool = False
    options: Sequence[FormOption] = ()
    parts: "Sequence[FormField]" = ()
    texts: list[str] = field(default_factory=list[str])
    """What stands in it."""
    error: str = ""

    @property
    def text(self) -> str:
        """What stands in a field that has one value."""
        return self.texts[0] if self.texts else ""

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"f-{self.name.replace('/', '-')}"

    @property
    def rows(self) -> int:
        """How many lines are shown of a text."""
        return min(max(3, sum(1 + len(line) // 70 for line in self.text.split("\n")) + 1), 20)

    def all(self) -> "Iterator[FormField]":
        """Give itself and all that is inside of it."""
        yield self
        for part in self.parts:
            yield from part.all()


def field_of(
    schema: Json, *, label: str, name: str = "answer", value: object = UNSET, required: bool = True
) -> FormField:
    """Return the field, or group of fields, with which people fill in what fits a schema; `value` stands in it."""
    return _Fields(schema).field(schema, name, (), label, value, required=required)


class _Fields:
    """Makes the fields of one schema."""

    def __init__(self, whole: Json) -> None:
        self._whole: Json = whole

    def field(
        self, schema: Json, name: str, path: tuple[str, ...], label: str, value: object, *, required: bool
    ) -> FormField:
        plain = self._plain(schema)
        if value is UNSET and "default" in plain:
            value = plain["default"]
        control, options = self._control(plain, len(path), value)
        made = FormField(
            name=name, path=path, label=str(plain.get("title") or label), control=control, schema=plain,
            help=str(plain.get("description") or ""), required=required, options=options,
        )  # fmt: skip
        if control is FieldKind.GROUP:
            made.parts = self._parts(plain, made, value)
        elif value is not UNSET:
            made.texts = _texts(made, value)
        return made

    def _parts(self, schema: Mapping[str, Json], group: FormField, value: object) -> Sequence[FormField]:
        needed, within = schema.get("required", ()), value if is_object(value) else {}
        return [
            self.field(
                part, f"{group.name}/{key}", (*group.path, key), _label(key), within.get(key, UNSET),
                required=key in needed,
            )
            for key, part in schema["properties"].items()
        ]  # fmt: skip

    def _plain(self, schema: Json) -> Mapping[str, Json]:
        """Return a schema without what stands around it: references, and that it may be null."""
        found: dict[str, Json] = dict(schema) if is_object(schema) else {}
        for _ in range(10):
            if isinstance(name := found.get("$ref"), str) and name.startswith("#/$defs/"):
                rest = {key: each for key, each in found.items() if key != "$ref"}
                found = {**self._whole.get("$defs", {}).get(name.removeprefix("#/$defs/"), {}), **rest}
            elif (only := _but_null(found)) is not None:
                rest = {key: each for key, each in found.items() if key != "anyOf"}
                found = {**only, **{k: v for k, v in rest.items() if not (k == "default" and v is None)}}
            else:
                return found
        return {}

    def _control(self, schema: Mapping[str, Json], depth: int, value: object) -> tuple[FieldKind, Sequence[FormOption]]:
        if options := _options(schema):
            return (FieldKind.RADIOS if len(options) <= _CHOSEN_AT_A_GLANCE else FieldKind.SELECT), options
        match schema.get("type"):
            case "string":
                return _of_text(schema, value), ()
            case "integer" | "number":
                return FieldKind.NUMBER, ()
            case "boolean":
                return FieldKind.FLAG, _FLAG
            case "array":
                return self._of_array(schema)
            case "object" if _is_group(schema) and depth < _DEEPEST:
                return FieldKind.GROUP, ()
            case _:
                return FieldKind.JSON, ()

    def _of_array(self, schema: Mapping[str, Json]) -> tuple[FieldKind, Sequence[FormOption]]:
        items = self._plain(schema.get("items"))
        if (options := _options(items)) and schema.get("uniqueItems"):
            return FieldKind.CHECKS, options
        if items.get("type") in ("string", "integer", "number") and not options:
            return FieldKind.LIST, ()
        return FieldKind.JSON, ()


_FLAG = (FormOption(name="1", title="Yes", value=True), FormOption(name="0", title="No", value=False))


def _but_null(schema: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """Return the only alternative beside null of a schema."""
    choices = schema.get("anyOf")
    if not is_array(choices):
        return None
    others = [each for each in choices if each != {"type": "null"}]
    return others[0] if len(others) == 1 and is_object(others[0]) else None


def _is_group(schema: Mapping[str, Json]) -> bool:
    """Whether the properties of an object are all that it has, or needs."""
    return (
        bool(schema.get("properties"))
        and not is_object(schema.get("additionalProperties"))
        and not any(name in schema for name in ("oneOf", "anyOf", "patternProperties"))
    )


def _options(schema: Mapping[str, Json]) -> Sequence[FormOption]:
    if is_array(values := schema.get("enum")):
        return [FormOption(name=str(n), title=_title(each), value=each) for n, each in enumerate(values)]
    if "const" in schema:
        return [FormOption(name="0", title=str(schema.get("title") or _title(schema["const"])), value=schema["const"])]
    if is_array(parts := schema.get("oneOf")) and parts and all(is_object(each) and "const" in each for each in parts):
        return [
            FormOption(name=str(n), title=str(each.get("title") or _title(each["const"])), value=each["const"])
            for n, each in enumerate(parts)
        ]
    return ()


def _title(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_text(schema: Mapping[str, Json], value: object) -> FieldKind:
    if (known := _FORMATS.get(str(schema.get("format")))) is not None:
        return known
    short = schema.get("maxLength", _LONG + 1) <= _LONG or "pattern" in schema
    fits = not isinstance(value, str) or (len(value) <= _LONG and "\n" not in value)
    return FieldKind.LINE if short and fits else FieldKind.LINES


def _label(key: str) -> str:
    """Return the name of a property as people read it."""
    words = key.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else key


def _texts(made: FormField, value: object) -> list[str]:
    """Return what stands in a field that has a value."""
    match made.control:
        case FieldKind.RADIOS | FieldKind.SELECT | FieldKind.FLAG:
            return [each.name for each in made.options if _is_same(each.value, value)]
        case FieldKind.CHECKS:
            chosen = value if is_array(value) else []
            return [each.name for each in made.options if any(_is_same(each.value, one) for one in chosen)]
        case FieldKind.LIST if is_array(value):
            return ["\n".join(each if isinstance(each, str) else json.dumps(each) for each in value)]
        case FieldKind.JSON:
            return [json.dumps(value, ensure_ascii=False, indent=2)]
        case FieldKind.MOMENT if isinstance(value, str):
            return [value.removesuffix("Z").partition("+")[0]]
        case _ if value is None:
            return []
        case _:
            return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]


def _is_same(one: object, other: object) -> bool:
    """Whether two JSON values are one: true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
