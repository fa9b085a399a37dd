"""What goes wrong that the monitor sees to, and how that ends."""

from dataclasses import dataclass
from enum import StrEnum

from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.expected import COUNT, NAME, NATURAL, check_fields
from podium.model.fact import Fact
from podium.model.json import Json

MONITOR = "podium.monitor"
"""The workflow whose runs are the incidents."""
HEALTHY = "well"
"""The signal that tells an incident that what it is about has passed."""


class ProblemKind(StrEnum):
    """What sort of thing is in trouble."""

    AGENT = "agent"
    """An agent is unhealthy, or its circuit breaker lets no call through."""
    RUN = "run"
    """A run is quarantined."""
    WORKER = "worker"
    """A worker was declared dead."""
    FAILURES = "failures"
    """Many runs of a workflow failed in a short time."""


class Ending(StrEnum):
    """How an incident ended."""

    RECOVERED = "recovered"
    """It passed without help, or was handled elsewhere."""
    RESTARTED = "restarted"
    """The agent works again since it was restarted."""
    REPLACED = "replaced"
    """An older version of the agent does its work."""
    TAKEN_OVER = "taken over"
    """The runs of the dead worker went to others."""
    REQUEUED = "requeued"
    """A person had the runs go on from what failed."""
    LEFT = "left"
    """A person said to leave it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What the monitor saw."""

    kind: ProblemKind
    subject: str
    """The name of the agent or workflow, or the id of the run or worker."""
    version: str = ""
    """Of the agent."""
    why: str
    at: float
    """When it was seen; of a worker, when it was last heard of."""
    seen_by: str
    """The worker whose monitor saw it."""

    @property
    def name(self) -> str:
        """What it is about; the incidents of one name come one after the other."""
        return f"{self.kind}:{self.subject}:{self.version}" if self.version else f"{self.kind}:{self.subject}"


def trouble_of(started: Fact) -> Problem:
    """Return what an incident is about, from its first fact."""
    given: Json = started.value()
    kind = ProblemKind(given["kind"])
    return Problem(kind=kind, **{name: value for name, value in given.items() if name != "kind"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """When the monitor looks, and what it does before it asks a person; times are in seconds."""

    every: Seconds = Seconds(10.0)
    """Between two looks; what a call notices is looked at at once."""
    restarts: int = 2
    """How often an agent is restarted within an hour before a person is asked."""
    max_wait: Seconds = Seconds(60.0)
    """How long something may take to be well again, and how long a restart may take."""
    burst: int = 10
    """So many failed runs of one workflow within `window` are an incident."""
    window: Seconds = Seconds(60.0)
    """How far back failed runs and warnings in the log count."""
    to: str = "operators"
    """Who is asked."""

    def __post_init__(self) -> None:
        hold_seconds(self, SECONDS, "every", "max_wait", "window")
        check_fields(self, {"burst": COUNT, "restarts": NATURAL, "to": NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that was done about an incident, and what came of it."""

    what: str
    at: float
    found: Json
    """None while it is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that went wrong, what was done, and how it ended. It is a run, `run`, of its own."""

    run: str
    trouble: Problem
    opened_at: float
    ended_at: float | None
    ending: str
    """An Ending, or why the incident itself failed; empty while it is open."""
    question: str | None
    """The id of the question that waits for a person, if one does."""
    actions: tuple[Action, ...]
