"""Secrets in traces. Needs the extra `podium[telemetry]`."""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from podium.secrets.masking import MASKING


class MaskingExporter(SpanExporter):
    """Masks secrets in the spans that go to another exporter: `MaskingExporter(OTLPSpanExporter())`.

    Podium's own spans have none in them; those of your agents' libraries may.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans on without secrets."""
        return self._exporter.export([_masked(each) for each in spans] if MASKING.active else spans)

    def shutdown(self) -> None:
        """Shut the other exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the other exporter."""
        return self._exporter.force_flush(timeout_millis)


def _masked(span: ReadableSpan) -> ReadableSpan:
    status = span.status
    return ReadableSpan(
        name=MASKING.text(span.name), context=span.get_span_context(), parent=span.parent, resource=span.resource,
        attributes=_attributes(span.attributes), links=span.links, kind=span.kind,
        events=[Event(MASKING.text(each.name), _attributes(each.attributes), each.timestamp) for each in span.events],
        status=Status(status.status_code, status.description and MASKING.text(status.description)),
        start_time=span.start_time, end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
    )  # fmt: skip


def _attributes(attributes: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
    return {name: MASKING.json(value) for name, value in (attributes or {}).items()}
