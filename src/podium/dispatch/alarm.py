"""Something that is to happen at a time: how rules ask for it."""

from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    """Something that happens at a time, unless it is called off."""

    def cancel(self) -> None:
        """Call it off."""
        ...


Ring = Callable[[float, Callable[[], None]], Alarm]
"""Calls a function at a time, in seconds since 1970."""
