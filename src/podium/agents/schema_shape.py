"""Values that a JSON Schema describes, where there is no Python type."""

from collections.abc import Mapping
from typing import Any

from podium import lazy
from podium.agents.jsonable import json_copy
from podium.agents.schema import mismatch
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json

jsonschema = lazy.module("jsonschema")


class SchemaShape:
    """JSON that fits a JSON Schema. Made by `schema_shape`."""

    __slots__ = ("name", "schema", "type")

    def __init__(self, schema: Json, name: str) -> None:
        self.schema: Json = schema
        self.name = name
        """What the value is, for errors."""
        self.type: Any = object

    def dump(self, value: Json) -> Json:
        """Return a copy of it; raises InvalidValue where it is no JSON, or does not fit."""
        return self.load(json_copy(value, self.name))

    def redump(self, value: Json, *, normalised: bool = False) -> Json:
        """Return a copy of it."""
        return json_copy(value, self.name)

    def load(self, value: Json) -> Json:
        """Return it; raises InvalidValue where it does not fit."""
        if (wrong := mismatch(value, self.schema)) is not None:
            raise InvalidValue(f"{self.name}: {wrong}")
        return value

    def restore(self, value: Json) -> Json:
        """Return what was recorded."""
        return value


def schema_shape(schema: Mapping[Any, Any], what: str) -> SchemaShape:
    """Return the shape of what fits a JSON Schema; raises UsageError where it is none."""
    plain: Json = dict(schema)
    try:
        jsonschema.Draft202012Validator.check_schema(plain)
    except jsonschema.exceptions.SchemaError as error:
        raise UsageError(
            f"the JSON Schema of {what} is none: {error.message}. Give a type, such as `answer=int`, or a JSON Schema, "
            'such as `answer={"type": "object"}`.'
        ) from error
    return SchemaShape(json_copy(plain, f"the JSON Schema of {what}"), what)
