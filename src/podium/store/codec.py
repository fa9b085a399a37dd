"""What tells one value from another. JSON texts themselves are made and read in `podium.model.json`."""

import hashlib

import orjson

from podium.errors import InvalidValue
from podium.model.json import NULL, Json, decode, encode, encode_as_is, encode_names

__all__ = ["NULL", "content_hash", "decode", "encode", "encode_as_is", "encode_names", "input_digest"]


def input_digest(value: Json) -> str:
    """Return what tells one input from another: of the value as it is, secrets and all, of which it tells nothing."""
    try:
        return hashlib.sha256(orjson.dumps(value)).hexdigest()[:32]
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidValue(f"expected JSON, got {type(value).__name__}: {error}") from error


def content_hash(text: bytes) -> bytes:
    """Return the 32 bytes by which a large payload is stored once."""
    return hashlib.sha256(text).digest()
