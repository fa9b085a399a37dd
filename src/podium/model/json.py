"""The type of every value that crosses a boundary of Podium, and its way to bytes and back, in C."""

from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from podium.errors import InvalidValue
from podium.secrets.masking import MASKING

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Json: TypeAlias = Any
"""None, bool, int, float, str, a list of these, or a dict from str to these: what JSON can hold."""

NULL = b"null"


def encode(value: Json, what: str = "") -> bytes:
    """Return the JSON text of a value, keys in the order given; raises InvalidValue where it is not JSON.

    Secrets in it are masked: what is written down goes through here. `what` names the value in the error.
    """
    try:
        text = orjson.dumps(value)
        return orjson.dumps(MASKING.json(orjson.loads(text))) if MASKING.active and MASKING.shows_in(text) else text
    except (TypeError, orjson.JSONEncodeError) as error:
        raise _not_json(value, what, error) from error


def encode_as_is(value: Json) -> bytes:
    """Return the JSON text of names, such as those that a store looks for: with nothing masked."""
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise _not_json(value, "", error) from error


def encode_names(value: Json) -> bytes:
    """Return the JSON text of names that are written down: secrets are masked, but for ordinary words."""
    return encode_as_is(MASKING.names(value))


def _not_json(value: object, what: str, error: Exception) -> InvalidValue:
    told = f"{what}: " if what else ""
    return InvalidValue(f"{told}expected JSON, got {type(value).__name__}: {error}")


def decode(text: bytes | None) -> Json:
    """Return the value of a JSON text; None of none."""
    return None if text is None else orjson.loads(text)


def is_object(value: object) -> "TypeIs[dict[str, Json]]":
    """Whether a JSON value is an object. Ask it of JSON only: the keys of any other dict are not looked at."""
    return isinstance(value, dict)


def is_array(value: object) -> "TypeIs[list[Json]]":
    """Whether a JSON value is an array. Ask it of JSON only."""
    return isinstance(value, list)
