"""The queue at a limit: places in the order in which their turn comes."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Generic, TypeVar

W = TypeVar("W")


@dataclass(slots=True, eq=False)
class QueuePlace(Generic[W]):
    """A place in the queue; a call that is sent away for a time keeps it."""

    rank: tuple[float, int]
    """The time of arrival, less for a higher priority, so that a later one overtakes by a bounded time only."""
    tokens: int
    who: W | None
    """Who stands there; None while they are away."""
    due: float | None = None
    """When the one who is away comes back."""


QueueLine = list[tuple[tuple[float, int], QueuePlace[W]]]
"""Places, the smallest rank first. No two ranks are the same."""


def remove(line: "QueueLine[W]", place: QueuePlace[W]) -> bool:
    """Take a place out of a line; False where it is not there."""
    if not has(line, place):
        return False
    del line[bisect_left(line, (place.rank,))]
    return True


def has(line: "QueueLine[W]", place: QueuePlace[W]) -> bool:
    """Whether a place is in a line."""
    index = bisect_left(line, (place.rank,))
    return index < len(line) and line[index][1] is place
