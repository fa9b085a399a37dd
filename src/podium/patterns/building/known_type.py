"""What is known beforehand of the JSON that a value will be, as far as a rule asks for parts of it."""

from collections.abc import Iterator, Mapping, Sequence

from podium.agents.shape import shape_of
from podium.errors import UsageError
from podium.model.json import Json, is_object
from podium.patterns.building.members import ANYTHING, Kind

_MOST_FORMS = 100


class KnownType:
    """The type of a value. It may be one of several forms; what says nothing may be anything."""

    def __init__(self, schema: Json, defs: Json) -> None:
        self._schema = schema
        self._defs = defs

    @property
    def fields(self) -> "Mapping[str, KnownType] | None":
        """The fields that it may have, by name, none where it is no object; None where it may have any."""
        found: dict[str, list[Json]] = {}
        for form in self._forms():
            if form is None or _is_open(form):
                return None
            for name, schema in form.get("properties", {}).items():
                found.setdefault(name, []).append(schema)
        return {name: self._of(schemas) for name, schemas in found.items()}

    @property
    def items(self) -> "KnownType":
        """What stands in it where it is a list, and the values where it is a mapping."""
        return self._of([inside for form in self._forms() if (inside := _inside(form)) is not None] or [{}])

    def _of(self, schemas: Sequence[Json]) -> "KnownType":
        return KnownType(schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}, self._defs)

    def _forms(self) -> "Iterator[Json | None]":
        """Give the schemas of which a value has to fit one; None for one that says too little."""
        left = [self._schema]
        for _ in range(_MOST_FORMS):
            if not left:
                return
            schema = left.pop()
            if not is_object(schema):
                yield None
            elif (reference := schema.get("$ref", "")).startswith("#/$defs/"):
                left.append(self._defs.get(reference.removeprefix("#/$defs/"), {}))
            elif several := schema.get("anyOf") or schema.get("oneOf"):
                left += several
            else:
                yield schema if isinstance(schema.get("type"), str) else None
        yield None


UNKNOWN = KnownType({}, {})


def known_type(kind: Kind) -> KnownType:
    """Return what is known of the values of a type."""
    if kind is ANYTHING:
        return UNKNOWN
    try:
        schema = shape_of(kind).shown_schema
    except UsageError:
        return UNKNOWN
    return KnownType(schema, schema.get("$defs", {}))


def _is_open(schema: Json) -> bool:
    """Whether an object may have fields that are not named; what is no object has none."""
    return schema["type"] == "object" and ("properties" not in schema or bool(schema.get("additionalProperties")))


def _inside(schema: Json | None) -> Json:
    """Return the schema of what stands in a list or a mapping, an empty one where it is not said; None elsewhere."""
    if schema is None:
        return {}
    if schema["type"] not in ("array", "object"):
        return None
    inside = schema.get("items" if schema["type"] == "array" else "additionalProperties")
    return inside if is_object(inside) else {}
