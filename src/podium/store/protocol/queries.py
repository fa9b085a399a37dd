"""What each list can be asked for, beyond what all have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.cost import Dimension
from podium.model.fact import FactKind
from podium.model.question import QuestionState
from podium.model.run import RunState
from podium.model.webhooks import DeliveryState
from podium.store.protocol.page import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery(Query):
    """Which runs to list; their time is that of their start."""

    workflow: str | None = None
    state: RunState | None = None
    parent: str | None = None
    prefix: str | None = None
    """How their ids begin; without the child runs of a run whose id begins so too."""
    concerning: Sequence[str] = ()
    """Only those of the principal that is named first, or that asked something that is put to any of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunableQuery:
    """Which runs may be deleted: of these states, ended before a time, as has all that they started."""

    before: float
    states: Sequence[RunState]
    tenant: str | None = None
    limit: int = 100
    after: int = 0
    """The place where the page before ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadQuery(Query):
    """Which runs to list of those that failed or are quarantined; their time is that of their last word."""

    workflow: str | None = None
    asked: str | None = None
    """Only runs that asked an agent of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionQuery(Query):
    """Which questions to list; their time is when they were asked.

    Text is looked for in id, text, addressee and run.
    """

    state: QuestionState | None = None
    to: str | None = None
    assignee: str | None = None
    """To whom they were given."""
    run: str | None = None
    prefix: str | None = None
    """How their ids begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetQuery(Query):
    """Which budgets to list; text is looked for in their ids. A budget has no time.

    Of a tenant are its own and those of its runs; of a principal or a tag those of its runs.
    """

    prefix: str = ""
    """How their ids begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationQuery(Query):
    """Which conversations to list; their time is when something was said last.

    Text is looked for in their names and in what was said; of a tag are those in which a run of it said something.
    """

    prefix: str = ""
    """How their names begin."""
    name: str | None = None
    """Those of this name: one of each tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidQuery(Query):
    """Which messages of conversations to list; their time is when they were said.

    Text is looked for in what was said; of a tag are those that runs of it said.
    """

    conversation: str | None = None
    """Only in the conversation of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery(Query):
    """Which facts to list, of all runs; text is looked for in their keys and bodies."""

    run: str | None = None
    kinds: Sequence[FactKind] = ()
    """Only facts of these kinds; none are all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureQuery(Query):
    """Which failed attempts to list; text is looked for in what is said of them."""

    agent: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeQuery(Query):
    """Of which guards to list what they said last; text is looked for in what they said."""

    guards: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentQuery(Query):
    """Of which calls to tell how they went; their time is when they were asked. Text is looked for in agents' names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionQuery(Query):
    """Which actions to list; text is looked for in what was asked for, and of what. A principal is who asked."""

    about: str | None = None
    """Only what was asked of the run, conversation or key of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuery(Query):
    """What to add up; a call's time is that of its first fact. Text is looked for as for runs. `limit` counts parts."""

    by: Dimension = "agent"
    run: str | None = None
    """Of this run with all that it started."""
    below: str | None = None
    """Of that only what was called, or started, in the workflow or branch that runs under this key."""
    conversation: str | None = None
    """Of what was done in turns in the conversations of this name, as long as they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery(Query):
    """Which deliveries of a webhook to list; their time is when they were tried first, or asked for.

    Text is looked for in their ids and types, and in why they failed.
    """

    webhook: str
    state: DeliveryState | None = None
