"""Pages of lists that are read whole, such as the agents that are registered here, or the keys of a store."""

import base64
from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson

from podium.errors import InvalidValue
from podium.store.protocol import Page

T = TypeVar("T")


def page_after(
    items: Sequence[T], made: Callable[[T], tuple[float, str]], *, limit: int, cursor: str | None
) -> Page[T]:
    """Return a page of a list in the order in which its items were made: when, and under which id.

    What is deleted while pages are read, and what is made, leaves none out and brings none twice. Raises InvalidValue
    for the cursor of another list.
    """
    _check(limit)
    begin = None if cursor is None else _opened(cursor)
    rest = [each for each in items if begin is None or made(each) > begin]
    shown = rest[:limit]
    return Page(tuple(shown), _closed(made(shown[-1])) if len(rest) > limit else None)


def page_of(items: Sequence[T], name: Callable[[T], str], *, limit: int, cursor: str | None) -> Page[T]:
    """Return a page of a list whose items have names of their own; raises InvalidValue for the cursor of another."""
    _check(limit)
    begin = 0
    if cursor is not None:
        places = [place for place, each in enumerate(items) if name(each) == cursor]
        if not places:
            raise _of_another(cursor)
        begin = places[0] + 1
    shown, more = items[begin : begin + limit], len(items) > begin + limit
    return Page(tuple(shown), name(shown[-1]) if more else None)


def _check(limit: int) -> None:
    if limit < 1:
        raise InvalidValue(f"limit is {limit}; expected at least 1.")


def _closed(place: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _opened(cursor: str) -> tuple[float, str]:
    try:
        match orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            case [int() | float() as at, str(name)]:
                return float(at), name
            case _:
                raise _of_another(cursor)
    except ValueError as error:
        raise _of_another(cursor) from error


def _of_another(cursor: str) -> InvalidValue:
    return InvalidValue(f"the cursor {cursor!r} is of no such list: begin again without one.")
