"""By what all lists can be filtered, and how a page of them is asked for."""

from typing import TypedDict


class Filters(TypedDict, total=False):
    """Conditions that mean the same in every list: None does not count, all others have to hold."""

    tenant: str | None
    principal: str | None
    since: float | None
    """Not what is older; seconds since 1970."""
    until: float | None
    """Only what is older."""
    tag: str | None
    """Only what belongs to runs of this tag."""
    text: str | None
    """Only where this text stands."""
    limit: int
    """At most so many on a page; 100 where nothing is said."""
    cursor: str | None
    """Where the page begins: the `cursor` of the page before."""
