"""Agents and workflows: their cards, how their calls went, and how they are."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from podium.api.body import ApiBody, Moment, moment
from podium.model.breaker import CircuitState
from podium.model.json import Json
from podium.model.steps import Effects
from podium.model.track_record import AgentReport

if TYPE_CHECKING:
    from podium.facade.agents import AgentEntry, SetLimit
    from podium.reports.health import Heard


class ToolBody(ApiBody):
    """A tool of an agent."""

    name: str
    input_schema: Annotated[Json, Field(description="JSON Schema of its arguments; null where it shows in use only.")]
    effects: Effects | None
    read_only: bool
    capabilities: list[str]


class AgentBody(ApiBody):
    """An agent, or a workflow, and what it takes and gives."""

    name: str
    version: str
    kind: Annotated[str, Field(description="`function`, `llm`, `human`, `process`, `http`, `memory`, `workflow`, …")]
    workflow: Annotated[bool, Field(description="Whether it can be started as a run.")]
    description: str
    capabilities: list[str]
    effects: Effects
    timeout: Annotated[float | None, Field(description="Seconds that one attempt may take.")]
    concurrency: int | None
    usd: Annotated[float | None, Field(description="The highest price of one call, where it is known.")]
    dangerous: Annotated[bool, Field(description="Whether a person is asked before each call.")]
    fallback: list[str]
    undo: str | None
    model: Annotated[str, Field(description="That it asks; empty where it asks none.")]
    tools: list[ToolBody]
    input_schema: Annotated[Json, Field(description="JSON Schema of what it takes.")]
    output_schema: Annotated[Json, Field(description="JSON Schema of what it gives.")]

    @classmethod
    def of(cls, entry: "AgentEntry") -> Self:
        """Return an agent as others see it."""
        card = entry.card
        tools = [
            ToolBody(name=name, input_schema=tool.schema, effects=tool.effects, read_only=tool.read_only,
                     capabilities=sorted(tool.capabilities))
            for name, tool in sorted(card.tools.items())
        ]  # fmt: skip
        return cls(
            name=card.name, version=card.version, kind=card.kind, workflow=card.traits.runs_inline,
            description=card.description, capabilities=sorted(card.capabilities), effects=card.effects,
            timeout=card.timeout, concurrency=card.concurrency, usd=card.usd, dangerous=card.dangerous,
            fallback=list(card.fallback), undo=card.undo, model=card.model, tools=tools, input_schema=entry.input,
            output_schema=entry.output,
        )  # fmt: skip


class GraphBody(ApiBody):
    """A flowchart."""

    mermaid: Annotated[str, Field(description="As Mermaid draws it.")]


class AgentReportBody(ApiBody):
    """How the last calls of one version of an agent went."""

    agent: str
    version: str
    calls: int
    done: int
    failed: Annotated[int, Field(description="Calls that failed for good.")]
    p50: Annotated[float | None, Field(description="Seconds; half of the calls took no longer.")]
    p95: Annotated[float | None, Field(description="Seconds; 95 of 100 took no longer.")]
    usd: Annotated[float | None, Field(description="What they came to; null where it is known of none.")]
    last: Annotated[Moment, Field(description="When it was asked last.")]

    @classmethod
    def of(cls, report: AgentReport) -> Self:
        """Return how an agent did."""
        return cls(
            agent=report.agent, version=report.version, calls=report.calls, done=report.done, failed=report.failed,
            p50=report.p50, p95=report.p95, usd=report.usd, last=moment(report.last),
        )  # fmt: skip


class HeardBody(ApiBody):
    """The last that was said of one agent by its check, by its breaker, or by an open incident."""

    agent: str
    version: str
    what: Literal["health", "breaker", "incident"]
    state: Annotated[str, Field(description="`ill`, `well`; `open`, `half-open`, `closed`.")]
    reason: str
    at: Moment
    run: Annotated[str, Field(description="The run that noticed it, or that is the incident.")]

    @classmethod
    def of(cls, heard: "Heard") -> Self:
        """Return what was heard of an agent."""
        return cls.model_validate(
            {"agent": heard.agent, "version": heard.version, "what": heard.what, "state": heard.state,
             "reason": heard.why, "at": moment(heard.at), "run": heard.run}
        )  # fmt: skip


class CheckBody(ApiBody):
    """How an agent is by its own check, and by its circuit breaker."""

    agent: str
    version: str
    fault: Annotated[str | None, Field(description="Why it cannot work; empty: it can; null: it has no check.")]
    breaker: Annotated[CircuitState | None, Field(description="Null: it has none.")]


class LimitBody(ApiBody):
    """How much of something may happen at once, and in a time; null is no bound."""

    kind: Literal["agent", "model", "tenant"]
    name: Annotated[str, Field(description="`*` is each that is not named.")]
    concurrency: int | None
    requests: int | None
    tokens: int | None
    per: Annotated[float, Field(description="Seconds in which the requests and tokens are counted.")]
    when: Annotated[Literal["wait", "refuse"], Field(description="What becomes of a call that is too much.")]
    max_wait: Annotated[float, Field(description="Seconds that a call waits in memory.")]

    @classmethod
    def of(cls, found: "SetLimit") -> Self:
        """Return a limit as others see it."""
        limit = found.limit
        return cls.model_validate(
            {"kind": found.kind, "name": found.name, "concurrency": limit.concurrency, "requests": limit.requests,
             "tokens": limit.tokens, "per": limit.per, "when": limit.when, "max_wait": limit.max_wait}
        )  # fmt: skip


class ServedBody(ApiBody):
    """A workflow or an agent that a process has, and of which queues it drives runs."""

    name: str
    version: str
    kind: Literal["workflow", "agent"]
    queues: Annotated[list[str] | None, Field(description="Null are all.")]
    worker: str
