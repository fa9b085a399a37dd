"""What can be set about the fleet on DBOS."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.expected import COUNT, FLAG, TEXT, Expected, check_fields, each, instance, or_none
from podium.model.json import Json
from podium.model.run import DEFAULT_QUEUE

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSchedule:
    """Runs that begin by the clock, one for each time in the whole fleet."""

    cron: str
    """When: minute, hour, day, month, weekday, such as `0 9 * * 1-5`; with a sixth field before them, second."""
    workflow: str
    """The name of the workflow."""
    input: Json = None
    timezone: str = "UTC"
    """In which `cron` is read, such as `Europe/Berlin`."""
    catch_up: bool = False
    """Whether what was missed is made up for, once a process lives again."""
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    tenant: str | None = None
    principal: str | None = None

    def __post_init__(self) -> None:
        check_fields(self, _SCHEDULE)


_SCHEDULE: Mapping[str, Expected] = {
    **dict.fromkeys(("cron", "workflow", "timezone", "queue"), TEXT), "catch_up": FLAG,
    **dict.fromkeys(("tenant", "principal"), or_none(TEXT)),
    "priority": Expected("a whole number", lambda value: isinstance(value, int)),
}  # fmt: skip
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

    schedules: Mapping[str, RunSchedule] = field(default_factory=dict[str, RunSchedule])
    """Runs that begin by the clock, by name: `[podium.fleet.schedules.NAME]`."""

    def __post_init__(self) -> None:
        bounds = each(instance(QueueBounds, "QueueBounds(concurrency=5)"), "bounds by queue")
        check_fields(self, {"schema": or_none(_SCHEMA), "queues": bounds, "schedules": _SCHEDULES})
        hold_seconds(self, SECONDS, "poll")

    def bounds_of(self, queue: str) -> QueueBounds:
        """Return the bounds of a queue."""
        return self.queues.get(queue) or self.queues.get("*") or _UNBOUND

    @property
    def longest(self) -> float:
        """The longest time over which runs are counted; 0 where none are."""
        return max((each.per for each in self.queues.values() if each.runs or each.tenant_runs), default=0.0)


_SCHEDULES = each(instance(RunSchedule, 'RunSchedule(cron="0 9 * * *", workflow="report")'), "schedules by name")
_UNBOUND = QueueBounds()
