"""What an agent has done so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How the calls of one version of an agent went, folded from the facts. Given by `ctx.records`."""

    agent: str
    version: str
    calls: int
    """How often it was asked, also where there is no answer yet. A retried attempt is no call of its own."""
    done: int
    failed: int
    """Calls that failed for good; one that was refused, itself or below it, or was cancelled, counts as neither."""
    seconds: float | None = None
    """The mean time from asked to answered, waits and retries included; None where nothing was answered."""
    usd: float | None = None
    """The mean price of a call in US dollars; None where it is known of none, as of a workflow's own calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """How the last calls of one version of an agent went, for those who look after it."""

    agent: str
    version: str
    calls: int
    """How often it was asked, also where there is no answer yet."""
    done: int
    failed: int
    """Calls that failed for good."""
    p50: float | None
    """Seconds from asked to answered, waits and retries included: half of the calls took no longer."""
    p95: float | None
    """95 of 100 took no longer."""
    usd: float | None
    """What they came to together in US dollars; None where it is known of none."""
    last: float
    """When it was asked last, in seconds since 1970."""
