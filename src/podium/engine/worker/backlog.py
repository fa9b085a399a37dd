"""The ready runs that the store told of, where it has more: it is looked at again before all of them are taken."""

from collections.abc import Callable


class Backlog:
    """How many of them are left. So a worker knows of no more runs than it has slots, and its slots are not empty."""

    def __init__(self, look_soon: Callable[[], None]) -> None:
        """`look_soon` has the store looked at now, rather than with the next poll."""
        self._look_soon = look_soon
        self._left: int | None = None
        """None where the store told of all there were."""
        self._limit = 0

    def told(self, runs: int, limit: int) -> None:
        """The store told of so many runs, where it was asked for as many as the limit."""
        self._left, self._limit = (runs, limit) if runs >= limit else (None, limit)

    def taken(self, runs: int) -> None:
        """So many of them are asked for now, whether or not another process was quicker."""
        if self._left is None:
            return
        self._left -= runs
        if self._left * 2 <= self._limit:
            self._left = None
            self._look_soon()
