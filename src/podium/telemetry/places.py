"""Where each part of a run is in its trace."""

from collections.abc import Sequence

from podium.model.fact import Fact, started_of
from podium.model.run import Run
from podium.telemetry.context import SpanIds, TraceContext, origin_of
from podium.telemetry.observer import Observer


class Places:
    """Gives each part of one run its place. It follows from keys and counts alone: every process gives the same."""

    __slots__ = ("_ids", "_sampled", "_trace_id", "link", "parent")

    def __init__(self, run: Run, facts: Sequence[Fact], observer: Observer) -> None:
        origin = origin_of(run.id, started_of(facts))
        self.parent = origin.parent
        """What the run is a part of."""
        self.link = origin.link
        """The run that it was forked from."""
        self._ids = SpanIds(run.id)
        self._trace_id = origin.trace_id
        given = origin.parent
        self._sampled = given.sampled if given else observer.samples(origin.trace_id, run.workflow)

    def run(self, ended_before: int) -> TraceContext:
        """Return the place of the run, which had ended so often before it was tried again."""
        return TraceContext(self._trace_id, self._ids.of_run(ended_before), self._sampled)

    def call(self, key: str, life: int) -> TraceContext:
        """Return the place of a call."""
        return self._at(f"call {life} {key}")

    def attempt(self, key: str, number: int, life: int) -> TraceContext:
        """Return the place of an attempt."""
        return self._at(f"attempt {life} {number} {key}")

    def step(self, key: str, number: int, life: int, failures: int) -> TraceContext:
        """Return the place of a step of an attempt, in which it had failed so often."""
        return self._at(f"step {life} {number} {failures} {key}")

    def wait(self, key: str, mark: str, life: int) -> TraceContext:
        """Return the place of a wait."""
        return self._at(f"wait {life} {key} {mark}")

    def queue(self, epoch: int) -> TraceContext:
        """Return the place of the time in the queue before a worker took the run under an epoch."""
        return self._at(f"queue {epoch}")

    def _at(self, part: str) -> TraceContext:
        return TraceContext(self._trace_id, self._ids.id(part), self._sampled)
