"""By what the lists of a server can be filtered."""

from datetime import datetime
from typing import TypedDict

from podium.model.run import RunState


class ListQuery(TypedDict, total=False):
    """Conditions that mean the same in every list: None does not count, all others have to hold."""

    tenant: str | None
    principal: str | None
    since: datetime | None
    """Not what is older."""
    until: datetime | None
    """Only what is older."""
    tag: str | None
    """Only what belongs to runs of this tag."""
    text: str | None
    """Only where this text, of at most 5,000 characters, stands."""
    limit: int | None
    """At most so many, on however many pages; all where nothing is said."""
    cursor: str | None
    """Where it begins: the `cursor` of a page."""


class RunsQuery(ListQuery, total=False):
    """Which runs to list; their time is that of their start."""

    workflow: str | None
    state: RunState | None
    parent: str | None
    """Only child runs of this run."""
    prefix: str | None
    """How their ids begin."""
