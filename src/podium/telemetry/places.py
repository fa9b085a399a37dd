"""Where each part of a run is in its trace."""

from collections.abc import Sequence

from podium.model.fact import Fact, started_of
from podium.model.run import Run
from podium.telemetry.context import TraceContext, origin_of, run_span, span_id
from podium.telemetry.observer import Observer


class Places:
    """Gives each part of one run its place. It follows from keys and counts alone: every process gives the same."""

    __slots__ = ("_run", "_sampled", "_trace_id", "link", "parent")

    def __init__(self, run: Run, facts: Sequence[Fact], observer: Observer) -> None:
        origin = origin_of(run.id, started_of(facts))
        self.parent = origin.parent
        """What the run is a part of."""
        self.link = origin.link
        """The run that it was forked from."""
        self._run = run.id
        self._trace_id = origin.trace_id
        given = origin.parent
        self._sampled = given.sampled if given else observer.samples(origin.trace_id, run.workflow)

    def run(self, ended_before: int) -> TraceContext:
        """Return the place of the run, which had ended so often before it was tried again."""
        return self._at(run_span(self._run, ended_before))

    def call(self, key: str, life: int) -> TraceContext:
        """Return the place of a call."""
        return self._at(span_id(self._run, "call", key, str(life)))

    def attempt(self, key: str, number: int, life: int) -> TraceContext:
        """Return the place of an attempt."""
        return self._at(span_id(self._run, "attempt", key, str(number), str(life)))

    def step(self, key: str, number: int, life: int, failures: int) -> TraceContext:
        """Return the place of a step of an attempt, in which it had failed so often."""
        return self._at(span_id(self._run, "step", key, str(number), str(life), str(failures)))

    def wait(self, key: str, mark: str, life: int) -> TraceContext:
        """Return the place of a wait."""
        return self._at(span_id(self._run, "wait", key, mark, str(life)))

    def queue(self, epoch: int) -> TraceContext:
        """Return the place of the time in the queue before a worker took the run under an epoch."""
        return self._at(span_id(self._run, "queue", str(epoch)))

    def _at(self, span: int) -> TraceContext:
        return TraceContext(self._trace_id, span, self._sampled)
