"""Calls that are handed to an agent together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Concurrent calls of an agent that takes a list become one."""

    most: int = 32
    """Calls in one batch."""
    within: float = 0.01
    """Seconds that the first call waits for others."""
