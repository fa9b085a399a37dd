"""How it is found out whether an agent can work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.model.duration import PAUSE, SECONDS, Seconds, hold_seconds
from podium.model.expected import FLAG, FUNCTION, check_fields, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A check that is made every so often."""

    check: Callable[[], Awaitable[bool | None] | bool | None]
    """Raises, or returns False, where the agent cannot work."""
    every: Seconds = Seconds(30.0)
    """Seconds between two checks."""
    timeout: Seconds = Seconds(5.0)
    """Seconds that a check may take; one that takes longer has failed."""
    restart: Callable[[], Awaitable[object] | object] | None = None
    """Starts again what the agent needs, such as a process or a connection; only the monitor calls it."""
    shared: bool = True
    """Whether what one process finds holds for all on the store; False where each has its own, such as a local GPU."""

    def __post_init__(self) -> None:
        check_fields(self, {"check": FUNCTION, "restart": or_none(FUNCTION), "shared": FLAG})
        hold_seconds(self, PAUSE, "every")
        hold_seconds(self, SECONDS, "timeout")
