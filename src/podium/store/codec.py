"""JSON to bytes and back, in C."""

import hashlib

import orjson

from podium.errors import InvalidValue
from podium.model.json import Json
from podium.secrets.masking import MASKING

NULL = b"null"


def encode(value: Json, what: str = "") -> bytes:
    """Return the JSON text of a value, keys in the order given; raises InvalidValue where it is not JSON.

    Secrets in it are masked: what is written down goes through here. `what` names the value in the error.
    """
    try:
        text = orjson.dumps(value)
        return orjson.dumps(MASKING.json(orjson.loads(text))) if MASKING.active and MASKING.shows_in(text) else text
    except (TypeError, orjson.JSONEncodeError) as error:
        told = f"{what}: " if what else ""
        raise InvalidValue(f"{told}expected JSON, got {type(value).__name__}: {error}") from error


def decode(text: bytes | None) -> Json:
    """Return the value of a JSON text; None of none."""
    return None if text is None else orjson.loads(text)


def input_digest(value: Json) -> str:
    """Return what tells one input from another: of the value as it is, secrets and all, of which it tells nothing."""
    try:
        return hashlib.sha256(orjson.dumps(value)).hexdigest()[:32]
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidValue(f"expected JSON, got {type(value).__name__}: {error}") from error


def content_hash(text: bytes) -> bytes:
    """Return the 32 bytes by which a large payload is stored once."""
    return hashlib.sha256(text).digest()
