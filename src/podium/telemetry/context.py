"""Places in traces: ids that follow from what is recorded, so that every process finds the same."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from podium.model.facts.runs import Started

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
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
        found = _TRACEPARENT.fullmatch(traceparent)
        if found is None:
            return None
        trace, span, flags = (int(each, 16) for each in found.groups())
        return cls(trace, span, bool(flags & _SAMPLED)) if trace and span else None


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
    return Origin(_number(16, "trace", run, str(started.seed)), link=told)


def run_span(run: str, ended_before: int) -> int:
    """Return the id of the span of a run that had ended so often before it was tried again."""
    return span_id(run, "run", str(ended_before))


def place_of_run(run: str, started: Started, *, ended_before: int) -> TraceContext:
    """Return the place of a run that had ended so often before it was tried again."""
    origin = origin_of(run, started)
    sampled = origin.parent is None or origin.parent.sampled
    return TraceContext(origin.trace_id, run_span(run, ended_before), sampled)


def span_id(*parts: str) -> int:
    """Return the id of a span, by what tells it from all others."""
    return _number(8, *parts)


def _number(size: int, *parts: str) -> int:
    """Return a number of so many bytes that is not 0, which no trace and no span may have."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=size, person=b"podium").digest()) or 1
