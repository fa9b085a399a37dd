"""How queues stand is measured with OpenTelemetry."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider

from podium.telemetry.opentelemetry import OpenTelemetryObserver
from podium.telemetry.spans import QueueLevel


def test_depth_age_and_what_is_driven_are_gauges_by_queue() -> None:
    reader = InMemoryMetricReader()
    observer = OpenTelemetryObserver(TracerProvider(), MeterProvider([reader]))
    observer.queue_level(QueueLevel(queue="gpu", ready=9, oldest_age=1.0, running=2))
    observer.queue_level(QueueLevel(queue="gpu", ready=3, oldest_age=7.5, running=4))
    observer.queue_level(QueueLevel(queue="mail", ready=0, oldest_age=0.0, running=1))
    found = reader.get_metrics_data()
    assert found is not None
    measured = {
        (metric.name, (point.attributes or {})["podium.queue"]): point.value
        for resource in found.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint)
    }
    assert measured == {
        ("podium.queue.depth", "gpu"): 3,
        ("podium.queue.age", "gpu"): 7.5,
        ("podium.queue.running", "gpu"): 4,
        ("podium.queue.depth", "mail"): 0,
        ("podium.queue.age", "mail"): 0.0,
        ("podium.queue.running", "mail"): 1,
    }
