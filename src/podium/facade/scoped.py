"""An app as one principal uses it, or, for the operator of the app, as a whole."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from podium import lazy
from podium.engine.run.starting import new_run
from podium.errors import InvalidValue, NotAllowed, NotPossible, UnknownRun
from podium.facade.handle import AnyHandle, RunHandle, handle_of, watching
from podium.facade.run_stream import RunStream
from podium.facade.scope import Parts, Scope
from podium.model.agent import Agent
from podium.model.allow import allow_list
from podium.model.budget import Budget
from podium.model.conversation import TurnIn, foreign, turn_of_run
from podium.model.delegation import delegation_of
from podium.model.duration import Duration
from podium.model.expected import FLAG
from podium.model.json import Json
from podium.model.principal import NOBODY, Principal
from podium.model.run import RunOptions
from podium.model.storable import check_name
from podium.store.codec import decode, encode

if TYPE_CHECKING:
    from podium.facade import (
        agents,
        conversations,
        delegations,
        events,
        inbox,
        keys,
        operations,
        policies,
        process_reports,
        runs,
        webhooks,
    )
else:
    agents, policies = lazy.module("podium.facade.agents"), lazy.module("podium.facade.policies")
    conversations = lazy.module("podium.facade.conversations")
    delegations = lazy.module("podium.facade.delegations")
    events = lazy.module("podium.facade.events")
    inbox, runs = lazy.module("podium.facade.inbox"), lazy.module("podium.facade.runs")
    keys = lazy.module("podium.facade.keys")
    operations = lazy.module("podium.facade.operations")
    process_reports = lazy.module("podium.facade.process_reports")
    webhooks = lazy.module("podium.facade.webhooks")

In = TypeVar("In")
Out = TypeVar("Out")


class ScopedApp:
    """An app as one principal uses it: what belongs to others is unknown here."""

    def __init__(self, parts: Parts, principal: Principal | None) -> None:
        """Give an app to a principal, or to its operator."""
        self._scope = Scope(parts, principal)
        self._own_ids: set[str] = set()
        """The ids that were chosen here for runs whose streams are read from the first event on."""

    @property
    def runs(self) -> "runs.Runs":
        """The runs that there are, and what is recorded of them."""
        return runs.Runs(self._scope)

    @property
    def agents(self) -> "agents.RegisteredAgents":
        """The agents that are registered in this process: what they take and give, and how workflows go."""
        return agents.RegisteredAgents(self._scope)

    @property
    def policies(self) -> "policies.Policies":
        """Who may do what: what the rules say, and what they would decide."""
        return policies.Policies(self._scope)

    @property
    def delegations(self) -> "delegations.GrantedDelegations":
        """Who outside may act for whom."""
        return delegations.GrantedDelegations(self._scope, self._scope.parts.delegations)

    @property
    def conversations(self) -> "conversations.Conversations":
        """What was said in conversations; forking, redacting and deleting them."""
        return conversations.Conversations(self._scope)

    @property
    def inbox(self) -> "inbox.Inbox":
        """What waits for people, and answering it."""
        return inbox.Inbox(self._scope)

    @property
    def events(self) -> "events.Events":
        """What is noteworthy about all runs and questions, as it happens."""
        return events.Events(self._scope)

    @property
    def operations(self) -> "operations.Operations":
        """Changing runs from outside. It takes the role of an operator."""
        return operations.Operations(self._scope)

    @property
    def keys(self) -> "keys.ServerKeys":
        """With what programs sign in to the server. It takes the role of an admin."""
        return keys.ServerKeys(self._scope)

    @property
    def reports(self) -> "process_reports.ProcessReports":
        """What was spent, what failed, how agents are, and whether the journals are as they were written."""
        return process_reports.ProcessReports(self._scope)

    @property
    def webhooks(self) -> "webhooks.Webhooks":
        """Other programs that are told what happens. It takes the role of an operator."""
        return webhooks.Webhooks(self._scope)

    @property
    def principal(self) -> Principal | None:
        """On whose behalf this is; None is the operator of the app, with all rights."""
        return self._scope.principal

    async def run(self, workflow: Agent[In, Out] | str, input: In = None, /, **options: Any) -> Out:
        """Run a workflow and return its value; raises RunFailed, RunCancelled or RunBlocked. Options: see `start`."""
        handle = await self.start(workflow, input, **options)
        return await handle.result()

    async def start(  # noqa: PLR0913 - each is a word of the run, and the caller names it
        self, workflow: Agent[In, Out] | str, input: In = None, /, *, id: str | None = None, tag: str | None = None,
        queue: str = "default", priority: int = 0, tenant: str | None = None, principal: str | None = None,
        within: Duration | None = None, budget: Budget | None = None, conversation: TurnIn | None = None,
        allow: Sequence[str] | None = None, affinity: str | None = None, same_input: bool = False,
    ) -> RunHandle[Out]:  # fmt: skip
        """Start a run and return a handle to it.

        After `within` seconds it is cancelled, and has failed. `budget` is the most that it may come to with all its
        calls and child runs; without one that of the settings counts. `tenant` and `principal` are those of the
        scope; an admin may say another tenant, and the operator of the app both, else they are `default` and `local`.

        With a `conversation` the run has its turn there from its start to its end: what is said in it, or else its
        input and its value, is appended.

        With `allow` it may use only these tools (`AGENT/TOOL`) and agents, or patterns of names, with everything below
        it; LLM agents, workflows and people need not be named, as what they use is judged by itself.

        Runs of a tenant with the same `affinity`, such as the id of a customer or a document, go to the worker that
        drove the last of them, as long as that lives and has a free slot, so that what it keeps in memory is of use.

        With a `tag` that a run of this workflow has already, that run's handle is returned and nothing is started. With
        `same_input` that raises NotPossible where it was given another input.
        Raises InvalidValue where the input does not fit, UnknownAgent or UsageError for what is no workflow,
        NotAllowed for a conversation that was begun on behalf of another principal.
        """
        parts = self._scope.parts
        FLAG.check("same_input", same_input)
        self._scope.must_change("start runs")
        tenant, principal = self._owner(id, tenant, principal)
        found = parts.workflows.find(workflow)
        self._scope.must_reach(found.card.name, "start runs")
        payload = encode(found.input.dump(input))
        turn = turn_of_run(conversation)
        names = {
            "id": id, "tag": tag, "queue": queue, "affinity": affinity, "tenant": tenant, "principal": principal
        }  # fmt: skip
        for name, given in (names | {"conversation": turn and turn.name}).items():
            check_name(f"the run's {name}", given)
        if turn is not None:
            await self._must_take_part(tenant, principal, turn.name)
        options = RunOptions(
            id=id, tag=tag, queue=queue, priority=priority, affinity=affinity, tenant=tenant, principal=principal,
            within=parts.config.run_within if within is None else within,
            budget=budget or parts.config.budgets.run, turn=turn,
            allow=None if allow is None else allow_list("allow of a run", allow),
        )  # fmt: skip
        run = new_run(
            id or parts.ids.new("run"), found.card, payload, options, seed=parts.ids.seed(), at=parts.clock.now(),
            trace=parts.worker.runtime.traceparent(), delegation=delegation_of(principal, parts.store.delegations),
        )  # fmt: skip
        if len(payload) > (most := parts.config.max_payload_bytes):
            raise InvalidValue(f"the input has {len(payload)} bytes; {most} are allowed")
        run_id, new = await parts.worker.begin(run)
        if not parts.board.serves(queue):
            parts.board.expect(found.card.name, found.card.version, queue)
        if not new:
            await self._must_be_same(run_id, found.card.name, tag)
            if same_input:
                await self._must_have_input(run_id, payload, tag)
        return RunHandle(run_id, self._scope, found, new=new)

    @asynccontextmanager
    async def run_stream(
        self, workflow: Agent[In, Out] | str, input: In = None, /, **options: Any
    ) -> AsyncGenerator[RunStream[Out]]:
        """Start a run and read its events, from the first on: `async with app.run_stream(tell, "time") as stream`.

        Nothing is missed, whichever process drives it. Leaving the block ends the reading; the run goes on. Options:
        see `start`.
        """
        parts = self._scope.parts
        if options.get("id") is None:
            options["id"] = parts.ids.new("run")
            self._own_ids.add(options["id"])
        with watching(parts, options["id"]) as how:
            await how.announce(options["id"])
            stream = RunStream(await self.start(workflow, input, **options))
            try:
                yield stream
            finally:
                await stream.close()

    def must_be_permitted(self, operation: str, about: Json = None) -> None:
        """Raise NotAllowed where the policies do not let the principal ask a server for an operation.

        Rules say `action == Action::"request"` and `resource == Operation::"start_run"`; `about` is `context.input`.
        """
        user = self._scope.principal
        if user is not None and (why := self._scope.parts.rules.objection(operation, user, about)) is not None:
            raise NotAllowed(f"{why}.")

    async def handle(self, run_id: str) -> AnyHandle:
        """Return a handle to a run; raises UnknownRun."""
        return await handle_of(self._scope, run_id)

    def _owner(self, id: str | None, tenant: str | None, principal: str | None) -> tuple[str, str]:
        """Return tenant and principal of a run that is started here."""
        user = self._scope.principal
        if user is None:
            return self._scope.tenant(tenant), principal or NOBODY
        if user.administers and principal in (None, user.who):
            return self._scope.tenant(tenant), user.who
        if tenant not in (None, user.tenant) or principal not in (None, user.who):
            raise NotAllowed(f"{user.who} may not start runs of others: leave `tenant` and `principal` out.")
        if id is not None and id not in self._own_ids:  # all tenants share the ids: whether one is free tells of others
            raise NotAllowed(f"{user.who} may not choose the ids of runs: leave `id` out, or give the run a `tag`.")
        return user.tenant, user.who

    async def _must_take_part(self, tenant: str, principal: str, name: str) -> None:
        """Raise NotAllowed where a run on behalf of a principal has no turn in a conversation that is there."""
        known = await self._scope.store.conversation(tenant, name)
        if known is not None and (why := foreign(principal, known.principal, name)) is not None:
            raise NotAllowed(f"{why}.")

    async def _must_be_same(self, run_id: str, workflow: str, tag: str | None) -> None:
        """Raise NotPossible where the run that has the id or tag already is not what was asked for."""
        try:
            there = await self._scope.run(run_id)
        except UnknownRun:
            raise NotPossible(f"the tag {tag!r} is taken: give the new run another.") from None
        if there.workflow != workflow:
            raise NotPossible(f"run {run_id} is there already, of {there.workflow}: give the new run another id.")

    async def _must_have_input(self, run_id: str, payload: bytes, tag: str | None) -> None:
        """Raise NotPossible where the run that has the tag was given something else."""
        first = (await self._scope.store.facts(run_id))[0]
        if first.payload is not None and encode(first.value()) != encode(decode(payload)):
            raise NotPossible(
                f"the tag {tag!r} is that of run {run_id}, which was given another input: give it another."
            )
