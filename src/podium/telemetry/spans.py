"""What an observer is told: parts of a run that came to their end, and what a process did beside.

They say nothing that a redaction would take away: no inputs, no values, no texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from podium.model.budget import Amount
from podium.model.outcome import Usage
from podium.telemetry.context import TraceContext

SpanOutcome = Literal["done", "failed", "refused", "expired", "cancelled"]
WaitKind = Literal["sleep", "signal", "child", "question", "held"]


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened within a span."""

    name: str
    at: float
    """Seconds since 1970."""
    attributes: Mapping[str, str | int | float | bool]


@dataclass(slots=True, kw_only=True)
class Span:
    """A part of a run that came to its end. That stands in the journal, so it is told once, whatever happens.

    Like all that an observer is told, it is not changed after it is made.
    """

    context: TraceContext
    """Its own place in the trace."""
    parent: TraceContext | None
    """What it is a part of; None for a run that begins a trace."""
    run: str
    key: str
    """The key of the call, step or wait; empty for the run itself."""
    began: float
    """Seconds since 1970, as is `ended`."""
    ended: float
    outcome: SpanOutcome
    error: str = ""
    """The type of the error, where it failed."""
    events: Sequence[SpanEvent] = ()


@dataclass(slots=True, kw_only=True)
class RunSpan(Span):
    """A run, from its start to its end; one that is tried again is told of again, with another span."""

    workflow: str
    version: str
    tenant: str
    principal: str
    link: TraceContext | None
    """The run that it was forked from."""


@dataclass(slots=True, kw_only=True)
class CallSpan(Span):
    """A call, with all its attempts and waits."""

    agent: str
    """The agent that was asked first."""
    version: str
    attempts: int
    rule: str
    """What refused it; else empty."""


@dataclass(slots=True, kw_only=True)
class AttemptSpan(Span):
    """One attempt of a call."""

    agent: str
    """The agent that was asked in this attempt: a fallback, where it came to that."""
    version: str
    attempt: int
    inline: bool
    """Whether it is a workflow, which runs under the key of the call."""
    usage: Usage | None


@dataclass(slots=True, kw_only=True)
class StepSpan(Span):
    """A step of an attempt: a model request, a tool call, a `once`. Those that failed are told with their attempt."""

    name: str
    """`model`, `tool/NAME`, or what the agent called it."""
    attempt: int
    model: str
    """The model that was asked, where the step is a model request; else empty."""
    usage: Usage | None


@dataclass(slots=True, kw_only=True)
class WaitSpan(Span):
    """A wait, from when it was begun to what ended it; the run may have been out of memory meanwhile."""

    kind: WaitKind
    """A sleep, a signal, a child run, a question to people, or a rule that holds a call back."""
    name: str
    """The name of the signal, the id of the child run or question, the rule; empty for a sleep."""


@dataclass(slots=True, kw_only=True)
class QueueSpan(Span):
    """The time that a run was ready and waited for a worker. Its outcome is `done`: a worker took it."""

    workflow: str
    queue: str
    priority: int


@dataclass(slots=True, kw_only=True)
class CommitDone:
    """A transaction of the store: all that the runs of a process recorded in one turn of its event loop."""

    operations: int
    seconds: float
    failed: bool


@dataclass(slots=True, kw_only=True)
class QueueLevel:
    """How a queue of the store stands now; each worker tells the same of it."""

    queue: str
    ready: int
    """How many runs wait for a worker."""
    oldest_age: float
    """Seconds that the one of them waits that waits longest."""
    running: int
    """How many are driven."""


@dataclass(slots=True, kw_only=True)
class BudgetEvent:
    """Money, tokens or calls were set aside, settled, or there was no room for them."""

    context: TraceContext
    """The attempt that wanted them."""
    run: str
    key: str
    did: Literal["reserved", "settled", "refused"]
    amount: Amount
    """What was set aside or asked for; of what is settled, what was really spent."""
    budgets: Sequence[str]
    """The ids of the budgets, where they are known."""
    at: float
    in_doubt: bool = False
    """Whether a process died in between, and all of it counts as spent."""


@dataclass(frozen=True, slots=True)
class NotificationSent:
    """People were told that questions wait for them, or could not be."""

    tenant: str
    questions: int
    """Of how many."""
    failed: bool
