"""`app.reports`: what was spent, what failed, how agents and workers are, whether the journals are what was written."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from podium.errors import InvalidValue, UsageError
from podium.facade.filters import EXPECTED, Filters, check_filters
from podium.facade.sight import Sight
from podium.model.budget import BudgetState
from podium.model.cost import Cost, Dimension
from podium.model.duration import SECONDS, Duration, in_seconds
from podium.model.expected import COUNT, FLAG, NAME, TEXT, Expected, check_options, or_none
from podium.model.failure_cause import FailureCause
from podium.model.incident import Incident
from podium.model.json import Json
from podium.model.run import RunState
from podium.model.serving import ServingWorker, why_unserved
from podium.model.track_record import AgentReport
from podium.reports import incidents as of_incidents
from podium.reports import workers as of_workers
from podium.reports.audit_report import AuditReport, report_on
from podium.reports.dead_letters import DeadLetter, DeadLetterQuery, dead_letter, dead_letters
from podium.reports.export import lines
from podium.reports.health import Heard, heard
from podium.reports.workers import DEFAULT_SLOTS, QueueState, WorkerState, WorkersWanted
from podium.services.serving import serving
from podium.store.protocol import ActionQuery, AgentQuery, BudgetQuery, ChainFault, CostQuery, Page, Query

if TYPE_CHECKING:
    from podium.model.action import UserAction


class BudgetFilters(Filters, total=False):
    """Which budgets to list. A budget has no time; of a tenant are its own and those of its runs."""

    prefix: str
    """How their ids begin: `run:ID`, `agent:NAME`, `tenant:NAME`, `day`."""


class CostFilters(Filters, total=False):
    """What to add up; a call's time is that of its first fact."""

    by: Dimension
    """By agent where nothing is said."""
    run: str | None
    """Of this run with all the child runs that it started."""
    conversation: str | None
    """Of what was done in turns in the conversation of this name; of several tenants only by conversation or tenant."""


class DeadLetterFilters(Filters, total=False):
    """Which dead letters to list; their time is that of their last word."""

    agent: str | None
    workflow: str | None
    kind: FailureCause | None
    discarded: bool
    """Those that were discarded too."""


class ActionFilters(Filters, total=False):
    """Which actions to list; a principal is who asked, and a text stands in what was asked for, and of what."""

    about: str | None
    """Only what was asked of the run, conversation or key of this id."""


class Reports:
    """Reads what a store knows of costs, failures, agents and tampering."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def costs(self, **filters: Unpack[CostFilters]) -> Page[Cost]:
        """Add up what was spent, by agent, model, workflow, tenant, day, run or conversation, the dearest first.

        A call counts for the innermost conversation in whose turn it was made, as do the child runs started there. By
        conversation there is a row for each, whatever they are called. Raises InvalidValue where `conversation` is the
        name of several tenants' conversations, which would be added up: say `tenant`.
        """
        check_filters("reports.costs", filters, CostFilters)
        if (run := filters.get("run")) is not None:
            await self._sight.run(run)
        await self._check_one(filters)
        return await self._sight.page(self._sight.store.costs, CostQuery(**filters), of_run=run)

    async def _check_one(self, filters: CostFilters) -> None:
        """Raise InvalidValue where conversations of several tenants would be added up, which are called the same."""
        name, apart = filters.get("conversation"), filters.get("by") in ("conversation", "tenant")
        if name is None or apart or filters.get("tenant") is not None:
            return
        if len(tenants := await self._sight.tenants_with(name)) > 1:
            raise InvalidValue(
                f"the tenants {', '.join(map(repr, tenants))} have a conversation {name!r} each: expected `tenant`, or "
                "`--tenant`, to say whose costs to add up; `by` tenant tells them apart."
            )

    async def agents(self, **filters: Unpack[Filters]) -> Page[AgentReport]:
        """Return how the last calls of each agent went: how many failed, how long they took, what they came to."""
        check_filters("reports.agents", filters, Filters)
        return await self._sight.page(self._sight.store.agents, AgentQuery(**filters))

    async def budgets(self, **filters: Unpack[BudgetFilters]) -> Page[BudgetState]:
        """Return how budgets stand, by id."""
        check_filters("reports.budgets", filters, BudgetFilters)
        return await self._sight.page(self._sight.store.budgets, BudgetQuery(**filters))

    async def actions(self, **filters: Unpack[ActionFilters]) -> "Page[UserAction]":
        """Return who asked for which change, newest first: what users of the app did, and users of the server.

        Starts and answers are not among them: runs say who started them, and questions who answered them.
        """
        check_filters("reports.actions", filters, ActionFilters, about=or_none(TEXT))
        return await self._sight.page(self._sight.store.actions, ActionQuery(**filters))

    async def dead_letters(self, **filters: Unpack[DeadLetterFilters]) -> Page[DeadLetter]:
        """Return the runs that failed or were quarantined, newest first."""
        check_filters("reports.dead_letters", filters, DeadLetterFilters)
        store = self._sight.store
        return await self._sight.page(lambda query: dead_letters(store, query), DeadLetterQuery(**filters))

    async def dead_letter(self, run_id: str) -> DeadLetter:
        """Return what was tried in a run that failed; raises UnknownRun, or NotPossible where it is no dead letter."""
        await self._sight.run(run_id)
        return await dead_letter(self._sight.store, run_id)

    async def verify(self, run_id: str) -> Sequence[ChainFault]:
        """Recompute a run's hash chain; returns what does not fit. Raises UnknownRun."""
        await self._sight.run(run_id)
        return await self._sight.store.verify(run_id)

    async def serving(self) -> Sequence[ServingWorker]:
        """Return what each process that drives runs of the store serves: queues, workflows and agents with versions.

        A process that was killed is among them until it is declared dead. Of a store that no other process can open it
        is empty.
        """
        self._sight.require_installation("the processes of a store")
        return await serving(self._sight.store)

    async def unserved(self, run_id: str) -> str:
        """Return why no process would drive a run that is ready; empty where one would, and for all other runs.

        A principal is told only that nobody would. Raises UnknownRun.
        """
        run = await self._sight.run(run_id)
        if run.state is not RunState.READY:
            return ""
        why = why_unserved(run.workflow, run.version, run.queue, await serving(self._sight.store))
        return why if self._sight.confined is None or not why else "no process serves it now"

    async def noticed(self) -> list[Heard]:
        """Return what runs noticed last of the health and the breaker of each agent, by name and version."""
        user = self._sight.confined
        if user is None:
            return await heard(self._sight.store)
        return await heard(self._sight.store, tenant=user.tenant, principal=self._sight.owner)

    async def export(
        self, *, run: str | None = None, since: float | None = None, tenant: str | None = None, payloads: bool = False
    ) -> AsyncIterator[Json]:
        """Give a line for each fact that tells who did what, run by run; inputs and values only if asked for.

        Raises UnknownRun. `since` is in seconds since 1970.
        """
        given = {"run": run, "since": since, "tenant": tenant, "payloads": payloads}
        check_filters("reports.export", given, Filters, run=EXPECTED["run"], payloads=FLAG)
        user, owner = self._sight.confined, self._sight.owner
        if run is not None:
            await self._sight.run(run)
            owner = None
        if user is not None:
            if tenant not in (None, user.tenant):
                return
            tenant = user.tenant
        found = lines(
            self._sight.store, run=run, since=since, tenant=tenant, principal=owner, payloads=payloads
        )  # fmt: skip
        async for line in found:
            yield line

    async def audit(
        self, *, run: str | None = None, tenant: str | None = None, since: float | None = None
    ) -> AuditReport:  # fmt: skip
        """Report who did what for whom, why it was allowed, what people decided, and at what price.

        It is about a run with all that it started, or about a tenant. `since` is in seconds since 1970. Raises
        UnknownRun, and UsageError unless one of both is said.
        """
        check_filters("reports.audit", {"run": run, "tenant": tenant, "since": since}, Filters, run=EXPECTED["run"])
        if (run is None) is (tenant is None):
            raise UsageError("reports.audit was given no run and no tenant, or both: expected one of them.")
        user, owner = self._sight.confined, self._sight.owner
        if run is not None:
            await self._sight.run(run)
            owner = None
        if user is not None and tenant not in (None, user.tenant):
            return AuditReport(about={"tenant": tenant or ""}, since=since, runs=(), costs=())
        return await report_on(self._sight.store, run=run, tenant=tenant, principal=owner, since=since)

    async def incidents(self, *, open_only: bool = False, **filters: Unpack[Filters]) -> Page[Incident]:
        """Return what the monitor saw go wrong, what was done about it and how that ended, newest first."""
        self._sight.require_installation("incidents")
        check_filters("reports.incidents", {"open_only": open_only, **filters}, Filters, open_only=FLAG)
        store = self._sight.store
        return await self._sight.page(
            lambda query: of_incidents.incidents(store, query, open_only=open_only), Query(**filters)
        )

    async def incident(self, run_id: str) -> Incident:
        """Return an incident by the id of its run; raises UnknownRun, or NotPossible where that is none."""
        self._sight.require_installation("incidents")
        TEXT.check("the id of an incident", run_id)
        return await of_incidents.incident(self._sight.store, run_id)

    async def workers(self) -> list[WorkerState]:
        """Return the workers that have not left, the oldest first: where they run, and what they do now."""
        self._sight.require_installation("the workers of a store")
        return await of_workers.workers_of(self._sight.store)

    async def queues(self) -> list[QueueState]:
        """Return the queues, by name: how many runs wait there, for how long, and how fast workers begin them."""
        self._sight.require_installation("the queues of a store")
        return await of_workers.queues_of(self._sight.store)

    async def workers_wanted(
        self, queue: str | None = None, *, within: Duration = 30, slots: int = DEFAULT_SLOTS
    ) -> WorkersWanted:
        """Say how many workers there should be, so that what waits is begun within so many seconds.

        For a queue, or for all queues together. `slots` is how many runs a worker drives at once, where none is there
        that would tell.
        """
        self._sight.require_installation("the workers of a store")
        check_options("reports.workers_wanted", {"queue": queue, "slots": slots}, _WANTED)
        seconds = in_seconds(within, "within", SECONDS)
        return await of_workers.workers_wanted(self._sight.store, queue, seconds, slots)


_WANTED: Mapping[str, Expected] = {"queue": or_none(NAME), "slots": COUNT}
