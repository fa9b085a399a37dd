"""Which observer an app has where none is given: OpenTelemetry, if the program has set it up."""

import logging
import os
import sys
from typing import TYPE_CHECKING

from podium import lazy
from podium.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry import trace

    from podium.telemetry import opentelemetry
    from podium.telemetry.observer import Observer
else:
    trace = lazy.module("opentelemetry.trace")
    opentelemetry = lazy.module("podium.telemetry.opentelemetry")

_LOG = logging.getLogger("podium")
_CHOSEN = "OTEL_PYTHON_TRACER_PROVIDER"
"""The variable by which OpenTelemetry is set up without a line of code."""


def observer_set_up() -> "Observer | None":
    """Return what makes spans, if the program has set up tracing; it is not loaded otherwise."""
    if "opentelemetry.trace" not in sys.modules and _CHOSEN not in os.environ:
        return None
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    if isinstance(trace.get_tracer("podium"), trace.NoOpTracer):
        return None  # switched off by OTEL_SDK_DISABLED
    try:
        return opentelemetry.OpenTelemetryObserver()
    except UsageError as error:
        _LOG.warning("runs are not traced: %s", error)
        return None
