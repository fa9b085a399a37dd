"""How it is found out whether an agent can work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A check that is made every so often."""

    check: Callable[[], Awaitable[bool | None] | bool | None]
    """Raises, or returns False, where the agent cannot work."""
    every: float = 30.0
    """Seconds between two checks."""
    timeout: float = 5.0
    """Seconds that a check may take; one that takes longer has failed."""
    restart: Callable[[], Awaitable[object] | object] | None = None
    """Starts again what the agent needs, such as a process or a connection; only the monitor calls it."""
