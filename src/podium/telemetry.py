"""Spans over OpenTelemetry's API: nothing is sent unless the program sets up an SDK."""

from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import trace

from podium.secrets.masking import MASKING

_TRACER = trace.get_tracer("podium")


def recording() -> bool:
    """Whether the program has set up tracing; without, no span is made."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def event(name: str, attributes: dict[str, str]) -> None:
    """Put an event on the span that is open now, if there is one."""
    trace.get_current_span().add_event(name, MASKING.json(attributes) if MASKING.active else attributes)


@contextmanager
def span(name: str, attributes: dict[str, str | int | float]) -> Generator[trace.Span]:
    """Have a block traced as a span."""
    if MASKING.active:
        attributes = MASKING.json(attributes)
    with _TRACER.start_as_current_span(name, attributes=attributes) as current:
        yield current
