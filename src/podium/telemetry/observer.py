"""The seam for telemetry: what the engine tells of runs, and what it asks."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from podium.telemetry.context import TraceContext
from podium.telemetry.spans import (
    AttemptSpan,
    BudgetEvent,
    CallSpan,
    CommitDone,
    NotificationSent,
    QueueLevel,
    QueueSpan,
    RunSpan,
    StepSpan,
    WaitSpan,
)


class Observer(Protocol):
    """Is told what came to its end, once that stands in the journal; what is inside something else comes first.

    A replay tells nothing, so nothing is told twice: not after a crash, a park, or when another process goes on with a
    run. If the process dies between the commit and the telling, it is not told at all. All methods are called in the
    event loop of the app and are not to block it. One that raises harms no run; that is logged once.

    A class that inherits from this one has methods that do nothing, and overrides those it wants.
    """

    def run(self, span: RunSpan) -> None:
        """A run has ended."""

    def call(self, span: CallSpan) -> None:
        """A call has ended; its attempts were told before."""

    def attempt(self, span: AttemptSpan) -> None:
        """An attempt of a call has ended; its steps were told before."""

    def step(self, span: StepSpan) -> None:
        """A step is done, or it failed and so did its attempt."""

    def wait(self, span: WaitSpan) -> None:
        """A wait has ended."""

    def queue(self, span: QueueSpan) -> None:
        """A worker took a run that had waited for one."""

    def queue_level(self, level: QueueLevel) -> None:
        """A queue was looked at, as each is every 15 seconds."""

    def commit(self, commit: CommitDone) -> None:
        """A transaction was made, or failed."""

    def budget(self, event: BudgetEvent) -> None:
        """Something was set aside, settled or refused."""

    def notification(self, sent: NotificationSent) -> None:
        """People were told that questions wait for them, or could not be."""

    def current(self) -> TraceContext | None:
        """Return the span that a run which is started now is part of; None has it begin a trace."""
        return None

    def samples(self, trace_id: int, workflow: str) -> bool:
        """Whether a trace that a run begins is kept; has to say the same in every process."""
        return True

    def inside(self, context: TraceContext) -> AbstractContextManager[None]:
        """Return what makes this place the current one while an agent, a step or a workflow runs."""
        return nullcontext()
