"""JSON to bytes and back, in C."""

import hashlib

import orjson

from podium.errors import InvalidValue
from podium.model.json import Json

NULL = b"null"


def encode(value: Json) -> bytes:
    """Return the JSON text of a value, keys in the order given; raises InvalidValue where it is not JSON."""
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidValue(f"expected JSON, got {type(value).__name__}: {error}") from error


def decode(text: bytes | None) -> Json:
    """Return the value of a JSON text; None of none."""
    return None if text is None else orjson.loads(text)


def content_hash(text: bytes) -> bytes:
    """Return the 32 bytes by which a large payload is stored once."""
    return hashlib.sha256(text).digest()
