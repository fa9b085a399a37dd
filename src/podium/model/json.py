"""The type of every value that crosses a boundary of Podium, and its way to bytes and back, in C."""

from typing import Any, TypeAlias

import orjson

from podium.errors import InvalidValue
from podium.secrets.masking import MASKING

Json: TypeAlias = Any
"""None, bool, int, float, str, a list of these, or a dict from str to these: what JSON can hold."""

NULL = b"null"


def encode(value: Json) -> bytes:
    """Return the JSON text of a value, keys in the order given; raises InvalidValue where it is not JSON.

    Secrets in it are masked: what is written down goes through here.
    """
    try:
        text = orjson.dumps(value)
        return orjson.dumps(MASKING.json(orjson.loads(text))) if MASKING.active and MASKING.shows_in(text) else text
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidValue(f"expected JSON, got {type(value).__name__}: {error}") from error


def decode(text: bytes | None) -> Json:
    """Return the value of a JSON text; None of none."""
    return None if text is None else orjson.loads(text)
