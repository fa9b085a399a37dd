"""What JSON can hold, and the store can keep: checked with the codec that writes it."""

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import orjson

from podium.agents.changes import Comparison
from podium.errors import InvalidValue
from podium.model.json import Json, is_object

NULL = b"null"
_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_SMALLEST_INT = -(2**63)
_LARGEST_INT = 2**64 - 1


def text_fits(value: str) -> bool:
    """Whether a text can be written: no half of a surrogate pair is in it."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _int_fits(value: int) -> bool:
    return _SMALLEST_INT <= value <= _LARGEST_INT


def _always_fits(_value: Json) -> bool:
    return True


SCALARS: Mapping[type, Callable[[Json], bool]] = MappingProxyType(
    {str: text_fits, int: _int_fits, float: math.isfinite, bool: _always_fits, type(None): _always_fits}
)
"""The exact types that are JSON as they stand, each with the test whether this value of it can be kept."""


def one_line(text: str) -> str:
    """Return a message with what cannot be printed in it, as of the key of a mapping, written as in Python."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def encoded(value: Json, expected: str) -> bytes:
    """Return the value as JSON text; raises InvalidValue for what JSON cannot hold, but writes NaN as null."""
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError as error:
        raise InvalidValue(f"expected {expected}: the value cannot be kept as JSON ({_remark(error)})") from error


def require_finite(value: Json, expected: str) -> None:
    """Raise InvalidValue where there is NaN or infinity. Needed only for what is encoded with a null in it."""
    place = _place_of_infinity(value)
    if place is not None:
        told = f"NaN and infinity are not JSON (at `{place.lstrip('.') or 'value'}`)"
        raise InvalidValue(one_line(f"expected {expected}: {told}"))


def json_copy(value: object, expected: str) -> Json:
    """Return a copy made of nothing but JSON types (a tuple becomes a list); raises InvalidValue where it cannot be."""
    fits = SCALARS.get(type(value))
    if fits is not None and fits(value):
        return value
    text = encoded(value, expected)
    copy = orjson.loads(text)
    if copy == value:  # so there is no NaN in it, which is written as null
        return copy
    if NULL in text:
        require_finite(value, expected)
    if found := Comparison().changed(value, copy):
        place, wrong = found
        told = f"`{place.lstrip('.') or 'the value'}` {wrong}"
        raise InvalidValue(one_line(f"expected {expected}: {told}"), lossy=True)
    return copy


def _remark(error: TypeError) -> str:
    remark = str(error)
    return remark[:1].lower() + remark[1:]


def _place_of_infinity(value: Json) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else ""
    for key, item in _items(value):
        if (inner := _place_of_infinity(item)) is not None:
            return f".{key}{inner}"
    return None


def _items(value: Json) -> Iterable[tuple[object, Json]]:
    if is_object(value):
        return value.items()
    parts: Iterable[Json] = value
    return enumerate(parts) if isinstance(value, (list, tuple, set, frozenset)) else ()
