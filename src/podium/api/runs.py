"""Runs: starting one, and how it stands."""

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field

from podium.api.body import Body, Given, Moment, moment, moment_or_none
from podium.engine.worker.waiters import End
from podium.model.fact import Fact
from podium.model.json import Json
from podium.model.run import BlockedReason, Run, RunState
from podium.reports.calls.detail import CallDetail
from podium.reports.calls.node import CallNode
from podium.reports.calls.requests import SentRequest
from podium.reports.calls.tree import CallTree
from podium.store.protocol import ChainFault


class RunBody(Body):
    """A run, and how it stands."""

    id: str
    workflow: str
    version: str
    state: RunState
    epoch: int
    queue: str
    priority: int
    created_at: Moment
    ended_at: Moment | None
    wake_at: Moment | None
    parent: str | None
    root: str
    tenant: str
    principal: str
    owner: str | None
    facts: int
    reason: Annotated[str, Field(description="Why it is blocked, or the failure in one line.")]
    tag: str | None
    blocked: BlockedReason | None
    crash_count: int
    generation: int
    since: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a run as others see it."""
        return cls(**_run_fields(run))


def _run_fields(run: Run) -> dict[str, Json]:
    fields = {name: getattr(run, name) for name in RunBody.model_fields}
    times = {"created_at": moment(run.created_at), "ended_at": moment_or_none(run.ended_at)}
    return {**fields, **times, "wake_at": moment_or_none(run.wake_at)}


class RunResultBody(RunBody):
    """A run, and what it gave where it is done."""

    value: Annotated[Json, Field(description="What it gave; null unless it is done.")] = None
    error: Annotated[str | None, Field(description="Why it gave nothing; null where it is done or goes on.")] = None

    @classmethod
    def ended(cls, run: Run, end: End) -> Self:
        """Return a run with the end that it came to."""
        if end.state is RunState.DONE:
            return cls(**_run_fields(run), value=end.outcome["value"])
        return cls(**_run_fields(run), error=end.reason)


class BudgetGiven(Given):
    """The most that a run may spend, with all that it starts."""

    usd: Annotated[float | None, Field(gt=0)] = None
    tokens: Annotated[int | None, Field(gt=0)] = None
    calls: Annotated[int | None, Field(gt=0)] = None


class RunStart(Given):
    """What is to be run, and how."""

    workflow: Annotated[str, Field(description="The name of a workflow that the server has.", min_length=1)]
    input: Annotated[Json, Field(description="What it is given; has to fit the workflow's input schema.")] = None
    tag: Annotated[
        str | None,
        Field(description="Your own name for the run: where this workflow has a run of it, that is answered."),
    ] = None
    queue: str = "default"
    priority: Annotated[int, Field(description="Larger goes first.", ge=-(2**31), lt=2**31)] = 0
    within: Annotated[float | None, Field(description="Seconds after which it is cancelled, and has failed.", gt=0)] = (
        None
    )
    budget: BudgetGiven | None = None
    conversation: Annotated[str | None, Field(description="The conversation in which it has its turn.")] = None
    allow: Annotated[
        list[str] | None, Field(description="The tools (`AGENT/TOOL`) and agents that it may use, or patterns.")
    ] = None


class NodeBody(Body):
    """A call, step, wait or question of a run, with its parts."""

    key: str
    kind: str
    name: str
    state: str
    began: Moment | None
    ended: Moment | None
    attempts: int
    note: str
    traceback: str
    waits: str
    due: Moment | None
    notices: list[str]
    run: Annotated[str | None, Field(description="The child run that it started.")]
    question: str | None
    input_tokens: int
    output_tokens: int
    usd: float | None
    children: list["NodeBody"]

    @classmethod
    def of(cls, node: CallNode) -> Self:
        """Return a node of a run's tree as others see it."""
        spent = node.total()
        return cls(
            key=node.key, kind=node.kind, name=node.name, state=node.state or "open",
            began=moment_or_none(node.began), ended=moment_or_none(node.ended), attempts=node.attempts,
            note=node.note, traceback=node.traceback, waits=node.waits, due=moment_or_none(node.due),
            notices=node.notices, run=node.run, question=node.question, input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens, usd=spent.usd, children=[NodeBody.of(each) for each in node.children],
        )  # fmt: skip


class RunTreeBody(RunBody):
    """A run as the tree of its calls."""

    notes: Annotated[list[str], Field(description="What happened to it as a whole.")]
    tree: NodeBody
    unserved: Annotated[str, Field(description="Why nobody would drive it; empty where somebody does.")]

    @classmethod
    def drawn(cls, run: Run, tree: CallTree, unserved: str) -> Self:
        """Return a run with the tree of its calls."""
        return cls(**_run_fields(run), notes=tree.notes, tree=NodeBody.of(tree.root), unserved=unserved)


class CallBody(Body):
    """One call, question, wait or step in full."""

    key: str
    agent: str
    version: str
    input: Json
    output: Json
    state: Annotated[str, Field(description="done, failed, refused, expired, or open.")]
    steps: list["StepBody"]
    failed: list["FailedAttemptBody"]
    questions: list["AskedBody"]

    @classmethod
    def of(cls, detail: CallDetail) -> Self:
        """Return a call as others see it."""
        return cls(
            key=detail.key, agent=detail.agent, version=detail.version, input=detail.input, output=detail.output,
            state=detail.state,
            steps=[StepBody(key=x.key, name=x.name, at=moment(x.at), value=x.value) for x in detail.steps],
            failed=[FailedAttemptBody(at=moment(each.at), error=each.error) for each in detail.failed],
            questions=[
                AskedBody(
                    question=asked.question, to=asked.to, text=asked.text,
                    answers=[AnswerBody(by=each.by, value=each.value, at=moment(each.at)) for each in asked.answers],
                )
                for asked in detail.questions
            ],
        )  # fmt: skip


class StepBody(Body):
    """A step that is done: a request to a model, a use of a tool, what an agent recorded itself."""

    key: str
    name: str
    at: Moment
    value: Json


class FailedAttemptBody(Body):
    """How an attempt failed."""

    at: Moment
    error: str


class AnswerBody(Body):
    """One person's answer."""

    by: str
    value: Json
    at: Moment


class AskedBody(Body):
    """A question that was put to people, and what they answered."""

    question: str
    to: str
    text: str
    answers: list[AnswerBody]


class RequestBody(Body):
    """What was sent to a model, and how it answered."""

    model_config = Body.model_config | {"extra": "allow"}

    key: str
    began: Moment | None
    ended: Moment | None

    @classmethod
    def of(cls, request: SentRequest) -> Self:
        """Return a request as others see it."""
        fields = dataclasses.asdict(request)
        return cls.model_validate(fields | {name: moment_or_none(fields[name]) for name in ("began", "ended")})


class FactBody(Body):
    """A line of a run's journal."""

    seq: int
    kind: str
    key: str
    at: Moment
    epoch: int
    body: Json
    payload: Json

    @classmethod
    def of(cls, fact: Fact) -> Self:
        """Return a fact as others see it."""
        return cls(
            seq=fact.seq, kind=fact.kind.name.lower(), key=fact.key, at=moment(fact.at), epoch=fact.epoch,
            body=fact.body, payload=fact.value(),
        )  # fmt: skip


class FaultBody(Body):
    """A fact that is not as it was written."""

    seq: int
    what: str


class VerifiedBody(Body):
    """Whether a run's journal is as it was written."""

    run: str
    facts: int
    faults: list[FaultBody]

    @classmethod
    def of(cls, run: Run, faults: Iterable[ChainFault]) -> Self:
        """Return what was found of a run."""
        return cls(run=run.id, facts=run.facts, faults=[FaultBody(seq=each.seq, what=each.what) for each in faults])


class ReasonGiven(Given):
    """Why something is done."""

    reason: Annotated[str, Field(description="It is recorded.")] = "by request"


class SignalGiven(Given):
    """A signal for a run."""

    name: Annotated[str, Field(min_length=1)]
    body: Json = None
    id: Annotated[str | None, Field(description="The same id again is dropped.", min_length=1)] = None


class SignalBody(Body):
    """What came of a signal."""

    run: str
    state: RunState
    new: Annotated[bool, Field(description="Whether it was not sent before.")]


class ForkGiven(Given):
    """Where a run is forked."""

    key: Annotated[str, Field(description="The first call that is made anew.", min_length=1)]
    input: Annotated[
        Json, Field(description="What that call is given instead; leave it out for what it was given.")
    ] = None


class RepinGiven(Given):
    """To which version a run is moved."""

    version: Annotated[str, Field(min_length=1)]
    from_key: Annotated[str | None, Field(description="Make this call and all after it anew.")] = None


class RaiseGiven(Given):
    """What is added to the budget of a run, and why."""

    usd: Annotated[float, Field(ge=0)] = 0
    tokens: Annotated[int, Field(ge=0)] = 0
    calls: Annotated[int, Field(ge=0)] = 0
    why: Annotated[str, Field(min_length=1, description="It is recorded.")]


class RedactedBody(Body):
    """How many runs were redacted."""

    run: str
    redacted: int
