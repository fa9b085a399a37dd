"""Spans over OpenTelemetry's API: nothing is sent unless the program sets up an SDK."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from podium import lazy
from podium.secrets.masking import MASKING

if TYPE_CHECKING:
    from opentelemetry import trace
else:
    trace = lazy.module("opentelemetry.trace")

_CHOSEN = "OTEL_PYTHON_TRACER_PROVIDER"
"""The variable by which OpenTelemetry is set up without a line of code."""


def recording() -> bool:
    """Whether the program has set up tracing; without, no span is made."""
    if "opentelemetry.trace" not in sys.modules and _CHOSEN not in os.environ:
        return False
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def event(name: str, attributes: dict[str, str]) -> None:
    """Put an event on the span that is open now, if there is one."""
    if "opentelemetry.trace" in sys.modules:
        trace.get_current_span().add_event(name, MASKING.json(attributes) if MASKING.active else attributes)


@contextmanager
def span(name: str, attributes: dict[str, str | int | float]) -> "Generator[trace.Span]":
    """Have a block traced as a span."""
    if MASKING.active:
        attributes = MASKING.json(attributes)
    with _tracer().start_as_current_span(name, attributes=attributes) as current:
        yield current


@cache
def _tracer() -> "trace.Tracer":
    return trace.get_tracer("podium")
