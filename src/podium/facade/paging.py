"""Pages of what is in memory, such as the agents that are registered here."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from podium.errors import InvalidValue
from podium.store.protocol import Page

T = TypeVar("T")


def page_of(items: Sequence[T], name: Callable[[T], str], *, limit: int, cursor: str | None) -> Page[T]:
    """Return a page of a list whose items have names of their own; raises InvalidValue for the cursor of another."""
    if limit < 1:
        raise InvalidValue(f"limit is {limit}; expected at least 1.")
    begin = 0
    if cursor is not None:
        places = [place for place, each in enumerate(items) if name(each) == cursor]
        if not places:
            raise InvalidValue(f"the cursor {cursor!r} is of no such list: begin again without one.")
        begin = places[0] + 1
    shown, more = items[begin : begin + limit], len(items) > begin + limit
    return Page(tuple(shown), name(shown[-1]) if more else None)
