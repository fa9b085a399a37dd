"""What facts say of what a run waits for: times, signals, people, child runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from podium.model.conversation import Says
from podium.model.facts.content import WRITTEN, Blanked, FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.facts.parts import Answers
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepBegun(FactContent, kind=FactKind.TIMER):
    """A sleep begins."""

    due: Kept[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaken(FactContent, kind=FactKind.TURN):
    """A call, or the run, has its turn in a conversation, until it ends."""

    conversation: Kept[str]
    """Another one than was asked for where the turn goes on in a fork of that."""
    revision: Kept[int]
    """How many messages were in it by then: those that the call sees."""
    n: Kept[int]
    """The number of the conversation in the store: one that is begun anew under the same name has another."""
    says: Kept[Says] = "exchange"
    """What the call says there: no more than calls inside the turn around it may."""
    alone: Kept[bool] = False
    """Whether calls inside it say nothing, as it speaks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAwaited(FactContent, kind=FactKind.WAITING, wait="signal"):
    """A wait for a signal begins."""

    name: Kept[str]
    due: Kept[float | None]
    taken_from: Kept[str | None] = None
    """Where it stood before a retry, if it is taken over from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAwaited(FactContent, kind=FactKind.WAITING, wait="run"):
    """A wait for the end of a child run begins."""

    name: Kept[str]
    """The id of the child run."""
    due: Annotated[Kept[float | None], WRITTEN] = None
    taken_from: Kept[str | None] = None
    """Where it stood before a retry, if it is taken over from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(FactContent, kind=FactKind.QUESTION):
    """A question is put in the inbox."""

    question: Kept[str]
    to: Kept[str]
    text: Blanked[str]
    kind: Kept[str]
    """`question`, `approval`, `permission` or `in_doubt`."""
    quorum: Kept[int]
    due: Kept[float | None]
    step: Kept[str | None]
    """The step that it is about, where it is about one."""
    rule: Kept[str | None] = None
    """The rule that asks, where one does."""
    taken_from: Kept[str | None] = None
    """Where it stood before a retry, if it is taken over from there, with the answers to it."""
    digest: Blanked[str] = ""
    """The digest of what people are shown with it: its subject, the schema of its answer, when and for whom it asks."""
    keeps: Kept[str | None] = None
    """The question before it whose answers count for it too."""
    remind: Kept[float | None] = None
    """Seconds until people are told again, where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(FactContent, kind=FactKind.QUESTION):
    """The answers to a question are consumed."""

    question: Kept[str]
    answers: Answers
    granted: Kept[str | None] = None
    """What the answers allow, where they let a rule pass; see `grant_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpawned(FactContent, kind=FactKind.SPAWNED):
    """A child run is started, in the same transaction."""

    workflow: Kept[str]
    version: Kept[str]
    run: Kept[str]
    digest: Blanked[str | None] = None
    """Of its input."""
    taken_from: Kept[str | None] = None
    """Where it stood before a retry, if it is taken over from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(FactContent, kind=FactKind.LOOKED_UP):
    """Something was looked up, by `ctx.find`, `ctx.cards`, `ctx.records`, `ctx.spent` or `ctx.last_speaker`.

    The payload is what was found: cards, records, what was spent, or a name.
    """

    of: Kept[str]
    agents: Kept[tuple[str, ...] | None] = None
    """Those who were asked for, of records and speakers; those among whom others were looked for."""
    label: Kept[str | None] = None
    """That of the calls of which records tell; None for all calls."""


def waiting_shape(body: Mapping[str, Json]) -> type[SignalAwaited | ChildAwaited]:
    """Return the class that the beginning of a wait is of."""
    return ChildAwaited if body.get("wait") == "run" else SignalAwaited


def question_shape(body: Mapping[str, Json]) -> type[QuestionAsked | QuestionAnswered]:
    """Return the class that a fact about a question is of."""
    return QuestionAnswered if "answers" in body else QuestionAsked
