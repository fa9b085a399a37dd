"""The ways in which a secret is written when it travels: plain, escaped, quoted, in base64."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""A shorter text is not masked: its characters would be found everywhere."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_LOST = (0, 2, 3)
"""How many characters of base64 the bytes before a secret have a part in, by their number."""


def spellings(secret: str) -> tuple[str, ...]:
    """Return how a secret may be written inside other texts, the longest first; none where it is too short."""
    if len(secret) < SHORTEST:
        return ()
    found = {spelt for text in _with_line_ends(secret) for spelt in _spellings(text)}
    return tuple(sorted((each for each in found if len(each) >= SHORTEST), key=lambda each: (-len(each), each)))


def _with_line_ends(secret: str) -> set[str]:
    """Return a text as systems write its lines, ended by LF, CRLF or CR, and without the blank ones around it."""
    lines = _LINE_END.sub("\n", secret)
    texts = {secret, *(lines.replace("\n", end) for end in ("\n", "\r\n", "\r"))}
    return {each for text in texts for each in (text, text.strip("\r\n")) if len(each) >= SHORTEST}


def _spellings(secret: str) -> set[str]:
    quoted = (quote(secret), quote(secret, safe=""), quote_plus(secret), quote_plus(secret, safe="/"))
    raw = secret.encode("utf-8", "surrogatepass")
    return {
        secret,
        *_escaped(secret),
        *(again for once in _escaped(secret) for again in _escaped(once)),
        repr(secret)[1:-1],
        *_in_html(secret),
        *quoted,
        *(_lowered(each) for each in quoted),
        *_in_base64(raw),
        raw.hex(),
        raw.hex().upper(),
    }


def _escaped(text: str) -> tuple[str, str]:
    """Return a text as it stands inside a JSON string."""
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _in_html(text: str) -> tuple[str, str]:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped, escaped.replace('"', "&quot;").replace("'", "&#x27;")


def _lowered(text: str) -> str:
    """Return a quoted text with `%2f` for `%2F`."""
    head, *rest = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _in_base64(raw: bytes) -> Iterator[str]:
    """Give what of a secret's base64 is the same whatever stands before and after it."""
    for before, lost in enumerate(_LOST):
        padded = bytes(before) + raw
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(padded).decode().rstrip("=")
            yield text[lost : len(text) - (1 if len(padded) % 3 else 0)]
