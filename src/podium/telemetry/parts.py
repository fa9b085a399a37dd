"""What is open in a run, as its facts tell: what each will be a span of when it ends."""

from dataclasses import dataclass, field

from podium.model.facts.calls import Asked, Held
from podium.model.facts.waits import ChildAwaited, QuestionAsked, SignalAwaited, SleepBegun
from podium.telemetry.context import TraceContext
from podium.telemetry.spans import SpanEvent, WaitKind

_MOST_EVENTS = 128
"""So many events an attempt or a run keeps; OpenTelemetry keeps no more of a span either."""

WaitBegun = SleepBegun | SignalAwaited | ChildAwaited | QuestionAsked | Held


@dataclass(slots=True, kw_only=True)
class Part:
    """A part of a run that has not ended."""

    mark: str
    """What tells it from another one of the same key."""
    began: float
    life: int
    """How often facts of the run had been voided when it began: what is done again has another span."""


@dataclass(slots=True, kw_only=True)
class CallPart(Part):
    """A call that has not ended."""

    asked: Asked
    place: TraceContext | None = None
    """Its place in the trace, once that was asked for."""
    below: int = 0
    """How many calls and waits are open right below it, where it is a workflow."""


@dataclass(slots=True, kw_only=True)
class AttemptPart(Part):
    """An attempt that has not ended."""

    number: int
    under: str = ""
    """The key under which it goes on with what an earlier attempt recorded; empty where it began anew."""
    events: list[SpanEvent] = field(default_factory=list[SpanEvent])

    def add(self, event: SpanEvent) -> None:
        """Keep an event, if there are not too many."""
        if len(self.events) < _MOST_EVENTS:
            self.events.append(event)


@dataclass(slots=True, kw_only=True)
class WaitPart(Part):
    """A wait that has not ended."""

    kind: WaitKind
    name: str
    due: float | None
    """When it ends at the latest."""


@dataclass(slots=True, kw_only=True)
class Dispatched:
    """Who was asked in an attempt that this process made."""

    context: TraceContext
    """The place of the attempt."""
    agent: str
    version: str
    inline: bool
    """Whether it is a workflow, which runs under the key of the call."""


def begun_wait(said: WaitBegun, at: float, life: int) -> WaitPart:
    """Return the wait that a fact begins."""
    match said:
        case SleepBegun():
            kind, name, due = "sleep", "", said.due
        case SignalAwaited():
            kind, name, due = "signal", said.name, said.due
        case ChildAwaited():
            kind, name, due = "child", said.name, said.due
        case QuestionAsked():
            kind, name, due = "question", said.question, said.due
        case Held():
            kind, name, due = "held", said.rule or "", said.until
    return WaitPart(mark=f"{kind} {name} {due}", began=at, life=life, kind=kind, name=name, due=due)
