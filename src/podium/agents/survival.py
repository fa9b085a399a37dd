"""Which values certainly come back as they were written: told by the type where it can, else by a quick look."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from podium.agents.core_schemas import CoreSchema, has_any, parts
from podium.agents.jsonable import text_fits
from podium.model.json import Json

SurvivalTest = Callable[[Json], bool]
"""Whether a value of the type certainly comes back; where it does not say so, the value has to be written and read."""

_JSON = frozenset({"str", "int", "bool", "none", "float"})
_EXACT = _JSON | {"date", "uuid", "decimal", "bytes", "timedelta", "any"}
_WRAPPERS = frozenset({"nullable", "default"})
_MINUTE = timedelta(minutes=1)


class _NotKnown(Exception):
    """Nothing can be said of a type but by its values."""


def look_of(schema: CoreSchema) -> SurvivalTest | None:
    """Return the look that is enough for values of a type; None where they all come back."""
    try:
        return _Looks().of(schema)
    except _NotKnown:
        return _never


_BOUNDS = frozenset(
    {
        "allow_inf_nan", "decimal_places", "ge", "gt", "le", "lt", "max_digits", "max_length", "min_length",
        "multiple_of", "now_op", "pattern", "strip_whitespace", "to_lower", "to_upper", "tz_constraint",
    }
)  # fmt: skip


def may_be_out_of_bounds(schema: CoreSchema) -> bool:
    """Whether instances of a type may hold what it refuses when it is read: Pydantic takes them as they are."""
    found = list(parts(schema))
    return any(part["type"] in ("model", "dataclass") for part in found) and any(map(_is_bounded, found))


def _is_bounded(part: CoreSchema) -> bool:
    config: CoreSchema = part.get("config") or {}
    return part["type"] == "decimal" or bool(_BOUNDS & part.keys()) or any(name.startswith("str_") for name in config)


def _never(_: Json) -> bool:
    return False


def _date_comes_back(value: datetime) -> bool:
    """Whether a time can be written: of an offset only whole minutes are, and of a clock without one no fold."""
    offset = value.utcoffset()
    return not (value.fold or value.tzinfo) if offset is None else not offset % _MINUTE


def _texts_fit(keys: Iterable[str]) -> bool:
    return text_fits("".join(keys))


def _are_texts(keys: Iterable[object]) -> bool:
    return all(type(key) is str and text_fits(key) for key in keys)


class _Looks:
    """Makes looks, those of types that refer to themselves too."""

    def __init__(self) -> None:
        self._defined: Mapping[str, CoreSchema] = {}
        self._made: dict[str, SurvivalTest | None] = {}

    def of(self, schema: CoreSchema) -> SurvivalTest | None:
        """Return the look for a schema; raises _NotKnown."""
        kind = schema["type"]
        if "serialization" in schema:
            raise _NotKnown
        if kind in _EXACT or (kind == "literal" and {type(each) for each in schema["expected"]} <= {str, int, bool}):
            return None
        if kind in _WRAPPERS:
            return self._nullable(self.of(schema["schema"]))
        make = _MAKERS.get(kind)
        if make is None:
            raise _NotKnown
        return make(self, schema)

    def definitions(self, schema: CoreSchema) -> SurvivalTest | None:
        self._defined = {each["ref"]: each for each in schema["definitions"]}
        return self.of(schema["schema"])

    def reference(self, schema: CoreSchema) -> SurvivalTest | None:
        ref = schema["schema_ref"]
        if ref not in self._made:
            self._made[ref] = lambda value: (look := self._made[ref]) is None or look(value)  # it refers to itself
            self._made[ref] = self.of(self._defined[ref])
        return self._made[ref]

    def union(self, schema: CoreSchema) -> SurvivalTest | None:
        """Only of what JSON itself tells apart."""
        parts: list[Json] = schema["choices"]
        choices: list[CoreSchema] = [each[0] if isinstance(each, tuple) else each for each in parts]
        if {each["type"] for each in choices} <= _JSON and not any("serialization" in each for each in choices):
            return None
        raise _NotKnown

    def items(self, schema: CoreSchema) -> SurvivalTest | None:
        parts: CoreSchema | list[CoreSchema] | None = schema.get("items_schema")
        if parts is None:
            raise _NotKnown
        if isinstance(parts, dict):
            return _each(self.of(parts))
        looks = [self.of(part) for part in parts]
        if not any(looks):
            return None
        if schema.get("variadic_item_index") is not None:
            raise _NotKnown
        return lambda value: all(look is None or look(part) for look, part in zip(looks, value, strict=True))

    def members(self, schema: CoreSchema) -> SurvivalTest | None:
        inner = schema.get("items_schema")
        if inner is None or self.of(inner) is not None or has_any(inner):  # a list, of a tuple, is no member of a set
            raise _NotKnown
        return None

    def mapping(self, schema: CoreSchema) -> SurvivalTest | None:
        keys, values = schema.get("keys_schema"), schema.get("values_schema")
        if keys is None or values is None or keys["type"] not in ("str", "any") or "serialization" in keys:
            raise _NotKnown
        look, fit = _each(self.of(values)), _texts_fit if keys["type"] == "str" else _are_texts
        if look is None:
            return fit
        return lambda value: fit(value) and look(value.values())

    def time(self, schema: CoreSchema) -> SurvivalTest | None:
        return _date_comes_back

    def enum(self, schema: CoreSchema) -> SurvivalTest | None:
        values = [each.value for each in schema["members"]]
        if "missing" in schema or not {type(each) for each in values} <= {str, int}:
            raise _NotKnown
        return None

    def typed_dict(self, schema: CoreSchema) -> SurvivalTest | None:
        looks = self._fields(schema["fields"].items())
        return lambda value: all(look(value[name]) for name, look in looks if name in value)

    def model(self, schema: CoreSchema) -> SurvivalTest | None:
        fields = schema["schema"]
        extra = schema.get("config", {}).get("extra_fields_behavior")
        if fields["type"] != "model-fields" or schema.get("custom_init") or schema.get("post_init") or extra == "allow":
            raise _NotKnown
        return _instance(schema["cls"], self._fields(fields["fields"].items()))

    def dataclass(self, schema: CoreSchema) -> SurvivalTest | None:
        fields = schema["schema"]
        if fields["type"] != "dataclass-args" or schema.get("post_init"):
            raise _NotKnown
        named, cls = [(each["name"], each) for each in fields["fields"]], schema["cls"]
        look, most = _instance(cls, self._fields(named)), len(named)
        if not cls.__dictoffset__:
            return look
        return lambda value: look(value) and len(value.__dict__) <= most

    def _fields(self, fields: Iterable[tuple[str, CoreSchema]]) -> list[tuple[str, SurvivalTest]]:
        looks: list[tuple[str, SurvivalTest]] = []
        for name, field in fields:
            if field.get("serialization_exclude") or field.get("init_only") or field.get("init") is False:
                raise _NotKnown
            if field.get("serialization_alias") != field.get("validation_alias"):
                raise _NotKnown
            if (look := self.of(field["schema"])) is not None:
                looks.append((name, look))
        return looks

    @staticmethod
    def _nullable(look: SurvivalTest | None) -> SurvivalTest | None:
        return look and (lambda value: value is None or look(value))


_MAKERS: Mapping[str, Callable[[_Looks, CoreSchema], SurvivalTest | None]] = {
    "definitions": _Looks.definitions,
    "definition-ref": _Looks.reference,
    "union": _Looks.union,
    "list": _Looks.items,
    "tuple": _Looks.items,
    "set": _Looks.members,
    "frozenset": _Looks.members,
    "dict": _Looks.mapping,
    "datetime": _Looks.time,
    "enum": _Looks.enum,
    "typed-dict": _Looks.typed_dict,
    "model": _Looks.model,
    "dataclass": _Looks.dataclass,
}


def _each(look: SurvivalTest | None) -> SurvivalTest | None:
    return look and (lambda values: all(map(look, values)))


def _instance(cls: type, looks: list[tuple[str, SurvivalTest]]) -> SurvivalTest:
    """Return whether a value is of the class itself: of a subclass only what the class has would be written."""
    if not looks:
        return lambda value: type(value) is cls
    return lambda value: type(value) is cls and all(look(getattr(value, name)) for name, look in looks)
