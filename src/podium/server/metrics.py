"""The figures of the installation, as Prometheus reads them.

What stands in the store is the same whichever process tells it: queues, runs, workers, agents, costs. It is read when
it is asked for, and at most once in a while. Requests are those of this process.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.facade.process_reports import ProcessReports
from podium.facade.scoped import ScopedApp
from podium.formats.printable import in_line
from podium.model.clock import SystemClock
from podium.model.run import RunState
from podium.model.webhooks import Webhook
from podium.server.addresses import route_of

_LOG = logging.getLogger("podium.server.requests")
MEDIA = CONTENT_TYPE_LATEST
_AGE = 10.0
"""Seconds for which what was read of the store is told again: several scrapers read it once."""
_COSTS_AGE = 60.0
"""The same of costs, which take longest to add up."""
_CLOCK = SystemClock()
_MOST = 1_000
"""Agents and models that are told of, at most."""
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics(Collector):
    """What is counted here, and what was last read of the store."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = Counter(
            "podium_http_requests", "Requests that were answered.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "podium_http_request_duration_seconds", "From a request to the end of its answer.", ("method", "route"),
            registry=self._registry, buckets=_BUCKETS,
        )  # fmt: skip
        self._read: dict[str, tuple[float, list[GaugeMetricFamily]]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give what was last read of the store."""
        return [each for _, found in self._read.values() for each in found]

    async def text(self, app: ScopedApp) -> str:
        """Return all figures, for who may see the installation: what is kept is told without asking the façade."""
        reports = app.reports
        reads: Mapping[str, tuple[Callable[[], Awaitable[list[GaugeMetricFamily]]], float]] = {
            "levels": (lambda: _levels(reports), _AGE), "agents": (lambda: _agents(reports), _AGE),
            "costs": (lambda: _costs(reports), _COSTS_AGE), "webhooks": (lambda: _webhooks(app), _COSTS_AGE),
        }  # fmt: skip
        for name, (read, age) in reads.items():
            known = self._read.get(name)
            if known is None or reports.now - known[0] >= age:
                self._read[name] = reports.now, await read()
        return generate_latest(self._registry).decode()


def metrics_of(request: Request) -> Metrics:
    """Return the figures that a server keeps."""
    return cast("Metrics", request.app.state.metrics)


class CountRequests:
    """Counts requests by method, route and status, under all else that the server does, and logs each.

    The log has the route as it is written, and no address that was asked for: some of them let whoever reads them in.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = _CLOCK.monotonic(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            method, route, seconds = _method(scope), route_of(scope), _CLOCK.monotonic() - began
            self._metrics.answered(method, route, status, seconds)
            if _LOG.isEnabledFor(logging.INFO):
                who, ms = scope.get("state", {}).get("who", "-"), round(seconds * 1_000, 1)
                _LOG.info(
                    "%s %s %s %s ms %s", method, route, status, ms, in_line(who),
                    extra={"fields": {"method": method, "route": route, "status": status, "ms": ms, "who": who}},
                )  # fmt: skip


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


async def _levels(reports: ProcessReports) -> list[GaugeMetricFamily]:
    """Read what is there now: runs, queues, workers."""
    runs = GaugeMetricFamily("podium_runs", "Runs in the store.", labels=["state"])
    counts = (await reports.store()).runs
    for state in RunState:
        runs.add_metric([state], counts.get(state, 0))
    ready = GaugeMetricFamily("podium_queue_ready", "Runs that wait for a worker.", labels=["queue"])
    age = GaugeMetricFamily(
        "podium_queue_oldest_seconds", "How long the one waits that waits longest.", labels=["queue"]
    )
    running = GaugeMetricFamily("podium_queue_running", "Runs that are driven.", labels=["queue"])
    slots = GaugeMetricFamily("podium_queue_slots", "Runs that workers may drive at once.", labels=["queue"])
    for queue in await reports.queues():
        for family, value in ((ready, queue.ready), (age, queue.oldest_age), (running, queue.running)):
            family.add_metric([queue.queue], value)
        slots.add_metric([queue.queue], queue.slots)
    workers = GaugeMetricFamily("podium_workers", "Workers that have not left.", labels=["state"])
    standings = [each.standing for each in await reports.workers()]
    for standing in sorted(set(standings)):
        workers.add_metric([standing], standings.count(standing))
    return [runs, ready, age, running, slots, workers]


async def _agents(reports: ProcessReports) -> list[GaugeMetricFamily]:
    """Read how the last calls of each agent went."""
    names = ["agent", "version"]
    calls = GaugeMetricFamily("podium_agent_recent_calls", "Of the last calls.", labels=[*names, "outcome"])
    seconds = GaugeMetricFamily(
        "podium_agent_recent_seconds", "From asked to answered, of the last calls.", labels=[*names, "quantile"]
    )
    for each in await reports.agents(limit=_MOST):
        of = [each.agent, each.version]
        counts = {"done": each.done, "failed": each.failed, "other": each.calls - each.done - each.failed}
        for outcome, number in counts.items():
            calls.add_metric([*of, outcome], number)
        for quantile, value in (("0.5", each.p50), ("0.95", each.p95)):
            if value is not None:
                seconds.add_metric([*of, quantile], value)
    return [calls, seconds]


async def _costs(reports: ProcessReports) -> list[GaugeMetricFamily]:
    """Add up what was spent since midnight, UTC, by model."""
    usd = GaugeMetricFamily("podium_cost_today_usd", "US dollars since midnight, UTC.", labels=["model"])
    tokens = GaugeMetricFamily("podium_tokens_today", "Tokens since midnight, UTC.", labels=["model", "direction"])
    midnight = datetime.fromtimestamp(reports.now, tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for each in await reports.costs(by="model", since=midnight.timestamp(), limit=_MOST):
        model = each.part or ""
        usd.add_metric([model], each.usd)
        tokens.add_metric([model, "input"], each.input_tokens)
        tokens.add_metric([model, "output"], each.output_tokens)
    return [usd, tokens]


async def _webhooks(app: ScopedApp) -> list[GaugeMetricFamily]:
    """Read how webhooks stand: one that is off tells nobody anything any more."""
    found = GaugeMetricFamily("podium_webhooks", "Webhooks, by how they stand.", labels=["state"])
    standings = [_standing(each) for each in await app.webhooks.list(limit=_MOST)]
    for state in ("on", "away", "refused", "off"):
        found.add_metric([state], standings.count(state))
    return [found]


def _standing(webhook: Webhook) -> str:
    if webhook.off is not None:
        return "off"
    if webhook.hold is not None:
        return "away"
    return "on" if webhook.refusals is None else "refused"
