"""How lists are asked for."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from podium.api.body import ApiInput, GivenMoment
from podium.errors import InvalidValue
from podium.model.cost import Dimension
from podium.model.failure_cause import FailureCause
from podium.model.run import RunState

_PLACE = re.compile(r"\d{1,15}", re.ASCII)
"""A place as a cursor has it."""


class PageGiven(ApiInput):
    """Which page of a list is wanted."""

    limit: Annotated[int, Field(description="At most so many.", ge=1, le=1_000)] = 50
    cursor: Annotated[str | None, Field(description="Where the page begins: the `cursor` of the page before.")] = None

    def filters(self) -> dict[str, Any]:
        """Return the conditions as the façade takes them: those that are given, times in seconds since 1970."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        found = {name: value for name, value in given.items() if value is not None}
        return {name: value.timestamp() if isinstance(value, datetime) else value for name, value in found.items()}


class OfTenantGiven(PageGiven):
    """Which keys, or which browsers that are signed in, to list."""

    tenant: Annotated[str | None, Field(description="Only those of this tenant.", min_length=1)] = None


class BelongingGiven(PageGiven):
    """Conditions that mean the same in every list of what belongs to somebody: all that are given have to hold."""

    tenant: str | None = None
    principal: str | None = None
    since: Annotated[GivenMoment | None, Field(description="Not what is older.")] = None
    until: Annotated[GivenMoment | None, Field(description="Only what is older.")] = None
    tag: Annotated[str | None, Field(description="Only what belongs to runs of this tag.")] = None


class ListGiven(BelongingGiven):
    """The same, with a text."""

    text: Annotated[str | None, Field(description="Only where this text stands.", max_length=5_000)] = None


class ActionsGiven(ListGiven):
    """Which actions to list: a principal is who asked for them."""

    about: Annotated[
        str | None, Field(description="Only what was asked of the run, conversation or key of this id.")
    ] = None


class RunsGiven(ListGiven):
    """Which runs to list; their time is that of their start."""

    workflow: str | None = None
    state: RunState | None = None
    parent: Annotated[str | None, Field(description="Only child runs of this run.")] = None
    prefix: Annotated[str | None, Field(description="How their ids begin.")] = None


class ConversationsGiven(ListGiven):
    """Which conversations to list; their time is when something was said last."""

    prefix: Annotated[str | None, Field(description="How their names begin.")] = None


class MessagesGiven(PageGiven):
    """Which messages of a conversation to list."""

    first: Annotated[int, Field(description="From this place on.", ge=0, lt=2**53)] = 0
    tenant: Annotated[str | None, Field(description="Whose; else the own one.", min_length=1)] = None

    def begin(self) -> int:
        """Return the place at which the page begins; raises InvalidValue for a cursor that is of no such list."""
        if self.cursor is None:
            return self.first
        if _PLACE.fullmatch(self.cursor) is None:
            raise InvalidValue(f"the cursor {self.cursor!r} is of no such list: begin again without one.")
        return int(self.cursor)


class SaidGiven(BelongingGiven):
    """In which messages to look for a text; their time is when they were said."""

    text: Annotated[
        str, Field(description="What is looked for, in either case of ASCII letters.", min_length=1, max_length=5_000)
    ]
    conversation: Annotated[str | None, Field(description="Only in the conversation of this name.")] = None


class DeadLettersGiven(ListGiven):
    """Which dead letters to list; their time is that of their last word."""

    agent: Annotated[str | None, Field(description="Only those that this agent failed.")] = None
    workflow: str | None = None
    kind: Annotated[FailureCause | None, Field(description="Only those that failed so.")] = None
    discarded: Annotated[bool, Field(description="Those that were discarded too.")] = False


class BudgetsGiven(ListGiven):
    """Which budgets to list; a budget has no time."""

    prefix: Annotated[
        str | None, Field(description="How their ids begin: `run:ID`, `agent:NAME`, `tenant:NAME`, `day`.")
    ] = None


class CostsGiven(ListGiven):
    """What to add up; a call's time is that of its first fact."""

    by: Annotated[Dimension, Field(description="By what it is added up.")] = "agent"
    run: Annotated[str | None, Field(description="Of this run, with all that it started.")] = None
    conversation: Annotated[
        str | None, Field(description="Of what was done in turns in the conversation of this name.")
    ] = None


class IncidentsGiven(ListGiven):
    """Which incidents to list; their time is when they were opened."""

    open_only: Annotated[bool, Field(description="Only those that are not over.")] = False


class AgentsGiven(PageGiven):
    """Which agents to list."""

    text: Annotated[
        str | None, Field(description="Only where this is in the name or description.", max_length=5_000)
    ] = None
