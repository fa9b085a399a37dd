"""How often and when a failed attempt is tried again."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What sort of failure an attempt ended with; it decides whether another try can help."""

    RATE = "rate"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"
    REFUSAL = "refusal"
    VALIDATION = "validation"
    BUG = "bug"


KEEPS_LINEAGE = frozenset({FailureKind.RATE, FailureKind.TIMEOUT, FailureKind.TRANSPORT})
"""After these the next attempt is handed the recorded steps of the failed one; after others it starts afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a call is tried, and how long it waits in between (exponential backoff)."""

    attempts: int = 1
    """Tries altogether; 1 is no retry."""
    delay: float = 1.0
    """Seconds before the second attempt."""
    factor: float = 2.0
    """Each further delay is this much longer."""
    longest: float = 300.0
    """No delay is longer than this many seconds."""
    jitter: float = 0.1
    """Share of the delay that chance (the run's own, so that it replays) adds or takes away."""
    kinds: frozenset[FailureKind] = KEEPS_LINEAGE | {FailureKind.BUG}
    """The failures that are tried again."""

    def pause(self, attempt: int, chance: float) -> float:
        """Return the seconds to wait after failed attempt number `attempt`; `chance` is from 0 to 1."""
        plain = min(self.longest, self.delay * self.factor ** (attempt - 1))
        return plain * (1.0 + self.jitter * (2.0 * chance - 1.0))
