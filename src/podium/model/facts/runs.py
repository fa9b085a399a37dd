"""What facts say of a run itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

from podium.model.conversation import Busy
from podium.model.empty import empty
from podium.model.facts.content import WRITTEN, Blanked, Dropped, FactContent, Kept, Stored
from podium.model.facts.kind import FactKind
from podium.model.facts.parts import AllowLists, Degradations, Lines
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.model.run import RunState

RUN_TIMED_OUT = "RunTimedOut"
"""The type of error of a run whose time was up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(FactContent, kind=FactKind.STARTED):
    """The run is started; always the first fact. The payload is the input."""

    workflow: Kept[str]
    version: Kept[str]
    seed: Kept[int]
    """Of the run's own chance."""
    principal: Kept[str]
    tenant: Kept[str | None] = None
    """None where it was started before there were tenants."""
    callers: Kept[tuple[str, ...]] = ()
    """Of a child run, the workflows above it."""
    deadline: Kept[float | None] = None
    """The time by which it has to be done, where it has a time limit."""
    budget: Kept[Mapping[str, Json]] = field(default_factory=empty(dict[str, Json]))
    """What bounds it, where it has a budget."""
    lines: Lines = ()
    """The budgets that it counts against."""
    forked_from: Kept[str | None] = None
    """The run that it is a fork of; of a child run of a fork that in whose place it is started."""
    done_before_fork: Kept[tuple[str, ...]] = ()
    """The keys of the `once` calls that the other run made after the cut."""
    done_by: Kept[tuple[str, ...]] = ()
    """The agents of these calls, in the same order; of an older fork it is not known whose they are."""
    left_behind: Kept[tuple[str, ...]] = ()
    """The keys before the cut at which it had started child runs without a result: they are started anew."""
    trace: Kept[str | None] = None
    """The W3C `traceparent` of what started it, where that is traced; of a fork that of the other run."""
    conversation: Kept[str | None] = None
    """The conversation in which it is to have its turn from its start to its end."""
    busy: Kept[Busy] = "wait"
    """What becomes of it where another one has its turn there."""
    grantor: Kept[str | None] = None
    """The user on whose behalf it is, where it was started with a delegation; child runs have the same principal."""
    grantee: Kept[str | None] = None
    """The agent outside that this user let act."""
    allow: AllowLists = ()
    """The lists of what it may use: its own, and those above it. What is used has to be on each of them."""
    patterns: Kept[int] = 1
    """The version of the built-in patterns that it is pinned to; 1 where it was begun before they had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(FactContent, kind=FactKind.ENDED):
    """The run has ended. The payload is the value."""

    state: Kept[RunState]
    reason: Blanked[str]
    """Why, where it is not done; of a failed run a redaction leaves the type of the error."""
    causes: Kept[tuple[str, ...]]
    """The keys of the calls that made it fail."""
    degraded: Degradations = ()
    """The calls that somebody else answered than was asked."""
    error_type: Kept[str] = ""
    """The type of the error that a failed run ended with."""
    traceback: Dropped[str] = ""
    """Where that came from, without lines of source: errors, their causes and the frames that they passed."""
    kind: Kept[FailureKind | None] = None
    """What sort of failure a failed run ended with; None where an earlier release ended it."""

    @classmethod
    def read(cls, body: Mapping[str, Json]) -> Self:
        """Return what a stored end says; facts that do not say the type of the error have it in their reason."""
        if "error_type" in body or body.get("state") != RunState.FAILED:
            return super(Ended, cls).read(body)
        reason = body.get("reason", "")
        error = reason if reason.isidentifier() else _error_in(body)  # a redaction left nothing but the type
        return super(Ended, cls).read({**body, "error_type": error})

    @classmethod
    def left_of(cls, body: Mapping[str, Json]) -> dict[str, Json]:
        """Return what a redaction leaves: of the reason the type of the error."""
        left = super(Ended, cls).left_of(body)
        if "reason" in body:
            left["reason"] = body.get("error_type", _error_in(body))
        return left


def outcome_json(said: Ended, value: Json) -> dict[str, Json]:
    """Return what whoever waits for a run is told of its end."""
    told: dict[str, Json] = {"state": said.state, "value": value, "reason": said.reason}
    more = {"traceback": said.traceback, "kind": said.kind}
    return told | {name: each for name, each in more.items() if each}


def _error_in(body: Mapping[str, Json]) -> str:
    """Return the type of the error from the text of a reason."""
    name, colon, _ = body.get("reason", "").partition(":")
    return name if body.get("state") == RunState.FAILED and colon and name.isidentifier() else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelling(FactContent, kind=FactKind.CANCELLING):
    """A cancel of the whole run is taken up."""

    reason: Blanked[str]
    deadline: Kept[bool] = False
    """Whether its time was up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewound(FactContent, kind=FactKind.REWOUND):
    """A retry or repin voids facts for replay; so does the run itself, where what it asks after a retry differs."""

    facts: Annotated[Kept[tuple[int, ...]], WRITTEN] = ()
    """The places of those it voids."""
    deadline: Kept[float | None] = None
    """The run's new one, where it had one."""
    loose: Kept[int | None] = None
    """From this place on what is recorded holds only where the code asks for the same again."""
    keys: Kept[tuple[str, ...]] = ()
    """Where the code asked for something else: what is recorded at these keys and below, but for steps, is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repinned(FactContent, kind=FactKind.REPINNED):
    """The run is moved to another version of its workflow."""

    before: Annotated[Kept[str], Stored("from")]
    after: Annotated[Kept[str], Stored("to")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted(FactContent, kind=FactKind.RESTARTED):
    """`ctx.restart` began another generation of the run, of which nothing is recorded yet. The payload is its input."""

    generation: Kept[int]
    """From 2 on: the start began the first."""
    version: Kept[str]
    """That of the workflow from now on."""
    deadline: Kept[float | None] = None
    """The time by which the run has to be done, where it has a time limit."""
    seconds: Kept[float | None] = None
    """How long it was given for that."""
    ended_before: Kept[int] = 0
    """How often the run had ended before, and was retried."""
    done_before_fork: Kept[tuple[str, ...]] = ()
    """What the start of a fork says so, as far as the generations before have not come to it."""
    done_by: Kept[tuple[str, ...]] = ()
    """The agents of these calls, in the same order."""
    conversation: Kept[str | None] = None
    """The conversation in which the run has its turn."""
    revision: Kept[int] = 0
    """How many messages were in it when the run was given its turn last."""
    held: Kept[bool] = False
    """Whether it has its turn there now: after a retry, or in a fork, it takes it anew once something is to be said."""
    spoken: Kept[bool] = False
    """Whether calls of the generations before have said something in that turn."""
    allow: AllowLists = ()
    """The lists of what the run may use from now on."""
    patterns: Kept[int] = 1
    """The version of the built-in patterns that the run is pinned to from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEdited(FactContent, kind=FactKind.EDITED):
    """A fork has a call made with another input than the workflow gives it. The payload is that input."""

    key: Kept[str]
    """That of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted(FactContent, kind=FactKind.REDACTED):
    """The run was redacted: the facts before it carry no payload any more, and say only what was to be kept."""

    by: Kept[str]
    why: Blanked[str]
    left: Dropped[str]
    """The digest of what is left."""
    signature: Dropped[str | None] = None
    """By the key of the audit, where one is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(FactContent, kind=FactKind.CHANGED):
    """`ctx.changed` decided; the key is the name of the change."""

    changed: Kept[bool]
    """Whether the change applies."""
