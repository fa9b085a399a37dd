"""Pages of a list of which only a part is wanted that the store cannot tell."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from podium.store.protocol import Page, Query

T = TypeVar("T")
U = TypeVar("U")
Q = TypeVar("Q", bound=Query)


async def sifted(
    read: Callable[[Q], Awaitable[Page[T]]], query: Q, keep: Callable[[T], Awaitable[U | None]]
) -> Page[U]:
    """Return a page of what `keep` makes of the items of a list; those of which it makes None are left out."""
    kept: list[U] = []
    wanted = query
    while True:
        page = await read(replace(wanted, limit=query.limit - len(kept)))
        kept += [made for item in page.items if (made := await keep(item)) is not None]
        if page.cursor is None or len(kept) >= query.limit:
            return Page(tuple(kept), page.cursor)
        wanted = replace(wanted, cursor=page.cursor)
