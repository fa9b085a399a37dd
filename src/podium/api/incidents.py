"""Incidents: what the monitor saw go wrong, and what was done about it."""

from typing import Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, Moment, moment, moment_or_none
from podium.model.incident import Incident, ProblemKind
from podium.model.json import Json


class IncidentActionBody(ApiBody):
    """Something that was done about an incident."""

    what: str
    at: Moment
    found: Annotated[Json, Field(description="What came of it; null while it is under way.")]


class IncidentBody(ApiBody):
    """Something that went wrong, what was done, and how it ended."""

    run: Annotated[str, Field(description="Its id: an incident is a run of its own.")]
    kind: ProblemKind
    subject: Annotated[str, Field(description="The name of the agent or workflow, or the id of the run or worker.")]
    version: str
    reason: str
    seen_by: str
    opened_at: Moment
    ended_at: Moment | None
    ending: Annotated[str, Field(description="How it ended; empty while it is open.")]
    question: Annotated[str | None, Field(description="The question that waits for a person, if one does.")]
    actions: list[IncidentActionBody]

    @classmethod
    def of(cls, incident: Incident) -> Self:
        """Return an incident as others see it."""
        trouble = incident.trouble
        return cls(
            run=incident.run, kind=trouble.kind, subject=trouble.subject, version=trouble.version, reason=trouble.why,
            seen_by=trouble.seen_by, opened_at=moment(incident.opened_at), ended_at=moment_or_none(incident.ended_at),
            ending=incident.ending, question=incident.question,
            actions=[
                IncidentActionBody(what=each.what, at=moment(each.at), found=each.found) for each in incident.actions
            ],
        )  # fmt: skip
