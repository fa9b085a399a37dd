"""What each role may do with each method of an app: a table of all methods, so that a new one takes an entry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from podium import App, Context, Principal, agent, workflow
from podium.errors import NotAllowed, PodiumError, UnknownConversation, UnknownQuestion, UnknownRun
from podium.facade.events import EventFilter
from podium.facade.handle import AnyHandle
from podium.facade.policies import SupposedCall
from podium.facade.scoped import ScopedApp
from podium.model.delegation import Delegation
from tests.unit.facade.members import ALL

Right = Literal[
    "looks",
    "views",
    "rates",
    "sees a run",
    "sees a question",
    "steers",
    "answers",
    "comments",
    "is asked",
    "starts",
    "talks",
    "operates",
    "administers",
]
Outcome = Literal["lets", "refuses", "knows nothing"]


@agent
async def work(text: str) -> str:
    return text


@workflow
async def ask(ctx: Context, to: str) -> str:
    await ctx.call(work, to)
    return await ctx.ask("yes?", answer=str, to=to)


@workflow
async def chat(_: Context, text: str) -> str:
    return text


@dataclass(frozen=True)
class Case:
    """An app as somebody uses it, and what belongs to somebody else of the same tenant."""

    app: ScopedApp
    run: str
    question: str
    talk: str


BEYOND = 1 << 40
"""A position that there is not: everybody is told so."""


async def drawn(found: AsyncIterator[object]) -> object:
    return [each async for each in found]


async def streamed(case: Case) -> object:
    events = (await case.app.handle(case.run)).stream(after=0)
    try:
        return await anext(events)
    finally:
        await events.aclose()


async def handled(case: Case, use: Callable[[AnyHandle], Awaitable[object]]) -> object:
    return await use(await case.app.handle(case.run))


def own_delegation(app: ScopedApp) -> Delegation:
    return Delegation(by="ann", to="crm", tenant=tenant_of(app))


def supposed(app: ScopedApp) -> SupposedCall:
    return SupposedCall(agent="work", tenant=tenant_of(app))


METHODS: dict[str, tuple[Right, Callable[[Case], Awaitable[object]]]] = {
    "RegisteredAgents.get": ("looks", lambda c: c.app.agents.get("work")),
    "RegisteredAgents.graph": ("looks", lambda c: c.app.agents.graph("ask")),
    "RegisteredAgents.limits": ("looks", lambda c: c.app.agents.limits()),
    "RegisteredAgents.list": ("looks", lambda c: c.app.agents.list()),
    "GrantedDelegations.all": ("looks", lambda c: c.app.delegations.all()),
    "GrantedDelegations.list": ("looks", lambda c: c.app.delegations.list()),
    "GrantedDelegations.grant": ("starts", lambda c: c.app.delegations.grant(own_delegation(c.app))),
    "GrantedDelegations.issue": ("starts", lambda c: c.app.delegations.issue(own_delegation(c.app))),
    "GrantedDelegations.revoke": ("starts", lambda c: c.app.delegations.revoke("dlg_none")),
    "Policies.check": ("views", lambda c: c.app.policies.check()),
    "Policies.explain": ("views", lambda c: c.app.policies.explain(supposed(c.app))),
    "ProcessReports.store": ("administers", lambda c: c.app.reports.store()),
    "ProcessReports.verify_store": ("administers", lambda c: c.app.reports.verify_store()),
    "Runs.graph": ("sees a run", lambda c: c.app.runs.graph(c.run)),
    "Conversations.list": ("looks", lambda c: c.app.conversations.list()),
    "Conversations.search": ("looks", lambda c: c.app.conversations.search("x")),
    "ProcessReports.actions": ("looks", lambda c: c.app.reports.actions()),
    "Inbox.list": ("looks", lambda c: c.app.inbox.list()),
    "ProcessReports.agents": ("looks", lambda c: c.app.reports.agents()),
    "ProcessReports.budgets": ("looks", lambda c: c.app.reports.budgets()),
    "ProcessReports.costs": ("looks", lambda c: c.app.reports.costs()),
    "ProcessReports.dead_letters": ("looks", lambda c: c.app.reports.dead_letters()),
    "ProcessReports.noticed": ("looks", lambda c: c.app.reports.noticed()),
    "Runs.list": ("looks", lambda c: c.app.runs.list()),
    "App.handle": ("sees a run", lambda c: c.app.handle(c.run)),
    "ProcessReports.audit": ("sees a run", lambda c: c.app.reports.audit(run=c.run)),
    "ProcessReports.dead_letter": ("sees a run", lambda c: c.app.reports.dead_letter(c.run)),
    "ProcessReports.export": ("sees a run", lambda c: drawn(c.app.reports.export(run=c.run))),
    "ProcessReports.unserved": ("sees a run", lambda c: c.app.reports.unserved(c.run)),
    "ProcessReports.verify": ("sees a run", lambda c: c.app.reports.verify(c.run)),
    "RunHandle.degraded": ("sees a run", lambda c: handled(c, lambda run: run.degraded())),
    "RunHandle.facts": ("sees a run", lambda c: handled(c, lambda run: run.facts())),
    "RunHandle.ratings": ("sees a run", lambda c: handled(c, lambda run: run.ratings())),
    "RunHandle.result": ("sees a run", lambda c: handled(c, lambda run: asyncio.sleep(0, run.result))),  # it is parked
    "RunHandle.end": ("sees a run", lambda c: handled(c, lambda run: asyncio.sleep(0, run.end))),  # the same
    "RunHandle.status": ("sees a run", lambda c: handled(c, lambda run: run.status())),
    "RunHandle.stream": ("sees a run", streamed),
    "RunHandle.batches": ("sees a run", lambda c: handled(c, lambda run: anext(run.batches(after=0)))),
    "Events.batches": ("looks", lambda c: anext(c.app.events.batches(after=BEYOND, wanted=EventFilter()))),
    "Events.last": ("looks", lambda c: c.app.events.last()),
    "Events.stream": ("looks", lambda c: anext(c.app.events.stream(after=BEYOND))),  # of whose: test_events.py
    "Runs.call": ("sees a run", lambda c: c.app.runs.call(c.run, "0")),
    "Runs.facts": ("sees a run", lambda c: c.app.runs.facts(c.run)),
    "Runs.generation": ("sees a run", lambda c: c.app.runs.generation(c.run)),
    "Runs.get": ("sees a run", lambda c: c.app.runs.get(c.run)),
    "Runs.messages": ("sees a run", lambda c: c.app.runs.messages(c.run)),
    "Runs.tree": ("sees a run", lambda c: c.app.runs.tree(c.run)),
    "Inbox.get": ("sees a question", lambda c: c.app.inbox.get(c.question)),
    "Inbox.context": ("sees a question", lambda c: c.app.inbox.context(c.question)),
    "Inbox.discussion": ("sees a question", lambda c: c.app.inbox.discussion(c.question)),
    "Inbox.people": ("looks", lambda c: c.app.inbox.people()),
    "Inbox.said_before": ("sees a question", lambda c: c.app.inbox.said_before(c.question)),
    "Conversations.export": ("talks", lambda c: drawn(c.app.conversations.export(c.talk, tenant="acme"))),
    "Conversations.get": ("talks", lambda c: c.app.conversations.get(c.talk, tenant="acme")),
    "Conversations.messages": ("talks", lambda c: c.app.conversations.messages(c.talk, tenant="acme")),
    "RunHandle.rate": ("rates", lambda c: handled(c, lambda run: run.rate(1.0))),
    "RunHandle.cancel": ("steers", lambda c: handled(c, lambda run: run.cancel())),
    "RunHandle.signal": ("steers", lambda c: handled(c, lambda run: run.signal("go"))),
    "Inbox.answer": ("answers", lambda c: c.app.inbox.answer(c.question, "yes")),
    "Inbox.comment": ("comments", lambda c: c.app.inbox.comment(c.question, "why?")),
    "Inbox.reassign": ("answers", lambda c: c.app.inbox.reassign(c.question)),
    "Inbox.away": ("is asked", lambda c: c.app.inbox.away(name_of(c.app), None)),
    "Inbox.link": ("answers", lambda c: c.app.inbox.link(c.question, for_=name_of(c.app))),
    "App.run": ("starts", lambda c: c.app.run(chat, "x")),
    "App.start": ("starts", lambda c: c.app.start(chat, "x")),
    "Conversations.fork": ("starts", lambda c: c.app.conversations.fork("own", f"of {c.run}", tenant=tenant_of(c.app))),
    "Conversations.delete": ("operates", lambda c: c.app.conversations.delete(c.talk, tenant="acme")),
    "Conversations.redact": ("operates", lambda c: c.app.conversations.redact(c.talk, tenant="acme")),
    "Operations.correct_budgets": ("operates", lambda c: c.app.operations.correct_budgets(c.run, why="test")),
    "Operations.discard": ("operates", lambda c: c.app.operations.discard(c.run, why="test")),
    "Operations.fork": ("operates", lambda c: c.app.operations.fork(c.run, "0")),
    "Operations.prune": ("operates", lambda c: c.app.operations.prune(1e6, why="test")),
    "Operations.raise_budget": ("operates", lambda c: c.app.operations.raise_budget(c.run, usd=1.0, why="test")),
    "Operations.redact": ("operates", lambda c: c.app.operations.redact(c.run, why="test")),
    "Operations.repin": ("operates", lambda c: c.app.operations.repin(c.run, "2")),
    "Operations.repin_all": ("operates", lambda c: c.app.operations.repin_all("ask", "7", "1")),
    "Operations.requeue": ("operates", lambda c: c.app.operations.requeue(c.run)),
    "Operations.retain": ("operates", lambda c: c.app.operations.retain(1e6, why="test")),
    "Operations.retry": ("operates", lambda c: c.app.operations.retry(c.run)),
    "Webhooks.change": ("operates", lambda c: c.app.webhooks.change("hook_none", values=True)),
    "Webhooks.create": ("operates", lambda c: c.app.webhooks.create("shop", "https://shop.example.org/")),
    "Webhooks.delete": ("operates", lambda c: c.app.webhooks.delete("hook_none")),
    "Webhooks.deliveries": ("operates", lambda c: c.app.webhooks.deliveries("hook_none")),
    "Webhooks.delivery": ("operates", lambda c: c.app.webhooks.delivery("hook_none", "x")),
    "Webhooks.get": ("operates", lambda c: c.app.webhooks.get("hook_none")),
    "Webhooks.list": ("operates", lambda c: c.app.webhooks.list()),
    "Webhooks.ping": ("operates", lambda c: c.app.webhooks.ping("hook_none")),
    "Webhooks.redeliver": ("operates", lambda c: c.app.webhooks.redeliver("hook_none", "x")),
    "Webhooks.rotate": ("operates", lambda c: c.app.webhooks.rotate("hook_none")),
    "ServerKeys.create": ("administers", lambda c: c.app.keys.create("ci", who="bot")),
    "ServerKeys.list": ("administers", lambda c: c.app.keys.list()),
    "ServerKeys.revoke": ("administers", lambda c: c.app.keys.revoke("key_none")),
    "ServerKeys.end_sessions": ("administers", lambda c: c.app.keys.end_sessions("ann")),
    "ServerKeys.sessions": ("administers", lambda c: c.app.keys.sessions()),
    "ServerKeys.rotate": ("administers", lambda c: c.app.keys.rotate("key_none")),
    "Operations.backup": ("administers", lambda c: c.app.operations.backup(f"{c.run}.db")),
    "Operations.compact": ("administers", lambda c: c.app.operations.compact()),
    "Operations.drain_worker": ("administers", lambda c: c.app.operations.drain_worker("w_none", why="test")),
    "ProcessReports.breakers": ("administers", lambda c: c.app.reports.breakers()),
    "ProcessReports.health": ("administers", lambda c: c.app.reports.health()),
    "ProcessReports.incident": ("administers", lambda c: c.app.reports.incident(c.run)),
    "ProcessReports.incidents": ("administers", lambda c: c.app.reports.incidents()),
    "ProcessReports.queues": ("administers", lambda c: c.app.reports.queues()),
    "ProcessReports.serving": ("administers", lambda c: c.app.reports.serving()),
    "ProcessReports.threads": ("administers", lambda c: c.app.reports.threads()),
    "ProcessReports.trust": ("administers", lambda c: c.app.reports.trust("work")),
    "ProcessReports.workers": ("administers", lambda c: c.app.reports.workers()),
    "ProcessReports.workers_wanted": ("administers", lambda c: c.app.reports.workers_wanted()),
}
"""What each takes, and a use of it."""

ONLY_UNSCOPED = {"App.drained", "App.redeem", "App.unready", "Inbox.lead_links_to", "Inbox.linked"}

ROLES = {
    "nobody in particular": frozenset[str](),
    "a lawyer": frozenset({"lawyers"}),
    "a viewer": frozenset({"viewer"}),
    "an operator": frozenset({"operator"}),
    "an approver": frozenset({"approver"}),
    "an approving lawyer": frozenset({"approver", "lawyers"}),
    "an approver who views": frozenset({"approver", "viewer"}),
    "an admin": frozenset({"admin"}),
}

_ALL_SEE: dict[str, Outcome] = dict.fromkeys(ROLES, "lets")
_UNSEEN: dict[str, Outcome] = {
    "nobody in particular": "knows nothing", "a lawyer": "knows nothing", "a viewer": "lets", "an operator": "lets",
    "an approver": "knows nothing", "an approving lawyer": "lets", "an approver who views": "lets", "an admin": "lets",
}  # fmt: skip
_OPERATE: dict[str, Outcome] = {
    role: "lets" if {"operator", "admin"} & names else "refuses" for role, names in ROLES.items()
}
MATRIX: dict[Right, dict[str, Outcome]] = {
    "looks": _ALL_SEE,
    "views": {**_OPERATE, "a viewer": "lets", "an approver who views": "lets"},
    "sees a run": _UNSEEN,
    "sees a question": {**_UNSEEN, "a lawyer": "lets"},
    "talks": {**_UNSEEN, "an approving lawyer": "knows nothing"},
    "steers": {**_UNSEEN, "a viewer": "refuses", "an approving lawyer": "refuses", "an approver who views": "refuses"},
    "answers": {**_UNSEEN, "a lawyer": "lets", "a viewer": "refuses", "an approver who views": "refuses"},
    "comments": {**_UNSEEN, "a lawyer": "lets", "a viewer": "refuses"},
    "is asked": {**_ALL_SEE, "a viewer": "refuses"},
    "starts": {
        **_ALL_SEE, "a viewer": "refuses", "an approver": "refuses", "an approving lawyer": "refuses",
        "an approver who views": "refuses",
    },
    "rates": {**_UNSEEN, "a viewer": "refuses", "an approver who views": "lets"},
    "operates": _OPERATE,
    "administers": {**_OPERATE, "an operator": "refuses"},
}  # fmt: skip
"""What the run of somebody else, whose question is put to the lawyers, is to each role."""


def tenant_of(app: ScopedApp) -> str:
    assert app.principal is not None
    return app.principal.tenant


def name_of(app: ScopedApp) -> str:
    assert app.principal is not None
    return app.principal.who


def test_the_table_has_every_async_method() -> None:
    assert METHODS.keys() | ONLY_UNSCOPED == ALL
    assert all(row.keys() == ROLES.keys() for row in MATRIX.values())


async def asked(app: App, number: int) -> Case:
    """Have Bob start a run that waits for the lawyers, and say something."""
    bob = app.scoped(Principal(who="bob", tenant="acme"))
    talk = f"talk {number}"
    await bob.run(chat, "x", conversation=talk)
    run = await bob.start(ask, "lawyers")
    while not (waiting := (await app.inbox.list(run=run.id)).items):
        await asyncio.sleep(0)
    return Case(bob, run.id, waiting[0].id, talk)


async def outcome(use: Awaitable[object]) -> Outcome:
    try:
        await use
    except NotAllowed:
        return "refuses"
    except (UnknownRun, UnknownQuestion, UnknownConversation):
        return "knows nothing"
    except PodiumError:  # the right was there, and the run is not as it takes
        return "lets"
    return "lets"


@pytest.mark.parametrize("role", ROLES)
async def test_what_each_role_may_do(role: str, tmp_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_store.parent)
    tenant = "home" if role == "an admin" else "acme"
    async with App.open(tmp_store, agents=[ask, chat, work]) as app:
        ann = app.scoped(Principal(who="ann", tenant=tenant, roles=ROLES[role]))
        await app.scoped(Principal(who="ann", tenant=tenant)).run(chat, "x", conversation="own")
        found: dict[str, Outcome] = {}
        for number, (name, (_, use)) in enumerate(METHODS.items()):
            theirs = await asked(app, number)
            found[name] = await outcome(use(Case(ann, theirs.run, theirs.question, theirs.talk)))
        assert found == {name: MATRIX[right][role] for name, (right, _) in METHODS.items()}


async def test_an_approver_is_shown_the_runs_that_ask_it_and_no_others(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask, chat, work]) as app:
        asking = await asked(app, 1)
        await app.scoped(Principal(who="bob", tenant="acme")).start(ask, "editors")
        await app.scoped(Principal(who="bob", tenant="other")).start(ask, "lawyers")
        ann = app.scoped(Principal(who="ann", tenant="acme", roles={"approver", "Lawyers"}))
        assert [run.id for run in (await ann.runs.list()).items] == [asking.run]
        assert (await ann.runs.list(tenant="other")).items == ()
        assert [each.id for each in (await ann.inbox.list()).items] == [asking.question]
        assert [cost.calls for cost in (await ann.reports.costs(run=asking.run)).items] == [1]
        assert (await ann.reports.audit(run=asking.run)).runs
        await ann.inbox.answer(asking.question, "yes")
        assert [run.id for run in (await ann.runs.list()).items] == [asking.run]


async def test_an_admin_sees_and_changes_every_tenant_and_stands_in_the_records(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask, chat, work]) as app:
        theirs = await asked(app, 1)
        admin = app.scoped(Principal(who="root", tenant="home", roles={"admin"}))
        assert {run.tenant for run in (await admin.runs.list()).items} == {"acme"}
        assert [run.id for run in (await admin.runs.list(tenant="acme", workflow="ask")).items] == [theirs.run]
        await admin.inbox.answer(theirs.question, "yes")
        assert (await app.inbox.get(theirs.question)).answered_by == ("root",)
        with pytest.raises(NotAllowed, match="in the name of 'bob'"):
            await admin.inbox.answer(theirs.question, "yes", by="bob")
        own, there = await admin.start(chat, "x"), await admin.start(chat, "x", tenant="acme")
        assert [((run := await each.status()).tenant, run.principal) for each in (own, there)] == [
            ("home", "root"), ("acme", "root"),
        ]  # fmt: skip
        with pytest.raises(NotAllowed, match="may not start runs of others"):
            await admin.start(chat, "x", principal="bob")
