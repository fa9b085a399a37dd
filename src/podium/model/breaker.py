"""When an agent that keeps failing is left alone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from podium.model.duration import PAUSE, SECONDS, Seconds, SecondsOrNone, hold_seconds
from podium.model.expected import COUNT, SHARE, Expected, check_fields
from podium.model.retry import KINDS, FailureKind

_BREAKER: Mapping[str, Expected] = {
    "failures": SHARE, "slow": SHARE, "min_calls": COUNT, "probes": COUNT, "kinds": KINDS,
}  # fmt: skip


class CircuitState(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: a few do, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Opens when too many of an agent's calls failed or were slow; times are in seconds, shares from 0 to 1."""

    failures: float = 0.5
    """Share of failed calls in the window that opens it."""
    slow: float = 1.0
    """Share of slow calls in the window that opens it."""
    slow_after: SecondsOrNone = SecondsOrNone()
    """A call that takes longer is slow; None is never."""
    window: Seconds = Seconds(60.0)
    """How far back calls count."""
    min_calls: int = 10
    """With fewer calls in the window it does not open."""
    open_for: Seconds = Seconds(30.0)
    """How long it lets no call through."""
    probes: int = 1
    """So many calls are let through then; all must succeed for it to close."""
    probe_timeout: SecondsOrNone = SecondsOrNone()
    """Seconds after which one that has not ended counts as failed; it is not cut off. None is as long as `open_for`."""
    kinds: frozenset[FailureKind] = frozenset({FailureKind.TRANSPORT, FailureKind.TIMEOUT})
    """The failures that count."""

    def __post_init__(self) -> None:
        check_fields(self, _BREAKER)
        hold_seconds(self, PAUSE, "slow_after", optional=True)
        hold_seconds(self, SECONDS, "window", "open_for")
        hold_seconds(self, SECONDS, "probe_timeout", optional=True)
