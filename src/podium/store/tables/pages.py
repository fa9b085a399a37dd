"""Pages of lists in SQL: the conditions that were asked for, and cursors."""

import base64
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar, cast

import orjson

from podium.errors import InvalidValue
from podium.store.protocol import Page, Query
from podium.store.tables.statements import QueryValues, Row

T = TypeVar("T")

_OPTIONAL = ("AND", "INDEXED BY")
_LAST = 0x10FFFF
_NO_NAME = 64
"""No name has so many of the last character at its beginning."""
_SURROGATES = range(0xD800, 0xE000)
MOST: Final = (1 << 63) - 1
_NUMBERS = frozenset({"at", "floor", "less", "n", "number", "place", "top"})
"""What of a place is a number; all else is a text."""
_LITERAL = {ord(each): f"\\{each}" for each in "\\%_"}


def given(query: Query, *places: str) -> QueryValues:
    """Return the parameters of a query; those named `places` are where its cursor says that the page begins."""
    found = {each.name: getattr(query, each.name) for each in fields(query)}
    found = {name: value for name, value in found.items() if value is not None and value != ()}
    if "prefix" in found:
        found["beyond"] = _beyond(found["prefix"])
    found = {name: _bound(value) for name, value in found.items()}
    found["limit"] = min(query.limit, 1 << 40) + 1
    if query.text is not None:
        found["text"] = containing(query.text)
    if query.cursor is not None:
        found.update(zip(places, _opened(query, places), strict=True))
    return found


def _bound(value: object) -> object:
    """Return a number that a database can take: of one beyond its range the last."""
    return max(-MOST, min(value, MOST)) if isinstance(value, int) else value


def _beyond(prefix: str) -> str:
    """Return what comes after all texts that begin so: the next one of its length, or one that no name comes after."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return chr(_LAST) * (len(prefix) + _NO_NAME)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def containing(text: str) -> str:
    """Return the pattern of LIKE for what contains a text."""
    return f"%{text.translate(_LITERAL)}%"


def only(text: str, given: Container[str], parameter: re.Pattern[str]) -> str:
    """Return a statement without the conditions and indexes that have a parameter of which nothing was given."""
    return "\n".join(
        line
        for line in text.splitlines()
        if not line.strip().startswith(_OPTIONAL) or all(name in given for name in parameter.findall(line))
    )


def page(rows: Sequence[Row], query: Query, item: Callable[[Row], T], place: Callable[[Row], Sequence[Any]]) -> Page[T]:
    """Return the page of so many rows; one more than its limit says that there is a next one."""
    kept = rows[: query.limit]
    more = len(rows) > query.limit
    return Page(tuple(item(row) for row in kept), closed(query, place(kept[-1])) if more and kept else None)


def closed(query: Query, place: Sequence[Any]) -> str:
    """Return the cursor of a list that goes on at a place."""
    return base64.urlsafe_b64encode(orjson.dumps([_list(query), *place])).decode().rstrip("=")


def _list(query: Query) -> str:
    """Return what tells the cursors of one list from those of another."""
    return type(query).__name__.removesuffix("Query").lower()


def _fits(name: str, part: object) -> bool:
    if name not in _NUMBERS:
        return isinstance(part, str)
    return isinstance(part, int | float) and not isinstance(part, bool) and _bound(part) == part


def _opened(query: Query, names: Sequence[str]) -> list[Any]:
    """Return the place that a cursor stands for; raises InvalidValue where no page of this list gave it."""
    cursor = query.cursor or ""
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    if (
        not isinstance(place, list)
        or len(said := cast("list[Any]", place)) != len(names) + 1
        or said[0] != _list(query)
        or not all(map(_fits, names, parts := said[1:]))
    ):
        raise InvalidValue(f"cursor {cursor!r} is none that a page of this list gave. Begin without one.")
    return parts
