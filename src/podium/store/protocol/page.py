"""What all lists have in common: conditions that mean the same everywhere, and pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which part of a list is wanted. A condition that is None does not count; all others have to hold."""

    tenant: str | None = None
    principal: str | None = None
    since: float | None = None
    """Not what is older; seconds since 1970."""
    until: float | None = None
    """Only what is older."""
    tag: str | None = None
    """Only what belongs to runs of this tag."""
    text: str | None = None
    """Only where this text stands, in either case of ASCII letters: for runs in id, tag, workflow or reason."""
    limit: int = 100
    """At most so many on a page."""
    cursor: str | None = None
    """The place where the page before ended, as it says; None begins the list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list."""

    items: tuple[T, ...]
    cursor: str | None = None
    """Where the next page begins; None where there is nothing more."""

    def __iter__(self) -> Iterator[T]:
        """Give its items."""
        return iter(self.items)

    def __len__(self) -> int:
        """Return how many items are on it."""
        return len(self.items)

    def __getitem__(self, index: int) -> T:
        """Return one of its items."""
        return self.items[index]


Q = TypeVar("Q", bound=Query)


async def walk(read: Callable[[Q], Awaitable[Page[T]]], query: Q) -> AsyncIterator[T]:
    """Give all that a list has, page after page; `read` is the method of the store that gives one page."""
    while True:
        page = await read(query)
        for item in page.items:
            yield item
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)
