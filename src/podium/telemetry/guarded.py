"""Whatever an observer does, no run is harmed by it."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from podium.telemetry.context import TraceContext
from podium.telemetry.observer import Observer
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

_LOG = logging.getLogger("podium")

Told = TypeVar("Told")


class GuardedObserver(Observer):
    """Hands everything on to an observer; what that raises is logged, the first time for each of its methods."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._failed: set[str] = set()

    def run(self, span: RunSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.run, span)

    def call(self, span: CallSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.call, span)

    def attempt(self, span: AttemptSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.attempt, span)

    def step(self, span: StepSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.step, span)

    def wait(self, span: WaitSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.wait, span)

    def queue(self, span: QueueSpan) -> None:
        """Hand it on."""
        self._tell(self._observer.queue, span)

    def queue_level(self, level: QueueLevel) -> None:
        """Hand it on."""
        self._tell(self._observer.queue_level, level)

    def commit(self, commit: CommitDone) -> None:
        """Hand it on."""
        self._tell(self._observer.commit, commit)

    def budget(self, event: BudgetEvent) -> None:
        """Hand it on."""
        self._tell(self._observer.budget, event)

    def notification(self, sent: NotificationSent) -> None:
        """Hand it on."""
        self._tell(self._observer.notification, sent)

    def current(self) -> TraceContext | None:
        """Return what it says, or None where it fails."""
        try:
            return self._observer.current()
        except Exception:  # foreign code, as is all that follows
            self.failed("current")
            return None

    def samples(self, trace_id: int, workflow: str) -> bool:
        """Return what it says; a trace is kept where it fails."""
        try:
            return self._observer.samples(trace_id, workflow)
        except Exception:
            self.failed("samples")
            return True

    def inside(self, context: TraceContext) -> AbstractContextManager[None]:
        """Return what enters and leaves the place, if that works."""
        return _Inside(self, self._observer, context)

    def failed(self, method: str) -> None:
        """Log the exception that is being handled, if it is the first of this method."""
        if method not in self._failed:
            self._failed.add(method)
            _LOG.exception("the observer failed in %s; runs go on, and further failures there are not logged", method)

    def _tell(self, method: Callable[[Told], None], told: Told) -> None:
        try:
            method(told)
        except Exception:
            self.failed(getattr(method, "__name__", "a method"))


class _Inside(AbstractContextManager[None]):
    """Enters a place, and leaves it; if that fails, what is done there is done all the same."""

    __slots__ = ("_context", "_entered", "_guard", "_observer")

    def __init__(self, guard: GuardedObserver, observer: Observer, context: TraceContext) -> None:
        self._guard = guard
        self._observer = observer
        self._context = context
        self._entered: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        try:
            entered = self._observer.inside(self._context)
            entered.__enter__()
            self._entered = entered
        except Exception:
            self._guard.failed("inside")

    def __exit__(self, *_: object) -> None:
        if self._entered is None:
            return
        try:
            self._entered.__exit__(None, None, None)
        except Exception:
            self._guard.failed("inside")
