"""Places in traces: ids that follow from what is recorded, so that every process finds the same."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, Self

from podium.model.facts.runs import Started

_SAMPLED = 1
_PERSON = b"podium.trace"


class TraceContext(NamedTuple):
    """The place of a span in a trace."""

    trace_id: int
    span_id: int
    sampled: bool = True
    """Whether the trace is kept."""

    @property
    def traceparent(self) -> str:
        """The place as W3C Trace Context writes it (https://www.w3.org/TR/trace-context-2/#traceparent-header)."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"

    @classmethod
    def read(cls, traceparent: str) -> Self | None:
        """Return the place that a `traceparent` tells of; None where it tells of none."""
        try:
            _, trace, span, flags, *_ = traceparent.split("-")
            found = cls(int(trace, 16), int(span, 16), bool(int(flags, 16) & _SAMPLED))
        except ValueError:
            return None
        return found if found.trace_id and found.span_id else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the trace of a run comes from."""

    trace_id: int
    parent: TraceContext | None = None
    """What started the run, where that is in the same trace."""
    link: TraceContext | None = None
    """The run that this one was forked from, which is in another trace."""


def origin_of(run: str, started: Started) -> Origin:
    """Return where the trace of a run comes from, by its first fact.

    A run that nobody traced when it was started, and a fork, begin a trace of their own, whose id follows from the
    run's id and seed.
    """
    told = None if started.trace is None else TraceContext.read(started.trace)
    if told is not None and started.forked_from is None:
        return Origin(told.trace_id, parent=told)
    return Origin(_trace_id(run, started.seed), link=told)


def place_of_run(run: str, started: Started, *, ended_before: int) -> TraceContext:
    """Return the place of a run that had ended so often before it was tried again."""
    origin = origin_of(run, started)
    sampled = origin.parent is None or origin.parent.sampled
    return TraceContext(origin.trace_id, SpanIds(run).of_run(ended_before), sampled)


class SpanIds:
    """The ids of the spans of one run."""

    __slots__ = ("_begun",)

    def __init__(self, run: str) -> None:
        self._begun = blake2b(f"{run}\0".encode(), digest_size=8, person=_PERSON)

    def id(self, part: str) -> int:
        """Return the id of a span, by what tells it from all others of the run; it is never 0."""
        digest = self._begun.copy()
        digest.update(part.encode())
        return int.from_bytes(digest.digest()) or 1

    def of_run(self, ended_before: int) -> int:
        """Return the id of the run's own span; it had ended so often before it was tried again."""
        return self.id(f"run {ended_before}")


def _trace_id(run: str, seed: int) -> int:
    return int.from_bytes(blake2b(f"{run}\0{seed}".encode(), digest_size=16, person=_PERSON).digest()) or 1
