"""Runs: starting one, and how it stands."""

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, in_iso, moment, moment_or_none
from podium.errors import NotPossible, RunBlocked, RunCancelled, RunFailed
from podium.model.json import Json
from podium.model.run import BlockedReason, Run, RunState

if TYPE_CHECKING:
    from podium.engine.worker.waiters import End
    from podium.model.fact import Fact
    from podium.reports.calls.detail import CallDetail
    from podium.reports.calls.node import CallNode
    from podium.reports.calls.tree import CallTree
    from podium.store.protocol import ChainFault


class RunBody(ApiBody):
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
    affinity: Annotated[str | None, Field(description="It goes to the worker that drove the last run of the same.")]
    blocked: BlockedReason | None
    crash_count: int
    generation: int
    since: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a run as others see it."""
        return cls(**_run_fields(run))

    @staticmethod
    def json_of(run: Run) -> dict[str, Json]:
        """Return a run as JSON has its body, in a tenth of the time: lists have many."""
        said = dict(zip(_NAMES, _VALUES(run), strict=True))
        for name in _MOMENTS:
            if (at := said[name]) is not None:
                said[name] = in_iso(at)
        return said


_NAMES = tuple(RunBody.model_fields)
_VALUES = attrgetter(*_NAMES)
_MOMENTS = ("created_at", "ended_at", "wake_at")


def _run_fields(run: Run) -> dict[str, Json]:
    times = {name: moment_or_none(getattr(run, name)) for name in _MOMENTS}
    return {**dict(zip(_NAMES, _VALUES(run), strict=True)), **times}


class RunResultBody(RunBody):
    """A run, and what it gave where it is done."""

    value: Annotated[Json, Field(description="What it gave; null unless it is done.")] = None
    error: Annotated[str | None, Field(description="Why it gave nothing; null where it is done or goes on.")] = None

    @classmethod
    def ended(cls, run: Run, end: "End") -> Self:
        """Return a run with the end that it came to."""
        if end.state is RunState.DONE:
            return cls(**_run_fields(run), value=end.outcome["value"])
        return cls(**_run_fields(run), error=end.reason)

    def raise_for_state(self) -> Self:
        """Return it where it is done; raises RunFailed, RunCancelled, RunBlocked, or NotPossible while it goes on."""
        match self.state:
            case RunState.DONE:
                return self
            case RunState.CANCELLED:
                raise RunCancelled(f"run {self.id} was cancelled: {self.error}", run=self.id)
            case RunState.BLOCKED:
                raise RunBlocked(f"run {self.id} is blocked: {self.error}", run=self.id)
            case RunState.FAILED:
                raise RunFailed(f"run {self.id} failed: {self.error}", run=self.id)
            case _:
                raise NotPossible(f"run {self.id} goes on ({self.state}): wait for its result.")


class BudgetGiven(ApiInput):
    """The most that a run may spend, with all that it starts."""

    usd: Annotated[float | None, Field(gt=0)] = None
    tokens: Annotated[int | None, Field(gt=0)] = None
    calls: Annotated[int | None, Field(gt=0)] = None
    seconds: Annotated[float | None, Field(gt=0, description="From its start.")] = None
    depth: Annotated[int | None, Field(gt=0, description="Workflows inside one another.")] = None
    fan_out: Annotated[int | None, Field(gt=0, description="Branches and child runs of one context at a time.")] = None
    on_breach: Annotated[
        Literal["stop", "ask"], Field(description="Whether what does not fit is refused, or a person is asked.")
    ] = "stop"
    to: Annotated[str, Field(description="Who is asked.", min_length=1)] = "operators"


class RunStart(ApiInput):
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
    affinity: Annotated[
        str | None,
        Field(description="Runs with the same, such as the id of a document, go to the same worker where that can be."),
    ] = None
    allow: Annotated[
        list[str] | None, Field(description="The tools (`AGENT/TOOL`) and agents that it may use, or patterns.")
    ] = None


class NodeBody(ApiBody):
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
    def of(cls, node: "CallNode") -> Self:
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
    def drawn(cls, run: Run, tree: "CallTree", unserved: str) -> Self:
        """Return a run with the tree of its calls."""
        return cls(**_run_fields(run), notes=tree.notes, tree=NodeBody.of(tree.root), unserved=unserved)


class CallBody(ApiBody):
    """One call, question, wait or step in full."""

    key: str
    agent: str
    version: str
    input: Json
    output: Json
    state: Annotated[str, Field(description="done, failed, refused, expired, or open.")]
    steps: list["StepShown"]
    failed: list["FailedAttemptBody"]
    questions: list["AskedBody"]

    @classmethod
    def of(cls, detail: "CallDetail") -> Self:
        """Return a call as others see it."""
        return cls(
            key=detail.key, agent=detail.agent, version=detail.version, input=detail.input, output=detail.output,
            state=detail.state,
            steps=[StepShown(key=x.key, name=x.name, at=moment(x.at), value=x.value) for x in detail.steps],
            failed=[FailedAttemptBody(at=moment(each.at), error=each.error) for each in detail.failed],
            questions=[
                AskedBody(
                    question=asked.question, to=asked.to, text=asked.text,
                    answers=[AnswerBody(by=each.by, value=each.value, at=moment(each.at)) for each in asked.answers],
                )
                for asked in detail.questions
            ],
        )  # fmt: skip


class StepShown(ApiBody):
    """A step that is done: a request to a model, a use of a tool, what an agent recorded itself."""

    key: str
    name: str
    at: Moment
    value: Json


class FailedAttemptBody(ApiBody):
    """How an attempt failed."""

    at: Moment
    error: str


class AnswerBody(ApiBody):
    """One person's answer."""

    by: str
    value: Json
    at: Moment


class AskedBody(ApiBody):
    """A question that was put to people, and what they answered."""

    question: str
    to: str
    text: str
    answers: list[AnswerBody]


class FactBody(ApiBody):
    """A line of a run's journal."""

    seq: int
    kind: str
    key: str
    at: Moment
    epoch: int
    body: Json
    payload: Json

    @classmethod
    def of(cls, fact: "Fact") -> Self:
        """Return a fact as others see it."""
        return cls(
            seq=fact.seq, kind=fact.kind.name.lower(), key=fact.key, at=moment(fact.at), epoch=fact.epoch,
            body=fact.body, payload=fact.value(),
        )  # fmt: skip


class FaultBody(ApiBody):
    """A fact that is not as it was written."""

    seq: int
    what: str


class VerifiedBody(ApiBody):
    """Whether a run's journal is as it was written."""

    run: str
    facts: int
    faults: list[FaultBody]

    @classmethod
    def of(cls, run: Run, faults: "Iterable[ChainFault]") -> Self:
        """Return what was found of a run."""
        return cls(run=run.id, facts=run.facts, faults=[FaultBody(seq=each.seq, what=each.what) for each in faults])


class ReasonGiven(ApiInput):
    """Why something is done."""

    reason: Annotated[str, Field(description="It is recorded.")] = "by request"


class SignalGiven(ApiInput):
    """A signal for a run."""

    name: Annotated[str, Field(min_length=1)]
    body: Json = None
    id: Annotated[str | None, Field(description="The same id again is dropped.", min_length=1)] = None


class SignalBody(ApiBody):
    """What came of a signal."""

    run: str
    state: RunState
    new: Annotated[bool, Field(description="Whether it was not sent before.")]


class ForkGiven(ApiInput):
    """Where a run is forked."""

    key: Annotated[str, Field(description="The first call that is made anew.", min_length=1)]
    input: Annotated[
        Json, Field(description="What that call is given instead; leave it out for what it was given.")
    ] = None


class RepinGiven(ApiInput):
    """To which version a run is moved."""

    version: Annotated[str, Field(min_length=1)]
    from_key: Annotated[str | None, Field(description="Make this call and all after it anew.")] = None


class RaiseGiven(ApiInput):
    """What is added to the budget of a run, and why."""

    usd: Annotated[float, Field(ge=0)] = 0
    tokens: Annotated[int, Field(ge=0)] = 0
    calls: Annotated[int, Field(ge=0)] = 0
    reason: Annotated[str, Field(min_length=1, description="It is recorded.")]


class RedactedBody(ApiBody):
    """How many runs were redacted."""

    run: str
    redacted: int
