"""Lists: asked for page by page, as far as they are read."""

from collections.abc import AsyncGenerator, Generator
from typing import Generic, TypeVar

from podium.api.body import PageBody
from podium.client.api_call import ApiCall
from podium.client.ways import Awaiting, Blocking

T = TypeVar("T")

_MOST = 1_000
"""A page has no more."""


class Pages(Generic[T]):
    """A list of a server: `for each in client.runs.list()` asks for page after page, `.page()` for one."""

    def __init__(self, way: Blocking, call: ApiCall[PageBody[T]]) -> None:
        self._way = way
        self._call = call

    def page(self) -> PageBody[T]:
        """Return the first page, with the `cursor` of the next one; it has at most 1,000."""
        return self._way.carry_out(_one_page(self._call))

    def __iter__(self) -> Generator[T]:
        """Give all that there are, or as many as `limit` says."""
        call: ApiCall[PageBody[T]] | None = self._call
        while call is not None:
            page = self._way.carry_out(_one_page(call))
            yield from page.items
            call = _rest(call, page)


class AsyncPages(Generic[T]):
    """A list of a server: `async for each in client.runs.list()` asks for page after page, `await ….page()` for one."""

    def __init__(self, way: Awaiting, call: ApiCall[PageBody[T]]) -> None:
        self._way = way
        self._call = call

    async def page(self) -> PageBody[T]:
        """Return the first page, with the `cursor` of the next one; it has at most 1,000."""
        return await self._way.carry_out(_one_page(self._call))

    async def __aiter__(self) -> AsyncGenerator[T]:
        """Give all that there are, or as many as `limit` says."""
        call: ApiCall[PageBody[T]] | None = self._call
        while call is not None:
            page = await self._way.carry_out(_one_page(call))
            for each in page.items:
                yield each
            call = _rest(call, page)


def _one_page(call: ApiCall[PageBody[T]]) -> ApiCall[PageBody[T]]:
    """Return what asks for as many as a page may have."""
    limit = call.query.get("limit")
    return call if limit is None else call.asking(limit=min(limit, _MOST))


def _rest(call: ApiCall[PageBody[T]], page: PageBody[T]) -> ApiCall[PageBody[T]] | None:
    """Return what asks for all that comes after a page; None where nothing does, or there are as many as wanted."""
    if page.cursor is None:
        return None
    limit = call.query.get("limit")
    if limit is None:
        return call.asking(cursor=page.cursor)
    left = limit - len(page.items)
    return call.asking(cursor=page.cursor, limit=left) if left > 0 else None
