"""By what the lists of a server can be filtered."""

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from podium.model.cost import Dimension
from podium.model.failure_cause import FailureCause
from podium.model.question import QuestionState
from podium.model.question_kinds import QuestionKind
from podium.model.run import RunState
from podium.model.webhooks import DeliveryState

AnyRunState: TypeAlias = RunState | Literal["ready", "running", "parked", "done", "failed", "cancelled", "blocked"]
AnyQuestionState: TypeAlias = QuestionState | Literal["open", "answered", "expired", "withdrawn"]
AnyQuestionKind: TypeAlias = (
    QuestionKind
    | Literal["approval", "tool_call", "permission", "choice", "form", "edit", "text", "in_doubt", "question"]
)
AnyFailureCause: TypeAlias = FailureCause | Literal[
    "rate", "timeout", "transport", "refusal", "validation", "bug", "final", "refused", "child", "workflow",
    "quarantined",
]  # fmt: skip
AnyDeliveryState: TypeAlias = DeliveryState | Literal["waiting", "delivered", "set_aside"]
"""What may be said by name too: `state="failed"`."""


class PageQuery(TypedDict, total=False):
    """How much of a list is wanted."""

    limit: int | None
    """At most so many, on however many pages; all where nothing is said."""
    cursor: str | None
    """Where it begins: the `cursor` of a page."""


class OfTenantQuery(PageQuery, total=False):
    """Which keys, or which browsers that are signed in, to list."""

    tenant: str | None


class BelongingQuery(PageQuery, total=False):
    """Conditions that mean the same in every list: None does not count, all others have to hold."""

    tenant: str | None
    principal: str | None
    since: datetime | None
    """Not what is older."""
    until: datetime | None
    """Only what is older."""
    tag: str | None
    """Only what belongs to runs of this tag."""


class ListQuery(BelongingQuery, total=False):
    """The same, with a text."""

    text: str | None
    """Only where this text, of at most 5,000 characters, stands."""


class RunsQuery(ListQuery, total=False):
    """Which runs to list; their time is that of their start."""

    workflow: str | None
    state: AnyRunState | None
    parent: str | None
    """Only child runs of this run."""
    prefix: str | None
    """How their ids begin."""


class QuestionsQuery(ListQuery, total=False):
    """Which questions to list; their time is when they were asked."""

    state: AnyQuestionState | None
    """Else the open ones."""
    every_state: bool
    """Whether those in any state are listed."""
    kind: AnyQuestionKind | None
    to: str | None
    """To whom they are put."""
    assignee: str | None
    """To whom they were given."""
    run: str | None
    prefix: str | None
    """How their ids begin."""


class AgentsQuery(PageQuery, total=False):
    """Which agents to list."""

    text: str | None
    """Only where this is in the name or description."""


class CostsQuery(ListQuery, total=False):
    """What to add up; a call's time is that of its first fact."""

    by: Dimension
    """By what it is added up."""
    run: str | None
    """Of this run, with all that it started."""
    conversation: str | None
    """Of what was done in turns in the conversation of this name."""


class BudgetsQuery(ListQuery, total=False):
    """Which budgets to list; a budget has no time."""

    prefix: str | None
    """How their ids begin: `run:ID`, `agent:NAME`, `tenant:NAME`, `day`."""


class DeadLettersQuery(ListQuery, total=False):
    """Which dead letters to list."""

    agent: str | None
    """Only those that this agent failed."""
    workflow: str | None
    kind: AnyFailureCause | None
    """Only those that failed so."""
    discarded: bool
    """Those that were discarded too."""


class IncidentsQuery(ListQuery, total=False):
    """Which incidents to list; their time is when they were opened."""

    open_only: bool
    """Only those that are not over."""


class ActionsQuery(ListQuery, total=False):
    """Which actions to list: a principal is who asked for them."""

    about: str | None
    """Only what was asked of the run, conversation or key of this id."""


class ConversationsQuery(ListQuery, total=False):
    """Which conversations to list; their time is when something was said last."""

    prefix: str | None
    """How their names begin."""


class MessagesQuery(PageQuery, total=False):
    """Which messages of a conversation to list."""

    first: int
    """From this place on; a message's place is how many came before it."""
    tenant: str | None
    """Whose conversation it is; else the own one's."""


class SearchQuery(BelongingQuery, total=False):
    """In which messages to look for a text; their time is when they were said."""

    conversation: str | None
    """Only in the conversation of this name."""


class DeliveriesQuery(PageQuery, total=False):
    """Which deliveries to list."""

    state: AnyDeliveryState | None
