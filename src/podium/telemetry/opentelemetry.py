"""Spans and metrics over OpenTelemetry, named after its conventions for generative AI.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeGuard

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from podium.errors import UsageError
from podium.model.outcome import Usage
from podium.model.step import tool_of
from podium.secrets.masking import MASKING
from podium.telemetry.context import TraceContext
from podium.telemetry.observer import Observer
from podium.telemetry.spans import (
    AttemptSpan,
    BudgetEvent,
    CallSpan,
    CommitDone,
    NotificationSent,
    QueueLevel,
    QueueSpan,
    RunSpan,
    Span,
    StepSpan,
    WaitSpan,
)

_SCOPE = "podium"
_NANOSECONDS = 1_000_000_000
_CHECK = "/check"
"""The key of a step that only checks the arguments of a tool call ends so."""

Attributes = dict[str, str | int | float]

_chosen: ContextVar[TraceContext | None] = ContextVar("podium_chosen_ids", default=None)
"""The place of the span that is being made."""


class SamplingDecision(Protocol):
    """What a sampler decides."""

    def is_sampled(self) -> bool:
        """Whether the trace is kept."""
        ...


class SamplingResult(Protocol):
    """What a sampler says."""

    @property
    def decision(self) -> SamplingDecision:
        """What it decides."""
        ...


class Sampler(Protocol):
    """As much of a sampler of the SDK as is needed here."""

    def should_sample(
        self, parent_context: Context | None, trace_id: int, name: str, kind: SpanKind, attributes: Mapping[str, str],
        links: Sequence[Link],
    ) -> SamplingResult:  # fmt: skip
        """Decide about a trace."""
        ...


class SdkIds(Protocol):
    """As much of an id generator of the SDK as is needed here."""

    def generate_span_id(self) -> int:
        """Return the id of a new span."""
        ...

    def generate_trace_id(self) -> int:
        """Return the id of a new trace."""
        ...

    def is_trace_id_random(self) -> bool:
        """Whether the ids of traces are random."""
        ...


class ChosenIds:
    """Gives spans the ids that were chosen for them. It goes into the tracer of Podium, and into no other."""

    def __init__(self, others: SdkIds) -> None:
        self._others = others

    def generate_span_id(self) -> int:
        """Return the id that was chosen, or a new one."""
        chosen = _chosen.get()
        return self._others.generate_span_id() if chosen is None else chosen.span_id

    def generate_trace_id(self) -> int:
        """Return the id that was chosen, or a new one."""
        chosen = _chosen.get()
        return self._others.generate_trace_id() if chosen is None else chosen.trace_id

    def is_trace_id_random(self) -> bool:
        """Whether it is random: hashes are as good, for samplers that go by the id."""
        return True


class SdkTracer(Protocol):
    """As much of a tracer of the SDK as is needed here."""

    id_generator: SdkIds
    sampler: Sampler

    def start_span(
        self, name: str, context: Context | None = None, kind: SpanKind = ..., attributes: Mapping[str, object] = ...,
        links: Sequence[Link] = ..., start_time: int | None = None,
    ) -> trace.Span:  # fmt: skip
        """Make a span."""
        ...


class OpenTelemetryObserver(Observer):
    """Makes spans of what came to its end, with the SDK that the program has set up.

    Each span is made when it ends: with the id that follows from what is recorded, its own beginning and its own end.
    So a span that was begun before a crash and ended after it is one, and its children know it all along.
    """

    def __init__(
        self, tracer_provider: trace.TracerProvider | None = None, meter_provider: metrics.MeterProvider | None = None
    ) -> None:
        """Use these providers, or those that are set up; raises UsageError where spans cannot be given ids."""
        tracer = (tracer_provider or trace.get_tracer_provider()).get_tracer(_SCOPE)
        if not _is_sdk(tracer):
            raise UsageError(
                f"a tracer of {type(tracer).__module__} cannot give spans the ids that Podium chooses for them; "
                "expected a TracerProvider of opentelemetry-sdk: `OpenTelemetryObserver(tracer_provider=…)`."
            )
        if not isinstance(tracer.id_generator, ChosenIds):
            tracer.id_generator = ChosenIds(tracer.id_generator)
        self._tracer = tracer
        meter = (meter_provider or metrics.get_meter_provider()).get_meter(_SCOPE)
        self._commit_seconds = meter.create_histogram("podium.commit.duration", "s", "How long a group commit took.")
        self._commit_size = meter.create_histogram("podium.commit.operations", "{operation}", "How much it held.")
        self._queue_seconds = meter.create_histogram(
            "podium.queue.duration", "s", "How long a run waited for a worker."
        )
        self._queue_depth = meter.create_gauge("podium.queue.depth", "{run}", "How many runs wait for a worker.")
        self._queue_age = meter.create_gauge("podium.queue.age", "s", "How long the one waits that waits longest.")
        self._queue_running = meter.create_gauge("podium.queue.running", "{run}", "How many runs are driven.")
        self._budget_events = meter.create_counter("podium.budget.events", "{event}", "Amounts set aside, and so on.")
        self._notifications = meter.create_counter("podium.notifications", "{message}", "Messages to people.")

    # What has ended

    def run(self, span: RunSpan) -> None:
        """Make the span of a run."""
        own: Attributes = {
            "gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": span.workflow,
            "podium.workflow.version": span.version, "podium.tenant": span.tenant, "podium.principal": span.principal,
        }  # fmt: skip
        links = () if span.link is None else (Link(_placed(span.link)),)
        self._make(span, f"invoke_workflow {span.workflow}", own, links=links)

    def call(self, span: CallSpan) -> None:
        """Make the span of a call."""
        own: Attributes = {"gen_ai.agent.name": span.agent, "podium.attempts": span.attempts}
        if span.rule:
            own["podium.rule"] = span.rule
        self._make(span, f"call {span.agent}", own)

    def attempt(self, span: AttemptSpan) -> None:
        """Make the span of an attempt: an agent or a workflow is invoked."""
        operation = "invoke_workflow" if span.inline else "invoke_agent"
        own: Attributes = {"gen_ai.operation.name": operation, "podium.attempt": span.attempt}
        if span.inline:
            own |= {"gen_ai.workflow.name": span.agent, "podium.workflow.version": span.version}
        else:
            own |= {"gen_ai.agent.name": span.agent, "gen_ai.agent.version": span.version}
        self._make(span, f"{operation} {span.agent}", own | _used(span.usage))

    def step(self, span: StepSpan) -> None:
        """Make the span of a step: a model request, a tool call, or another part of an attempt."""
        name, kind, own = _step(span)
        own["podium.attempt"] = span.attempt
        self._make(span, name, own | _used(span.usage), kind)

    def wait(self, span: WaitSpan) -> None:
        """Make the span of a wait."""
        own: Attributes = {"podium.wait": span.kind}
        if span.name:
            own["podium.wait.name"] = span.name
        self._make(span, f"wait {span.kind}", own)

    def queue(self, span: QueueSpan) -> None:
        """Make the span of the time in the queue, and count it."""
        own: Attributes = {"podium.queue": span.queue, "podium.priority": span.priority}
        self._make(span, f"queue {span.queue}", own)
        told = {"podium.queue": span.queue, "gen_ai.workflow.name": span.workflow}
        self._queue_seconds.record(span.ended - span.began, told)

    def queue_level(self, level: QueueLevel) -> None:
        """Measure a queue: every worker tells the same, so take the largest of them, not their sum."""
        told = {"podium.queue": level.queue}
        self._queue_depth.set(level.ready, told)
        self._queue_age.set(level.oldest_age, told)
        self._queue_running.set(level.running, told)

    def commit(self, commit: CommitDone) -> None:
        """Count a commit: spans of it would be as many as steps."""
        told = {"error.type": "StoreError"} if commit.failed else {}
        self._commit_seconds.record(commit.seconds, told)
        self._commit_size.record(commit.operations, told)

    def budget(self, event: BudgetEvent) -> None:
        """Count what was done with a budget; it is an event of the attempt's span as well."""
        self._budget_events.add(1, {"podium.budget.event": event.did})

    def notification(self, sent: NotificationSent) -> None:
        """Count a message to people."""
        told = {"podium.outcome": "failed" if sent.failed else "sent", "podium.tenant": sent.tenant}
        self._notifications.add(1, told)

    # Where things happen

    def current(self) -> TraceContext | None:
        """Return the span that is open now, if there is one."""
        found = trace.get_current_span().get_span_context()
        return TraceContext(found.trace_id, found.span_id, found.trace_flags.sampled) if found.is_valid else None

    def samples(self, trace_id: int, workflow: str) -> bool:
        """Ask the sampler of the SDK about a trace."""
        name, attributes = f"invoke_workflow {workflow}", {"gen_ai.operation.name": "invoke_workflow"}
        result = self._tracer.sampler.should_sample(Context(), trace_id, name, SpanKind.INTERNAL, attributes, ())
        return result.decision.is_sampled()

    @contextmanager
    def inside(self, context: TraceContext) -> Generator[None]:
        """Have spans of others, such as those of an HTTP client, begin below a place."""
        token = contexts.attach(trace.set_span_in_context(NonRecordingSpan(_placed(context))))
        try:
            yield
        finally:
            contexts.detach(token)

    def _make(
        self, span: Span, name: str, own: Attributes, kind: SpanKind = SpanKind.INTERNAL, links: Sequence[Link] = ()
    ) -> None:
        attributes: Attributes = {**own, "podium.run": span.run, "podium.outcome": span.outcome}
        if span.key:
            attributes["podium.key"] = span.key
        if span.error:
            attributes["error.type"] = span.error
        if MASKING.active:
            name, attributes = MASKING.text(name), MASKING.json(attributes)
        above = Context()
        if span.parent is not None:
            above = trace.set_span_in_context(NonRecordingSpan(_placed(span.parent)), above)
        token = _chosen.set(span.context)
        try:
            made = self._tracer.start_span(name, above, kind, attributes, links, _nanoseconds(span.began))
        finally:
            _chosen.reset(token)
        for event in span.events:
            told = MASKING.json(dict(event.attributes)) if MASKING.active else event.attributes
            made.add_event(event.name, told, _nanoseconds(event.at))
        if span.error:
            made.set_status(Status(StatusCode.ERROR))
        made.end(_nanoseconds(max(span.began, span.ended)))  # two machines may not have the same time


def _is_sdk(tracer: object) -> TypeGuard[SdkTracer]:
    return hasattr(tracer, "id_generator") and hasattr(tracer, "sampler")


def _placed(context: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    return SpanContext(context.trace_id, context.span_id, is_remote=False, trace_flags=flags)


def _step(span: StepSpan) -> tuple[str, SpanKind, Attributes]:
    """Return name, kind and attributes of a step, by what it is."""
    tool = None if span.key.endswith(_CHECK) else tool_of(span.name)
    if tool is not None:
        own: Attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
        if call := span.key.partition(f"/{span.name}/")[2]:
            own["gen_ai.tool.call.id"] = call
        return f"execute_tool {tool}", SpanKind.INTERNAL, own
    answered = "" if span.usage is None else span.usage.model
    if not span.model and not answered:
        return f"step {span.name}", SpanKind.INTERNAL, {"podium.step": span.name}
    provider, _, model = (span.model if ":" in span.model else answered).rpartition(":")
    asked = span.model.rpartition(":")[2] or model
    own = {"gen_ai.operation.name": "chat", "gen_ai.request.model": asked}
    if provider:
        own["gen_ai.provider.name"] = provider
    if answered:
        own["gen_ai.response.model"] = answered.rpartition(":")[2]
    return f"chat {asked}", SpanKind.CLIENT, own


def _used(usage: Usage | None) -> Attributes:
    """Return what was used up. OpenTelemetry has no word for prices."""
    if usage is None:
        return {}
    own: Attributes = {}
    if usage.requests:
        own = {"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens}
    return own if usage.usd is None else {**own, "podium.usd": usage.usd}


def _nanoseconds(seconds: float) -> int:
    return round(seconds * _NANOSECONDS)
