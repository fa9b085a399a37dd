"""An observer that keeps what it is told."""

from collections.abc import Generator
from contextlib import contextmanager

from podium.telemetry.context import TraceContext
from podium.telemetry.observer import Observer
from podium.telemetry.spans import (
    AttemptSpan,
    BudgetEvent,
    CallSpan,
    CommitDone,
    QueueSpan,
    RunSpan,
    Span,
    StepSpan,
    WaitSpan,
)


class Watching(Observer):
    """Keeps what it is told, in order, each as one line."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.spans: list[Span] = []
        self.commits: list[CommitDone] = []
        self.budgets: list[BudgetEvent] = []
        self.queued: list[QueueSpan] = []
        self.places: list[TraceContext] = []
        """Where one is now, the innermost last."""

    def run(self, span: RunSpan) -> None:
        self._tell("run", span.workflow, span)

    def call(self, span: CallSpan) -> None:
        self._tell("call", span.agent, span)

    def attempt(self, span: AttemptSpan) -> None:
        self._tell(f"attempt {span.attempt}", span.agent, span)

    def step(self, span: StepSpan) -> None:
        self._tell("step", span.name, span)

    def wait(self, span: WaitSpan) -> None:
        self._tell("wait", span.kind, span)

    def queue(self, span: QueueSpan) -> None:
        self.queued.append(span)

    def commit(self, commit: CommitDone) -> None:
        self.commits.append(commit)

    def budget(self, event: BudgetEvent) -> None:
        self.budgets.append(event)
        self.told.append(f"budget {event.did}")

    @contextmanager
    def inside(self, context: TraceContext) -> Generator[None]:
        self.places.append(context)
        try:
            yield
        finally:
            self.places.remove(context)

    def _tell(self, what: str, name: str, span: Span) -> None:
        self.told.append(f"{what} {name} {span.outcome}")
        self.spans.append(span)
