"""How far an open call has come."""

from dataclasses import dataclass, field

from podium.engine.run.history import KeyState
from podium.model.fact import Fact
from podium.model.json import Json
from podium.model.outcome import Refused
from podium.model.steps import Effects


@dataclass(slots=True)
class CallProgress:
    """How far an open call has come."""

    attempt: int = 1
    lineage: int = 1
    due: float | None = None
    """When the next attempt may begin."""
    fallback_index: int = 0
    """How many of the fallbacks were taken."""
    first_attempt: int = 1
    """The attempt with which the present agent, or fallback, began."""
    why: str = ""
    """What the agent before the present fallback said."""
    feedback: str = ""
    """What was wrong with the last answer."""
    asked: Fact | None = None
    """An open question."""
    resolved: dict[str, Json] = field(default_factory=dict[str, Json])
    """What people said about steps in doubt, by step."""
    granted: dict[str, Json] = field(default_factory=dict[str, Json])
    """What people said to rules that asked and let the call pass, by rule; see `grant_of`."""
    denied: Refused | None = None
    """A person said no, and nobody recorded the end of the call yet."""
    intent_recorded: bool = True
    """Whether the journal says already that the present attempt may have begun."""
    doubtful: bool = False
    """A `once` call was begun by a process that died before it said how the call ended."""
    final: bool = False
    """Whether the next outcome is the last: no other attempt and no fallback follows."""


def progress_of(record: KeyState) -> CallProgress:
    """Read from the journal how far an open call has come; what is doubtful depends on the effects of who is asked."""
    progress = CallProgress(intent_recorded=record.intent_recorded, granted=dict(record.granted))
    if record.retry is not None:
        body = record.retry.body
        progress.attempt, progress.lineage, progress.due = body["attempt"], body["lineage"], body["due"]
        progress.fallback_index, progress.first_attempt = body.get("fallen", 0), body.get("first", 1)
        progress.why, progress.feedback = body.get("why", ""), body.get("feedback", "")
    if record.held is not None:
        progress.due = record.held.body["until"]
    question = record.question
    if question is None:
        return progress
    if record.answers is None:
        progress.asked = question
    elif (rule := question.body.get("rule")) is not None:
        progress.denied = None if approved(record.answers) else denied(rule, record.answers)
    elif question.body["step"] is not None:
        progress.resolved[question.body["step"]] = record.answers[0]["value"]
    return progress


def in_doubt(effects: Effects, record: KeyState, progress: CallProgress) -> bool:
    """Whether it is unknown if the effect of an open call happened."""
    return effects == "once" and record.intent_recorded and progress.asked is None and progress.denied is None


def approved(answers: list[Json]) -> bool:
    """Whether all who were asked let a call pass a rule."""
    return all(isinstance(answer["value"], dict) and answer["value"].get("approved") is True for answer in answers)


def denied(rule: str, answers: list[Json] | None) -> Refused:
    """Return the outcome of a call that a person did not approve, or that was not approved in time."""
    if answers is None:
        return Refused(rule, "nobody approved it in time")
    no = next(answer for answer in answers if not approved([answer]))
    comment = no["value"].get("comment") if isinstance(no["value"], dict) else None
    return Refused(rule, f"{no['by']} did not approve it{f': {comment}' if comment else ''}")
