"""Pages of lists in SQL: the conditions that were asked for, and cursors."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

import orjson

from podium.errors import InvalidValue
from podium.store.protocol import Page, Query
from podium.store.sqlite.rows import Row
from podium.store.sqlite.sql import statement

T = TypeVar("T")

QueryValues = dict[str, Any]
"""The parameters of a statement by name: what sqlite3 binds has no one type."""
_PARAMETER = re.compile(r":([a-z]\w*)")
_OPTIONAL = ("AND", "INDEXED BY")
_BEYOND = chr(0x10FFFF)
_MOST = (1 << 63) - 1
_LITERAL = {ord(each): f"\\{each}" for each in "\\%_"}


def given(query: Query, *places: str) -> QueryValues:
    """Return the parameters of a query; those named `places` are where its cursor says that the page begins."""
    found = {each.name: getattr(query, each.name) for each in fields(query)}
    found = {name: value for name, value in found.items() if value is not None and value != ()}
    if "prefix" in found:
        found["beyond"] = found["prefix"] + _BEYOND
    found = {name: _bound(value) for name, value in found.items()}
    found["limit"] = min(query.limit, 1 << 40) + 1
    if query.text is not None:
        found["text"] = containing(query.text)
    if query.cursor is not None:
        found.update(zip(places, _opened(query.cursor, len(places)), strict=True))
    return found


def _bound(value: object) -> object:
    """Return a number that SQLite can take: of one beyond its range the last."""
    return max(-_MOST, min(value, _MOST)) if isinstance(value, int) else value


def containing(text: str) -> str:
    """Return the pattern of LIKE for what contains a text."""
    return f"%{text.translate(_LITERAL)}%"


def only(name: str, given: QueryValues) -> str:
    """Return the statement of `queries/NAME.sql` without the conditions and indexes of which nothing was given."""
    return _only(name, frozenset(given))


@cache
def _only(name: str, given: frozenset[str]) -> str:
    lines = statement(name).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(_OPTIONAL) or _names(line) <= given)


def _names(line: str) -> set[str]:
    return set(_PARAMETER.findall(line))


def page(rows: Sequence[Row], query: Query, item: Callable[[Row], T], place: Callable[[Row], Sequence[Any]]) -> Page[T]:
    """Return the page of so many rows; one more than its limit says that there is a next one."""
    kept = rows[: query.limit]
    more = len(rows) > query.limit
    return Page(tuple(item(row) for row in kept), _closed(place(kept[-1])) if more and kept else None)


def _closed(place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).decode().rstrip("=")


def _opened(cursor: str, count: int) -> list[Any]:
    """Return the place that a cursor stands for; raises InvalidValue where no page gave it."""
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    if (
        not isinstance(place, list)
        or len(parts := cast("list[Any]", place)) != count
        or not all(isinstance(part, str | int | float) and _bound(part) == part for part in parts)
    ):
        raise InvalidValue(f"cursor {cursor!r} is none that a page of this list gave. Begin without one.")
    return parts
