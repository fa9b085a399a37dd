"""The voyage, traced: each span that ends is a line of a file, so what a process told before it died is known."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from podium.telemetry.opentelemetry import OpenTelemetryObserver
from tests.faults.programs.voyage import drive


class Lines(SpanExporter):
    """Writes each span as a line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._path.open("a", encoding="utf-8") as file:
            for span in spans:
                file.write(span.to_json(indent=None) + "\n")
        return SpanExportResult.SUCCESS


def warm() -> None:
    """Make the voyage once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        main(folder, None)


def main(folder: str, point: str | None) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Lines(Path(folder) / "spans")))
    asyncio.run(drive(Path(folder), point, OpenTelemetryObserver(provider)))
