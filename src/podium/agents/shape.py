"""How values of a Python type become JSON and come back, by Pydantic."""

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import orjson

from podium import lazy
from podium.agents.changes import Mismatch, dropped, fields_of, lost, taken_as_another
from podium.agents.core_schemas import Coder, is_several
from podium.agents.jsonable import NULL, SCALARS, encoded, json_copy, one_line, require_finite
from podium.agents.type_codec import Reading, TypeCodec, codec_of
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json, is_object
from podium.model.outcome import text_of

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

    What is dumped loads as the same value, or is refused. So computed fields are left out, and a `serialization_alias`
    that validation does not know is no good here. Fields that are excluded on purpose are left out too, with a warning
    when the shape is made.
    """

    __slots__ = ("_exact", "_fits", "_free", "_look", "_made", "_schema", "name", "type")

    def __init__(self, kind: "TypeForm[object]") -> None:
        self.type: TypeForm[object] = kind
        self.name = _name_of(kind)
        plain = _PLAIN.get(kind) if isinstance(kind, Hashable) else None
        self._made = codec_of(kind, self.name, free_json) if plain is None else None
        self._schema: Json = plain and dict(plain)
        self._free = kind is Any
        self._exact = kind if isinstance(kind, type) and kind in SCALARS else _Nobody
        self._fits = SCALARS.get(self._exact, bool)

    @property
    def _codec(self) -> TypeCodec:
        if self._made is None:
            self._made = codec_of(self.type, self.name, free_json)
        return self._made

    @property
    def schema(self) -> Json:
        """Return the JSON Schema; it is made when first asked for."""
        if self._schema is None:
            try:
                self._schema = self._codec.adapter.json_schema()
            except pydantic.errors.PydanticInvalidForJsonSchema as error:
                raise UsageError(f"{self.name} has no JSON Schema: {_first_line(error)}") from error
        return self._schema

    @property
    def shown_schema(self) -> Json:
        """Return the JSON Schema of values as rules see them: with the fields that are computed."""
        try:
            return self._codec.adapter.json_schema(mode="serialization")
        except pydantic.errors.PydanticInvalidForJsonSchema as error:
            raise UsageError(f"{self.name} has no JSON Schema: {_first_line(error)}") from error

    def dump(self, value: T) -> Json:
        """Turn a value into JSON; raises InvalidValue where it is not of the type, or would not come back.

        Nothing is converted: the text "5" is no int. JSON of the right form is taken too, such as a dict for a model.
        """
        if type(value) is self._exact and self._fits(value):
            return value
        if self._free:
            return json_copy(value, self.name) if fields_of(value) is None else free_json(value)
        codec = self._codec
        return self._kept(value, codec.writing, codec.reading)

    def describe(self, value: T) -> Json:
        """Turn a value into the JSON that stands for it where anything may: no validator is asked, now or on replay.

        Raises InvalidValue where that JSON has no place for a part of it.
        """
        if type(value) is self._exact or self._free:
            return self.dump(value)
        codec = self._codec
        return self._kept(value, codec.overruling, codec.rereading)

    def accept(self, value: Json) -> Json:
        """Turn JSON that somebody outside wrote into that of a value; raises InvalidValue where it is none.

        Nothing is converted. What the type does not know is left out: a service may say more than is asked for.
        """
        if type(value) is self._exact or self._free:
            return self.dump(value)
        return self._written(value, self._codec.coder)[1]

    def load(self, value: Json) -> T:
        """Turn JSON into a value; raises InvalidValue where it does not fit. What can be converted is converted."""
        if type(value) is self._exact or self._free:
            return value
        return self._read(value, self._codec.coder)

    def redump(self, value: T, *, normalised: bool = False) -> Json:
        """Turn a value into JSON to compare it with what was dumped before: validators are overruled.

        With `normalised`, only those that refuse it are.
        """
        if type(value) is self._exact or self._free:
            return self.dump(value)
        codec = self._codec
        return self._written(value, codec.normalising if normalised else codec.overruling)[1]

    def reload(self, value: Json) -> T:
        """Turn JSON that was dumped before into a value: what validators say of it now does not count."""
        if type(value) is self._exact or self._free:
            return value
        return self._read(value, self._codec.overruling)

    def restore(self, value: Json) -> T:
        """Turn recorded JSON into the value that it was; raises InvalidValue where the type has no place for it now.

        Validators are overruled. Fields that the type got since then have their defaults.
        """
        if type(value) is self._exact or self._free:
            return value
        coder = self._codec.overruling
        restored = self._read(value, coder)
        again = _serialized(coder, restored)
        if (again != value or isinstance(value, bool)) and (found := dropped(value, again)):
            raise InvalidValue(self._refusal(found))
        return restored

    def _kept(self, value: T, writing: Coder, reading: Reading) -> Json:
        """Return a value as JSON; raises InvalidValue where it would not be read as the same."""
        checked, plain = self._written(value, writing)
        if not self._is_certain(value, checked, plain, reading) and (
            found := self._changed(value, checked, plain, reading)
        ):
            raise InvalidValue(self._refusal(found), lossy=True)
        return plain

    def _written(self, value: T, coder: Coder) -> tuple[T, Json]:
        """Return a value as its type takes it, and as JSON."""
        try:
            checked = coder.validator.validate_python(value, strict=True)
            plain = self._serialized_with_care(checked, coder)
        except InvalidValue:
            raise
        except ValueError:  # of Pydantic: wrong type, unexpected content, circular reference
            checked, plain = self._written_foreign(value, coder)
        except Exception as error:  # a validator or serializer is foreign code
            raise InvalidValue(f"expected {self.name}: {type(error).__name__}: {text_of(error)}") from error
        if NULL in encoded(plain, self.name):
            # Pydantic too writes NaN as None where the type is free, so it is looked for in what that was made of.
            as_python = coder.serializer.to_python(checked, by_alias=True, round_trip=True, warnings="none")
            require_finite(as_python, self.name)
        return checked, plain

    def _written_foreign(self, value: T, coder: Coder) -> tuple[T, Json]:
        """Judge a value by its JSON that is not an instance of the type: a dict for a model, a list for a tuple."""
        try:
            text = pydantic_core.to_json(value, by_alias=True, round_trip=True, bytes_mode="base64")
            checked = coder.validator.validate_json(text, strict=True, by_alias=True, by_name=True)
            plain = _serialized(coder, checked)
        except pydantic.ValidationError as error:
            raise InvalidValue(_complaint(self.name, error)) from error
        except pydantic_core.PydanticSerializationError as error:
            raise InvalidValue(f"expected {self.name}, got {type(value).__name__}: {_first_line(error)}") from error
        except Exception as error:  # a validator or serializer is foreign code
            raise InvalidValue(f"expected {self.name}: {type(error).__name__}: {text_of(error)}") from error
        if found := lost(value, checked, self._codec.foreign):
            raise InvalidValue(self._refusal(found), lossy=True)
        return checked, plain

    def _serialized_with_care(self, checked: T, coder: Coder) -> Json:
        """Return a value as JSON; raises ValueError where it is not as its type says."""
        try:
            return _serialized(coder, checked, warnings="error")
        except ValueError as error:
            if isinstance(refusal := error.__cause__, InvalidValue):  # of what stands where anything may
                raise self._placed(checked, refusal) from None
            raise

    def _placed(self, checked: T, refusal: InvalidValue) -> InvalidValue:
        """Return why a part was refused that stands where anything may, with its place."""
        place = self._codec.refused_place(checked)
        told = str(refusal).removeprefix("expected JSON: ")
        return (
            InvalidValue(one_line(f"expected {self.name}: in `{place}`: {told}"), lossy=refusal.lossy)
            if place
            else refusal
        )

    def _read(self, value: Json, coder: Coder) -> T:
        try:
            if self._codec.by_text:
                return coder.validator.validate_json(orjson.dumps(value), by_alias=True, by_name=True)
            return coder.validator.validate_python(value, by_alias=True, by_name=True)
        except pydantic.ValidationError as error:
            raise InvalidValue(_complaint(self.name, error)) from error
        except Exception as error:  # a validator is foreign code
            raise InvalidValue(f"expected {self.name}: {type(error).__name__}: {text_of(error)}") from error

    def _is_out_of_bounds(self, plain: Json, coder: Coder) -> bool:
        """Whether what is written of an instance is not read as that: nobody looked at what it holds."""
        try:
            return _serialized(coder, self._read(plain, coder)) != plain
        except InvalidValue:
            return True

    def _is_certain(self, value: T, checked: T, plain: Json, reading: Reading) -> bool:
        """Whether a value surely comes back, so that it need not be read to know."""
        codec = self._codec
        if codec.look is not None and not codec.look(checked):
            return False
        if codec.narrow is not None and not codec.narrow.isinstance_python(value, strict=True):
            return False
        return not (codec.bounded and self._is_out_of_bounds(plain, reading.coder))

    def _changed(self, value: T, checked: T, plain: Json, reading: Reading) -> Mismatch | None:
        """Return where a value would come back as another than was given, or was taken."""
        codec = self._codec
        if (codec.has_floats or codec.has_enums) and (found := taken_as_another(value, checked, enums=codec.has_enums)):
            return found
        try:
            found = codec.comparison.changed(checked, self._read(plain, reading.coder))
            if found and reading.marking is not reading.coder:
                found = codec.comparison.changed(checked, self._read(plain, reading.marking))
        except InvalidValue as error:
            return "", f"what is written of it cannot be read: {error}"
        return found

    def _refusal(self, found: Mismatch) -> str:
        place, wrong = found
        return one_line(f"expected {self.name}: `{place.lstrip('.') or 'the value'}` {wrong}")


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


def free_json(value: object) -> Json:
    """Return what is written in a place that takes any JSON: of models and dataclasses theirs.

    Raises InvalidValue for what JSON has no form for.
    """
    try:
        return json_copy(value, "JSON")
    except InvalidValue as error:
        if error.lossy:
            raise
        if fields_of(value) is not None:
            kind: type[object] = type(value)
            return shape_of(kind).describe(value)
        if is_object(value) and all(type(key) is str for key in value):
            return {key: free_json(each) for key, each in value.items()}
        if is_several(value):
            return [free_json(each) for each in value]
        raise


@lru_cache(maxsize=_KNOWN_TYPES)
def _known(kind: "TypeForm[object] | None", _spelling: str) -> TypeShape[Json]:
    return TypeShape(type(None) if kind is None else kind)


def _serialized(coder: Coder, value: object, *, warnings: Literal["none", "error"] = "none") -> Json:
    return coder.serializer.to_python(value, mode="json", by_alias=True, round_trip=True, warnings=warnings)


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
    return one_line(f"expected {name}: " + "; ".join(shown) + (f"; and {more} more" if more > 0 else ""))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
