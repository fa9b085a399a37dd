"""How far an open call has come."""

from dataclasses import dataclass, field

from podium.engine.history import Record
from podium.model.agent import Effects
from podium.model.fact import Fact
from podium.model.json import Json


@dataclass(slots=True)
class Progress:
    """How far an open call has come."""

    attempt: int = 1
    lineage: int = 1
    due: float | None = None
    asked: Fact | None = None
    """An open question."""
    resolved: dict[str, Json] = field(default_factory=dict[str, Json])
    """What people said about steps in doubt, by step."""
    doubtful: bool = False
    """A `once` call was begun by somebody who did not live to tell."""


def progress_of(effects: Effects, record: Record) -> Progress:
    """Read from the journal how far an open call has come."""
    progress = Progress()
    if record.retry is not None:
        body = record.retry.body
        progress.attempt, progress.lineage, progress.due = body["attempt"], body["lineage"], body["due"]
    if record.question is not None:
        if record.answers is None:
            progress.asked = record.question
        elif record.question.body["step"] is not None:
            progress.resolved[record.question.body["step"]] = record.answers[0]["value"]
    progress.doubtful = effects == "once" and record.begun and progress.asked is None
    return progress
