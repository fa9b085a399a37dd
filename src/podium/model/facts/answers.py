"""What facts say of how a call, sleep, wait, question or child run ended for good, and outcomes as such facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.model.facts.content import Blanked, Dropped, FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.facts.parts import Degradations, KeptUsage
from podium.model.json import Json
from podium.model.outcome import Failed, Failure, Refused
from podium.model.retry import FailureKind


class AnswerContent(FactContent, kind=FactKind.ANSWERED):
    """How something ended for good."""

    __slots__ = ()

    @property
    def outcome(self) -> str:
        """`done`, `failed`, `refused` or `expired`."""
        return self.constant["outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredDone(AnswerContent, outcome="done"):
    """It worked. The payload is the value."""

    usage: KeptUsage = None
    degraded: Degradations = ()
    """What the answer is short of: the calls that somebody else answered than was asked."""
    signal: Kept[str | None] = None
    """The id of the signal that was consumed, where one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredFailed(AnswerContent, outcome="failed"):
    """It did not work."""

    kind: Kept[FailureKind]
    type: Kept[str]
    """The class of the exception, or of the answer that was refused."""
    message: Blanked[str]
    causes: Kept[tuple[str, ...]] = ()
    """The keys of the calls, inside an inline workflow, that made it fail."""
    traceback: Dropped[str] = ""
    """Where it came from, without lines of source: errors, their causes and the frames that they passed."""
    output: Dropped[bool] = False
    """Under the key `start`: whether it is the value of the run that was not let out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRefused(AnswerContent, outcome="refused"):
    """A rule forbade it."""

    rule: Kept[str]
    reason: Blanked[str]
    output: Dropped[bool] = False
    """Under the key `start`: whether it is the value of the run that was not let out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredExpired(AnswerContent, outcome="expired"):
    """Nobody answered, or sent the signal, in time."""

    to: Kept[str | None] = None
    """Whom the question was put to."""


Answered = AnsweredDone | AnsweredFailed | AnsweredRefused | AnsweredExpired

_SHAPES: Mapping[str, type[Answered]] = {
    "failed": AnsweredFailed, "refused": AnsweredRefused, "expired": AnsweredExpired,
}  # fmt: skip


def answered_shape(body: Mapping[str, Json]) -> type[Answered]:
    """Return the class that an answer is of."""
    return _SHAPES.get(body.get("outcome", "done"), AnsweredDone)


def outcome_said(outcome: Failed | Refused, *, output: bool = False) -> AnsweredFailed | AnsweredRefused:
    """Return an outcome without a value as a fact says it; `output` where it is of a run's value."""
    match outcome:
        case Refused(rule, reason):
            return AnsweredRefused(rule=rule, reason=reason, output=output)
        case Failed(failure):
            return AnsweredFailed(
                kind=failure.kind, type=failure.type, message=failure.message, causes=failure.causes,
                traceback=failure.traceback, output=output,
            )  # fmt: skip


def outcome_of(said: AnsweredFailed | AnsweredRefused) -> Failed | Refused:
    """Return the outcome that a fact tells of."""
    match said:
        case AnsweredRefused():
            return Refused(said.rule, said.reason)
        case AnsweredFailed():
            return Failed(Failure(said.kind, said.type, said.message, causes=said.causes, traceback=said.traceback))
