"""What code of a framework holds, as JSON that can be recorded."""

import json
from hashlib import sha256

from pydantic_core import to_jsonable_python

from podium.model.json import Json, is_array, is_object

_LARGEST = 2**63 - 1


def plain(value: object) -> Json:
    """Return a value as JSON; of what is none the name of its type."""
    return to_jsonable_python(value, bytes_mode="base64", exclude_none=True, fallback=lambda it: type(it).__qualname__)


def plain_numbers(value: Json) -> Json:
    """Return a value with integers beyond 64 bits as text, and whole characters: what the store holds."""
    if is_object(value):
        return {whole(key): plain_numbers(each) for key, each in value.items()}
    if is_array(value):
        return [plain_numbers(each) for each in value]
    if isinstance(value, str):
        return whole(value)
    too_large = isinstance(value, int) and not -_LARGEST <= value <= _LARGEST
    return str(value) if too_large else value


def whole(text: str) -> str:
    """Return a text with `?` for each half of a character: a surrogate without its other half."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def digest_of(asked: Json) -> str:
    """Return a short text that tells one thing that was asked from another, the same in every process."""
    return sha256(json.dumps(asked).encode()).hexdigest()[:12]
