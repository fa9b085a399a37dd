"""How often and when a failed attempt is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from podium.model.duration import DELAY, Seconds, SecondsOrNone, hold_seconds
from podium.model.expected import COUNT, FACTOR, FLAG, SHARE, Expected, are_names, check_fields, is_mapping, or_none


class FailureKind(StrEnum):
    """What sort of failure an attempt ended with; it decides whether another try can help."""

    RATE = "rate"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"
    REFUSAL = "refusal"
    VALIDATION = "validation"
    BUG = "bug"
    FINAL = "final"
    """It came to its end without a result: another try comes to the same, another agent may do better."""
    REFUSED = "refused"
    """A policy, a guard or a person said no: it is not tried again, and nobody else does it instead."""


KEEPS_LINEAGE = frozenset({FailureKind.RATE, FailureKind.TIMEOUT, FailureKind.TRANSPORT})
"""After these the next attempt goes on where the failed one stood; after others it begins afresh.

One that begins afresh is handed all the same what is done: whatever it asks for that was asked for before.
"""

UNUSABLE = frozenset({FailureKind.REFUSAL, FailureKind.VALIDATION})
"""After these the last answer of a model is what failed: it is asked for again."""


NEVER_AGAIN = frozenset({FailureKind.FINAL, FailureKind.REFUSED})
"""After these there is no further attempt, whatever a Retry says."""


KINDS = Expected(
    f"kinds of failure ({', '.join(FailureKind)}), such as {{'rate', 'timeout'}}",
    lambda value: are_names(value) and {*FailureKind}.issuperset(value),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often, and how long apart, failures of one kind are tried again; None is as for the others."""

    attempts: int | None = None
    delay: SecondsOrNone = SecondsOrNone()
    factor: float | None = None
    max_delay: SecondsOrNone = SecondsOrNone()

    def __post_init__(self) -> None:
        check_fields(self, {"attempts": or_none(COUNT), "factor": or_none(FACTOR)})
        hold_seconds(self, DELAY, "delay", "max_delay", optional=True)


def _are_exceptions(value: object) -> bool:
    if not is_mapping(value) or not KINDS.fits(value):
        return False
    return NEVER_AGAIN.isdisjoint(value) and all(isinstance(each, Backoff) for each in value.values())


_RETRY: Mapping[str, Expected] = {
    "attempts": COUNT, "factor": FACTOR, "jitter": SHARE, "kinds": KINDS,
    "per": Expected(
        f"{KINDS.words}, each with a Backoff: {{'rate': Backoff(attempts=5)}}; "
        f"what is {' or '.join(sorted(NEVER_AGAIN))} is never tried again",
        _are_exceptions,
    ),
    "feedback": FLAG,
}  # fmt: skip

NO_EXCEPTIONS: Mapping[FailureKind, Backoff] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a call is tried, and how long it waits in between (exponential backoff)."""

    attempts: int = 1
    """Tries altogether; 1 is no retry."""
    delay: Seconds = Seconds(1.0)
    """Seconds before the second attempt."""
    factor: float = 2.0
    """Each further delay is this much longer."""
    max_delay: Seconds = Seconds(300.0)
    """No delay is longer than this many seconds."""
    max_retry_after: Seconds = Seconds(3_600.0)
    """The longest that the other side may have us wait, in seconds; where it asks for more, the call fails at once."""
    jitter: float = 0.1
    """Share of the delay that chance (the run's own, so that it replays) adds or takes away."""
    kinds: frozenset[FailureKind] = KEEPS_LINEAGE | {FailureKind.BUG}
    """The failures that are tried again; those that are `final` or `refused` never are, though they stand here."""
    per: Mapping[FailureKind, Backoff] = field(default_factory=lambda: NO_EXCEPTIONS)
    """What is otherwise for a kind of failure; a kind that stands here is tried again, whatever `kinds` says."""
    feedback: bool = True
    """Whether an agent whose answer did not fit learns what was wrong with it when it is asked again."""

    def __post_init__(self) -> None:
        check_fields(self, _RETRY)
        hold_seconds(self, DELAY, "delay", "max_delay", "max_retry_after")

    @property
    def tries_again(self) -> bool:
        """Whether there may be a second attempt at all."""
        return self.attempts > 1 or bool(self.per)

    def allows(self, kind: FailureKind, attempt: int) -> bool:
        """Whether another attempt follows after attempt number `attempt` has failed so."""
        special = self.per.get(kind)
        if kind in NEVER_AGAIN:
            return False
        if special is None:
            return kind in self.kinds and attempt < self.attempts
        return attempt < (self.attempts if special.attempts is None else special.attempts)

    def pause(self, kind: FailureKind, attempt: int, chance: float) -> float:
        """Return the seconds to wait after attempt number `attempt` failed so; `chance` is from 0 to 1."""
        special = self.per.get(kind, _AS_USUAL)
        delay = self.delay if special.delay is None else special.delay
        factor = self.factor if special.factor is None else special.factor
        longest = self.max_delay if special.max_delay is None else special.max_delay
        try:
            plain = min(longest, delay * factor ** (attempt - 1))
        except OverflowError:
            plain = longest if delay else 0.0
        return plain * (1.0 + self.jitter * (2.0 * chance - 1.0))


_AS_USUAL = Backoff()
