"""Values as a page shows them: a text, a list, a table of names and values, or the JSON itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.json import Json, is_array, is_object
from podium.server.pages.blocks import TextBlock, blocks
from podium.server.pages.differences import DiffPiece, difference
from podium.server.pages.words import plain, shown

_DEEPEST = 3
_MOST = 200
"""Members, or items, that are shown one by one."""
_LONGEST = 100_000
"""Characters of one value that are shown."""
_LARGEST = 4_000_000
"""Characters of a picture that is shown as one."""
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
"""Pictures of points alone: an SVG is a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """A value to be shown, in one of these ways."""

    text: str | None = None
    blocks: Sequence[TextBlock] | None = None
    """A text with code or tables in it."""
    image: str | None = None
    """The `data:` URL of a picture."""
    json: str | None = None
    items: "Sequence[ShownValue] | None" = None
    members: "Sequence[tuple[str, ShownValue]] | None" = None
    pieces: Sequence[DiffPiece] | None = None
    """A text, with what was changed in it."""


def shape(value: Json, depth: int = 0) -> ShownValue:
    """Return how a value is shown."""
    if is_object(value) and value and depth < _DEEPEST and len(value) <= _MOST:
        return ShownValue(members=[(shown(name), shape(each, depth + 1)) for name, each in value.items()])
    if is_array(value) and value and depth < _DEEPEST and len(value) <= _MOST:
        return ShownValue(items=[shape(each, depth + 1) for each in value])
    if value in ({}, []):
        return ShownValue(text="none")
    if is_object(value) or is_array(value):
        return ShownValue(json=_cut(shown(json.dumps(value, ensure_ascii=False, indent=2))))
    if isinstance(value, str) and len(value) <= _LARGEST and _PICTURE.fullmatch(value) and shown(value) == value:
        return ShownValue(image=value)
    text = _cut(plain(value))
    found = blocks(text)
    return ShownValue(text=text) if all(not each.code and not each.rows for each in found) else ShownValue(blocks=found)


def compared(before: Json, now: Json) -> ShownValue | None:
    """Return what was changed from one value to another; None where nothing was, or they cannot be compared."""
    if before is None or before == now:
        return None
    pieces = difference(_lines(before), _lines(now))
    return None if pieces is None else ShownValue(pieces=pieces)


def _lines(value: Json) -> str:
    if isinstance(value, str):
        return shown(value)
    return shown(json.dumps(value, ensure_ascii=False, indent=2))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}\n… ({len(text) - _LONGEST:,} characters more)"
