"""One execution of a workflow, and how it stands."""

from dataclasses import dataclass
from enum import StrEnum

from podium.model.allow import AllowList
from podium.model.budget import Budget
from podium.model.conversation import ConversationTurn
from podium.model.duration import FINITE, SecondsOrNone, hold_seconds
from podium.model.expected import NAME, NAMES, WHOLE, instance, or_none
from podium.model.json import Json
from podium.model.storable import check_integer, check_text


class RunState(StrEnum):
    """Where a run stands."""

    READY = "ready"
    """Waits for a worker."""
    RUNNING = "running"
    """A worker drives it."""
    PARKED = "parked"
    """Waits for a timer, a signal, an answer or a child run; nothing of it is in memory."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    """Code and journal do not agree, or the version is missing; the reason says which."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self in ENDED_STATES


class BlockedReason(StrEnum):
    """Why a run cannot go on; its `reason` says it in words."""

    MISSING_VERSION = "missing_version"
    """No worker has its workflow's version: it goes on once one has."""
    MISSING_AGENT = "missing_agent"
    """An agent that it calls is not registered."""
    DIVERGED = "diverged"
    """The code asks for something else than the journal has."""
    MAX_FACTS = "max_facts"
    """It has as many facts as the settings allow."""
    QUARANTINED = "quarantined"
    """Processes died one after the other while they drove it."""
    CODE = "code"
    """The code, or a rule, cannot go on with what is recorded."""


PATTERNS_VERSION = 2
"""The version of the built-in patterns that a run is pinned to when it begins.

A release in which the body of a pattern asks for other things than before raises it by one, once for all patterns.

1: Podium 0.1.0. 2: language models and people are handed all parts of their role; a task of `plan_execute` is tried six
times where no number is given, and its time is learned; None is no answer to `cascade`; `adaptive` asks its analyst
first, and counts how its members did at each kind of tasks apart; what a member may not do ends its team.
"""

START = "start"
"""The key under which a run records whether the rules let it in, and its value out."""

DEFAULT_QUEUE = "default"
"""The queue of runs that are started without naming one."""

SUSPECTED = 2
"""So many strikes make a run suspect."""

ENDED_STATES = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)
"""The states in which nothing more happens to a run by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the store knows it."""

    id: str
    workflow: str
    version: str
    state: RunState
    epoch: int
    queue: str
    priority: int
    created_at: float
    ended_at: float | None
    wake_at: float | None
    parent: str | None
    root: str
    tenant: str
    principal: str
    owner: str | None
    facts: int
    """How many facts its journal holds."""
    reason: str
    """Why it is blocked, or the failure in one line."""
    affinity: str | None = None
    """What it has in common with runs that are best driven by the same worker, such as a conversation."""
    tag: str | None = None
    """The caller's own name for it, unique per workflow: starting it again finds this run."""
    blocked: BlockedReason | None = None
    """Why it is blocked; None where it is not."""
    crash_count: int = 0
    """How many processes in a row died while they had it in memory, and it came no further from one to the next."""
    generation: int = 1
    """How often it began: with its start, and with each `ctx.restart`."""
    since: int = 0
    """The place of the fact with which its present generation began."""

    @property
    def suspect(self) -> bool:
        """Whether it may be what kills its processes: it is then driven beside no other suspect."""
        return self.crash_count >= SUSPECTED


_EXPECTED = {
    **dict.fromkeys(("id", "tag", "affinity"), or_none(NAME)), **dict.fromkeys(("queue", "tenant", "principal"), NAME),
    "priority": WHOLE,
    "budget": or_none(instance(Budget, "Budget(usd=0.5)")),
    "allow": or_none(NAMES),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is started."""

    id: str | None = None
    tag: str | None = None
    queue: str = DEFAULT_QUEUE
    """Which processes drive it: those that serve this queue, or all queues."""
    priority: int = 0
    """Larger goes first."""
    affinity: str | None = None
    """Runs of a tenant with the same affinity go to the same worker, as far as that has slots."""
    tenant: str = "default"
    principal: str = "local"
    within: SecondsOrNone = SecondsOrNone()
    """Seconds that the run may take, from its start to its end; None is no bound."""
    budget: Budget | None = None
    """What it may spend, with all its calls and child runs."""
    turn: ConversationTurn | None = None
    """The turn in a conversation that it has from its start to its end."""
    allow: AllowList | None = None
    """The tools and agents that it may use, with everything below it; None is no such list."""

    def __post_init__(self) -> None:
        for name in ("id", "tag", "affinity", "queue", "tenant", "principal"):
            check_text(f"the run's {name}", getattr(self, name))
        for name, expected in _EXPECTED.items():
            expected.check(f"the run's {name}", getattr(self, name))
        check_integer("the run's priority", self.priority)
        hold_seconds(self, FINITE, "within", whose="the run", optional=True)


@dataclass(frozen=True, slots=True)
class Signal:
    """Something from outside, on its way into a run."""

    id: str
    """Unique per run: the same id a second time is dropped."""
    kind: str
    """`user`, `answer`, `child` or `cancel`."""
    name: str
    body: Json
    at: float


def child_ended(child: str, facts: int, outcome: Json, at: float) -> Signal:
    """Return what tells a run that a child run has ended with so many facts: one that was retried ends once more."""
    return Signal(f"child:{child}:{facts}", "child", child, outcome, at)
