"""How values of a Python type become JSON and come back, by Pydantic."""

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from podium import lazy
from podium.agents.jsonable import NULL, SCALARS, encoded, json_copy, require_finite
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json

if TYPE_CHECKING:
    import pydantic
    import pydantic.errors
    import pydantic_core
    from typing_extensions import TypeForm
else:
    pydantic, pydantic_core = lazy.module("pydantic"), lazy.module("pydantic_core")

T = TypeVar("T")

_ERRORS_SHOWN = 3
_KNOWN_TYPES = 2048
_PLAIN: Mapping[object, Mapping[str, str]] = MappingProxyType(
    {
        Any: {},
        str: {"type": "string"},
        int: {"type": "integer"},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        type(None): {"type": "null"},
    }
)
"""The schemas of types that are JSON as they stand; of these, Pydantic is asked only about values of other types."""
_MODULES = re.compile(r"(?:[A-Za-z_]\w*\.)+|<locals>\.")


class TypeShape(Generic[T]):
    """The JSON of one Python type. Made by `shape_of`.

    A dumped value can be loaded again, so computed fields are left out, and a `serialization_alias` that validation
    does not know is no good here.
    """

    __slots__ = ("_exact", "_fits", "_free", "_made", "_schema", "name", "type")

    def __init__(self, kind: "TypeForm[object]") -> None:
        self.type: TypeForm[object] = kind
        self.name = _name_of(kind)
        plain = _PLAIN.get(kind) if isinstance(kind, Hashable) else None
        self._made = _adapter_of(kind, self.name) if plain is None else None
        self._schema: Json = plain and dict(plain)
        self._free = kind is Any
        self._exact = kind if isinstance(kind, type) and kind in SCALARS else _Nobody
        self._fits = SCALARS.get(self._exact, bool)

    @property
    def _adapter(self) -> "pydantic.TypeAdapter[Any]":
        if self._made is None:
            self._made = _adapter_of(self.type, self.name)
        return self._made

    @property
    def schema(self) -> Json:
        """Return the JSON Schema; it is made when first asked for."""
        if self._schema is None:
            try:
                self._schema = self._adapter.json_schema()
            except pydantic.errors.PydanticInvalidForJsonSchema as error:
                raise UsageError(f"{self.name} has no JSON Schema: {_first_line(error)}") from error
        return self._schema

    def dump(self, value: T) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type.

        Nothing is converted: the text "5" is no int. JSON of the right form is taken too, such as a dict for a model.
        """
        if type(value) is self._exact and self._fits(value):
            return value
        if self._free:
            return json_copy(value, self.name)
        serialize = self._adapter.serializer.to_python
        try:
            checked = self._adapter.validator.validate_python(value, strict=True)
            plain = serialize(checked, mode="json", by_alias=True, round_trip=True, warnings="error")
        except ValueError:  # of Pydantic: wrong type, unexpected content, circular reference
            checked, plain = self._dump_foreign(value)
        if NULL in encoded(plain, self.name):
            # Pydantic too writes NaN as None where the type is free, so it is looked for in what that was made of.
            require_finite(serialize(checked, by_alias=True, round_trip=True, warnings="none"), self.name)
        return plain

    def load(self, value: Json) -> T:
        """Turn JSON into a value; raises InvalidValue where it does not fit. What can be converted is converted."""
        if type(value) is self._exact or self._free:
            return value
        try:
            return self._adapter.validator.validate_python(value, by_alias=True, by_name=True)
        except pydantic.ValidationError as error:
            raise InvalidValue(_complaint(self.name, error)) from error

    def _dump_foreign(self, value: T) -> tuple[T, Json]:
        """Judge a value by its JSON that is not an instance of the type: a dict for a model, a list for a tuple."""
        validator, serializer = self._adapter.validator, self._adapter.serializer
        try:
            text = pydantic_core.to_json(value, by_alias=True, round_trip=True)
            checked = validator.validate_json(text, strict=True, by_alias=True, by_name=True)
            return checked, serializer.to_python(checked, mode="json", by_alias=True, round_trip=True, warnings="none")
        except pydantic.ValidationError as error:
            raise InvalidValue(_complaint(self.name, error)) from error
        except pydantic_core.PydanticSerializationError as error:
            raise InvalidValue(f"expected {self.name}, got {type(value).__name__}: {_first_line(error)}") from error


class _Nobody:
    """No value has exactly this type."""


def shape_of(kind: "TypeForm[T]") -> TypeShape[T]:
    """Return the shape of a type; `Any` (or `Json`) takes whatever JSON can hold.

    Shapes are kept, so asking again is cheap. Raises UsageError for a type that Pydantic cannot turn into JSON.
    """
    if isinstance(kind, Hashable):
        # Equal types need not be the same (`int | str`, `str | int`): their spelling tells them apart.
        return cast("TypeShape[T]", _known(kind, repr(kind)))
    return TypeShape(kind)


@lru_cache(maxsize=_KNOWN_TYPES)
def _known(kind: "TypeForm[object] | None", _spelling: str) -> TypeShape[Json]:
    return TypeShape(type(None) if kind is None else kind)


def _adapter_of(kind: object, name: str) -> "pydantic.TypeAdapter[Any]":
    try:
        adapter = pydantic.TypeAdapter(cast("type[object]", kind))
    except (pydantic.errors.PydanticSchemaGenerationError, pydantic.errors.PydanticUserError) as error:
        remedy = "Use a Pydantic model, a dataclass or a plain type"
        raise UsageError(f"{name} cannot be turned into JSON: {_first_line(error)}. {remedy}") from error
    if not adapter.pydantic_complete:
        raise UsageError(f"{name} refers to a type that is not defined yet: define that one first")
    return adapter


def _name_of(kind: object) -> str:
    if kind is Any:
        return "JSON"
    if kind is type(None):
        return "None"
    if isinstance(kind, type):
        return kind.__name__
    return _MODULES.sub("", repr(kind))


def _complaint(name: str, error: "pydantic.ValidationError") -> str:
    """Say in one line what was expected and where it was not found."""
    shown: list[str] = []
    for found in error.errors(include_url=False, include_context=False)[:_ERRORS_SHOWN]:
        place = ".".join(str(part) for part in found["loc"])
        message = found["msg"][:1].lower() + found["msg"][1:]
        got = "" if found["type"] == "missing" else f", got {type(found['input']).__name__}"
        shown.append(f"`{place}`: {message}{got}" if place else f"{message}{got}")
    more = error.error_count() - len(shown)
    return f"expected {name}: " + "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
