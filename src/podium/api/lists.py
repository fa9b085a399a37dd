"""How lists are asked for."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from podium.api.body import ApiInput
from podium.model.run import RunState


class ListGiven(ApiInput):
    """Conditions that mean the same in every list: all that are given have to hold."""

    tenant: str | None = None
    principal: str | None = None
    since: Annotated[datetime | None, Field(description="Not what is older.")] = None
    until: Annotated[datetime | None, Field(description="Only what is older.")] = None
    tag: Annotated[str | None, Field(description="Only what belongs to runs of this tag.")] = None
    text: Annotated[str | None, Field(description="Only where this text stands.", max_length=5_000)] = None
    limit: Annotated[int, Field(description="At most so many.", ge=1, le=1_000)] = 50
    cursor: Annotated[str | None, Field(description="Where the page begins: the `cursor` of the page before.")] = None

    def filters(self) -> dict[str, Any]:
        """Return the conditions as the façade takes them: those that are given, times in seconds since 1970."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        found = {name: value for name, value in given.items() if value is not None}
        return {name: value.timestamp() if isinstance(value, datetime) else value for name, value in found.items()}


class RunsGiven(ListGiven):
    """Which runs to list; their time is that of their start."""

    workflow: str | None = None
    state: RunState | None = None
    parent: Annotated[str | None, Field(description="Only child runs of this run.")] = None
    prefix: Annotated[str | None, Field(description="How their ids begin.")] = None
