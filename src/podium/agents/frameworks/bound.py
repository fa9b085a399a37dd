"""The most tokens that what is sent to a model may come to."""

from unicodedata import normalize

import orjson

from podium.model.json import Json

_OF_THE_REQUEST = 1_024
"""Tokens that a provider may add to a request: the prompt that explains tools is the longest, with some hundred."""
_OF_A_MESSAGE = 16
"""Tokens that mark where a message begins and ends, and who says it."""


def most_tokens(sent: Json, *, parts: int) -> int:
    """Return the most tokens that the text of a request comes to, of a conversation with so many parts.

    No vocabulary of a model has a token for less than a byte.
    """
    return bytes_of(sent) + _OF_A_MESSAGE * parts + _OF_THE_REQUEST


def bytes_of(text: Json) -> int:
    """Return the bytes of something as JSON; some vocabularies bring characters to a longer normal form first."""
    said = orjson.dumps(text)
    return len(said) if said.isascii() else max(len(said), len(normalize("NFKC", said.decode()).encode()))
