"""Spans in memory, and what has to hold of them."""

from collections import Counter
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

from podium.telemetry.opentelemetry import OpenTelemetryObserver


class Tracing:
    """A provider of its own, with what it exported."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.provider = TracerProvider(sampler=sampler)
        self.exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.mine = self.provider.get_tracer("mine")
        """The tracer of a user."""

    @property
    def observer(self) -> OpenTelemetryObserver:
        """A new observer, as a further process would have it."""
        return OpenTelemetryObserver(self.provider)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """What was exported, in this order."""
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        """Return the one span of a name."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> list[str]:
        """Return the spans as lines, those below others indented, by their beginning; without those of the queue."""
        whole_trace(self.spans)
        return _below([span for span in self.spans if not span.name.startswith("queue ")], None, "")


def _below(spans: Sequence[ReadableSpan], parent: int | None, indent: str) -> list[str]:
    lines: list[str] = []
    known = {id_of(span) for span in spans}
    for span in sorted(spans, key=lambda each: (each.start_time or 0, each.end_time or 0)):
        above = parent_of(span)
        if above == parent or (parent is None and above not in known):
            outcome = (span.attributes or {}).get("podium.outcome", "")
            lines.append(f"{indent}{span.name} {outcome}".rstrip())
            lines.extend(_below(spans, id_of(span), indent + "  "))
    return lines


def id_of(span: ReadableSpan) -> int:
    """Return the id of a span."""
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def trace_of(span: ReadableSpan) -> int:
    """Return the id of a span's trace."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id


def parent_of(span: ReadableSpan) -> int | None:
    """Return the id of a span's parent."""
    return None if span.parent is None else span.parent.span_id


def whole_trace(spans: Sequence[ReadableSpan], *, lost: int = 0) -> None:
    """Check that no span is there twice, all are of one trace, and each parent is there but for so many lost ones."""
    twice = [each for each, count in Counter(map(id_of, spans)).items() if count > 1]
    assert twice == [], [(span.name, dict(span.attributes or {})) for span in spans if id_of(span) in twice]
    assert len({trace_of(span) for span in spans}) == 1
    known = {id_of(span) for span in spans}
    orphans = {parent for span in spans if (parent := parent_of(span)) is not None and parent not in known}
    assert len(orphans) <= lost
    early = [(each.name, above.name) for each in spans for above in spans
             if parent_of(each) == id_of(above) and (each.start_time or 0) < (above.start_time or 0)]  # fmt: skip
    assert early == []
