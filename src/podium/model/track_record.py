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
    """Calls that failed for good; one that was refused or cancelled counts as neither."""
    seconds: float | None = None
    """The mean time from asked to answered, waits and retries included; None where nothing was answered."""
    usd: float | None = None
    """The mean price of a call in US dollars; None where it is known of none, as of a workflow's own calls."""
