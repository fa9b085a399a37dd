"""What can be set about the fleet on DBOS."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.expected import COUNT, TEXT, Expected, check_fields, each, instance, or_none

LONGEST_NAME = 63
"""PostgreSQL cuts longer names of schemas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBounds:
    """Bounds on the runs of a queue, in all processes together; None is no bound.

    Counted are runs in memory: a run that waits for a person or a timer counts only while it is driven.
    """

    concurrency: int | None = None
    """Runs in memory at once."""
    runs: int | None = None
    """Runs that are taken up in any `per` seconds; each time that one is woken counts."""
    per: Seconds = Seconds(60.0)
    tenant_concurrency: int | None = None
    """Runs of one tenant in memory at once."""
    tenant_runs: int | None = None
    """Runs of one tenant that are taken up in any `per` seconds."""

    def __post_init__(self) -> None:
        check_fields(self, dict.fromkeys(_BOUNDS, or_none(COUNT)))
        hold_seconds(self, SECONDS, "per")

    @property
    def by_tenant(self) -> bool:
        """Whether anything is bounded for each tenant."""
        return self.tenant_concurrency is not None or self.tenant_runs is not None


_BOUNDS = ("concurrency", "runs", "tenant_concurrency", "tenant_runs")
_SCHEMA = Expected(
    f"the name of a schema, of 1 to {LONGEST_NAME} bytes",
    lambda value: TEXT.fits(value) and 0 < len(str(value).encode()) <= LONGEST_NAME,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DbosOptions:
    """The table `[podium.fleet]` with `kind = "dbos"`."""

    schema: str | None = None
    """Where DBOS keeps its tables, in the database of the store; None is the store's schema with `_dbos` behind it."""
    poll: Seconds = Seconds(0.2)
    """Seconds between two looks of a process into each of its queues."""
    queues: Mapping[str, QueueBounds] = field(default_factory=dict[str, QueueBounds])
    """The bounds of queues, by name: `[podium.fleet.queues.NAME]`; `*` is each that is not named."""

    def __post_init__(self) -> None:
        bounds = each(instance(QueueBounds, "QueueBounds(concurrency=5)"), "bounds by queue")
        check_fields(self, {"schema": or_none(_SCHEMA), "queues": bounds})
        hold_seconds(self, SECONDS, "poll")

    def bounds_of(self, queue: str) -> QueueBounds:
        """Return the bounds of a queue."""
        return self.queues.get(queue) or self.queues.get("*") or _UNBOUND

    @property
    def longest(self) -> float:
        """The longest time over which runs are counted; 0 where none are."""
        return max((each.per for each in self.queues.values() if each.runs or each.tenant_runs), default=0.0)


_UNBOUND = QueueBounds()
