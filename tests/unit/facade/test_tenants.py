"""What belongs to another tenant is unknown: no run, question, cost, budget, count or sum of it shows."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from podium import App, Budget, Context, Principal, RunState, agent, workflow
from podium.errors import NotAllowed, NotPossible, PodiumError, RunFailed, UnknownQuestion, UnknownRun
from podium.facade.scoped import ScopedApp
from podium.model.budget import Allowance, BudgetSettings
from podium.model.cost import Dimension
from podium.model.question import QuestionState
from podium.store.protocol import Page
from podium.testing import CountingIds
from tests.unit.facade.members import ALL

T = TypeVar("T")

SECRET = "rival-secret"
USD = 0.25


@agent(usd=USD)
async def work(text: str) -> str:
    return text


@workflow
async def paid(ctx: Context, text: str) -> str:
    return await ctx.call(work, text)


@workflow
async def ask(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="editors")


@workflow
async def fail(ctx: Context, text: str) -> str:
    await ctx.call(work, text)
    raise ValueError(text)


@workflow
async def family(ctx: Context, text: str) -> str:
    return await (await ctx.spawn(paid, text)).result()


@dataclass(frozen=True)
class Owned:
    """What a tenant has in the store."""

    paid: str
    parked: str
    failed: str
    parent: str
    question: str

    @property
    def runs(self) -> set[str]:
        return {self.paid, self.parked, self.failed, self.parent}


@dataclass(frozen=True)
class World:
    """An app whose users are of two tenants; the tests look at it as somebody of one."""

    app: App
    mine: Owned
    theirs: Owned


async def fill(app: ScopedApp, text: str, *, times: int = 1) -> Owned:
    """Have a tenant run everything, some of it several times; returns what came of it first."""
    owned = [await _once(app, text) for _ in range(times)]
    return owned[0]


async def _once(app: ScopedApp, text: str) -> Owned:
    done = await app.start(paid, text, budget=Budget(usd=5.0))
    await done.result()
    failed = await app.start(fail, text)
    with pytest.raises(RunFailed):
        await failed.result()
    with pytest.raises(NotPossible):
        await failed.cancel()
    parent = await app.start(family, text)
    await parent.result()
    parked = await app.start(ask, text)
    while not (waiting := (await app.inbox.list(run=parked.id)).items):
        await asyncio.sleep(0)
    return Owned(done.id, parked.id, failed.id, parent.id, waiting[0].id)


def principal(*roles: str, tenant: str = "acme", who: str = "ann") -> Principal:
    return Principal(who=who, tenant=tenant, roles=set(roles))


def opened(path: Path) -> AbstractAsyncContextManager[App]:
    budgets = BudgetSettings(tenants={"*": Allowance(usd=100.0)}, day=Allowance(usd=1_000.0))
    return App.open(path, agents=[work, paid, ask, fail, family], budgets=budgets, ids=CountingIds())


@asynccontextmanager
async def world(path: Path) -> AsyncGenerator[World]:
    async with opened(path) as app:
        theirs = await fill(app.scoped(principal("operator", tenant="rival", who="rex")), SECRET, times=2)
        mine = await fill(app.scoped(principal("operator")), "mine")
        yield World(app, mine, theirs)


def shown(found: object) -> str:
    """Return all that an answer says."""
    return repr(found)


def leaks(found: object, theirs: Owned) -> list[str]:
    """Return what an answer gives away of another tenant."""
    told = shown(found)
    wanted = [*theirs.runs, theirs.question, SECRET, "rival", "rex"]
    return [each for each in wanted if re.search(rf"(?<![\w-]){re.escape(each)}(?!\d)", told)]


async def all_of(found: AsyncIterator[T]) -> list[T]:
    return [each async for each in found]


async def reported(app: ScopedApp) -> list[Any]:
    assert app.principal is not None
    return [*(await app.reports.audit(tenant=app.principal.tenant)).runs]


async def pages(read: Callable[..., Awaitable[Page[T]]], **filters: Any) -> list[T]:
    """Return a whole list, read page by page of two."""
    items: list[T] = []
    cursor = None
    while True:
        page = await read(**filters, limit=2, cursor=cursor)
        items += page.items
        if (cursor := page.cursor) is None:
            return items


LOOKS: dict[str, Callable[[ScopedApp], Awaitable[list[Any]]]] = {
    "Inbox.list": lambda app: pages(app.inbox.list, state=None),
    "ProcessReports.actions": lambda app: pages(app.reports.actions),
    "ProcessReports.agents": lambda app: pages(app.reports.agents),
    "ProcessReports.audit": reported,
    "ProcessReports.budgets": lambda app: pages(app.reports.budgets),
    "ProcessReports.costs": lambda app: pages(app.reports.costs, by="run"),
    "ProcessReports.dead_letters": lambda app: pages(app.reports.dead_letters),
    "ProcessReports.export": lambda app: all_of(app.reports.export(payloads=True)),
    "ProcessReports.noticed": lambda app: app.reports.noticed(),
    "Runs.list": lambda app: pages(app.runs.list),
}
"""What needs no id."""

OF_RUNS: dict[str, Callable[[ScopedApp, str], Awaitable[object]]] = {
    "App.handle": lambda app, run: app.handle(run),
    "Operations.correct_budgets": lambda app, run: app.operations.correct_budgets(run, why="test"),
    "Operations.discard": lambda app, run: app.operations.discard(run, why="test"),
    "Operations.fork": lambda app, run: app.operations.fork(run, "0"),
    "Operations.redact": lambda app, run: app.operations.redact(run, why="test"),
    "Operations.repin": lambda app, run: app.operations.repin(run, "1"),
    "Operations.raise_budget": lambda app, run: app.operations.raise_budget(run, usd=1.0, why="x"),
    "Operations.retry": lambda app, run: app.operations.retry(run),
    "ProcessReports.audit": lambda app, run: app.reports.audit(run=run),
    "ProcessReports.costs": lambda app, run: app.reports.costs(run=run),
    "ProcessReports.dead_letter": lambda app, run: app.reports.dead_letter(run),
    "ProcessReports.export": lambda app, run: all_of(app.reports.export(run=run)),
    "ProcessReports.unserved": lambda app, run: app.reports.unserved(run),
    "ProcessReports.verify": lambda app, run: app.reports.verify(run),
    "Runs.call": lambda app, run: app.runs.call(run, "0"),
    "Runs.facts": lambda app, run: app.runs.facts(run),
    "Runs.generation": lambda app, run: app.runs.generation(run),
    "Runs.graph": lambda app, run: app.runs.graph(run),
    "Runs.get": lambda app, run: app.runs.get(run),
    "Runs.messages": lambda app, run: app.runs.messages(run),
    "Runs.tree": lambda app, run: app.runs.tree(run),
}
"""What takes the id of a run."""

OF_QUESTIONS: dict[str, Callable[[ScopedApp, str], Awaitable[object]]] = {
    "Inbox.answer": lambda app, question: app.inbox.answer(question, "yes"),
    "Inbox.comment": lambda app, question: app.inbox.comment(question, "Mind you."),
    "Inbox.context": lambda app, question: app.inbox.context(question),
    "Inbox.discussion": lambda app, question: app.inbox.discussion(question),
    "Inbox.get": lambda app, question: app.inbox.get(question),
    "Inbox.reassign": lambda app, question: app.inbox.reassign(question, "eve"),
    "Inbox.link": lambda app, question: app.inbox.link(question, for_="ann"),
    "Inbox.said_before": lambda app, question: app.inbox.said_before(question),
}
"""What takes the id of a question."""

OF_ALL: dict[str, Callable[[ScopedApp], Awaitable[object]]] = {
    "ServerKeys.create": lambda app: app.keys.create("ci", who="bot"),
    "ServerKeys.list": lambda app: app.keys.list(),
    "ServerKeys.revoke": lambda app: app.keys.revoke("key_none"),
    "ServerKeys.end_sessions": lambda app: app.keys.end_sessions("ann"),
    "ServerKeys.sessions": lambda app: app.keys.sessions(),
    "ServerKeys.rotate": lambda app: app.keys.rotate("key_none"),
    "Operations.backup": lambda app: app.operations.backup("copy.db"),
    "Operations.compact": lambda app: app.operations.compact(),
    "Operations.drain_worker": lambda app: app.operations.drain_worker("w_1", why="test"),
    "ProcessReports.breakers": lambda app: app.reports.breakers(),
    "ProcessReports.health": lambda app: app.reports.health(),
    "ProcessReports.incident": lambda app: app.reports.incident("run-1"),
    "ProcessReports.incidents": lambda app: app.reports.incidents(),
    "ProcessReports.queues": lambda app: app.reports.queues(),
    "ProcessReports.serving": lambda app: app.reports.serving(),
    "ProcessReports.store": lambda app: app.reports.store(),
    "ProcessReports.threads": lambda app: app.reports.threads(),
    "ProcessReports.trust": lambda app: app.reports.trust("work"),
    "ProcessReports.verify_store": lambda app: app.reports.verify_store(),
    "ProcessReports.workers": lambda app: app.reports.workers(),
    "ProcessReports.workers_wanted": lambda app: app.reports.workers_wanted(),
}
"""What is about all tenants together."""

ELSEWHERE = {
    "RegisteredAgents.get", "RegisteredAgents.graph", "RegisteredAgents.list",  # code, which belongs to no tenant
    "RegisteredAgents.limits", "Policies.check", "Policies.explain",  # tests/unit/server/test_looking.py
    "App.unready",  # of the app alone
    "GrantedDelegations.all", "GrantedDelegations.grant", "GrantedDelegations.issue",
    "GrantedDelegations.list", "GrantedDelegations.revoke",  # the same
    "App.drained",  # of the app alone: its worker drives the runs of all tenants
    "App.redeem", "Inbox.lead_links_to", "Inbox.linked",  # of the app alone: a token says on whose behalf
    "Conversations.delete", "Conversations.get", "Conversations.list",
    "Conversations.messages",  # test_conversations.py
    "Conversations.export", "Conversations.fork", "Conversations.redact",
    "Conversations.search",  # test_conversation_library.py
    "Inbox.away", "Inbox.people",  # test_inbox.py
    "Webhooks.change", "Webhooks.create", "Webhooks.delete", "Webhooks.deliveries", "Webhooks.delivery", "Webhooks.get",
    "Webhooks.list", "Webhooks.ping", "Webhooks.redeliver", "Webhooks.rotate",  # test_webhooks.py
    "Events.batches", "Events.last", "Events.stream",  # test_events.py
    "App.run", "App.start",  # test_what_is_started_…, test_a_tag_…
    "Operations.requeue", "Operations.retain", "Operations.prune", "Operations.repin_all",  # test_a_requeue_… etc.
    "RunHandle.batches", "RunHandle.cancel", "RunHandle.degraded", "RunHandle.end", "RunHandle.facts", "RunHandle.rate",
    "RunHandle.ratings", "RunHandle.result",
    "RunHandle.signal", "RunHandle.status", "RunHandle.stream",  # of a run whose handle was to be had
}  # fmt: skip

ROLES = [("operator",), ("viewer",), ("editors",), ()]


def test_the_tables_name_every_async_method() -> None:
    assert {*LOOKS, *OF_RUNS, *OF_QUESTIONS, *OF_ALL, *ELSEWHERE} == ALL


async def test_no_list_shows_anything_of_another_tenant(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        for name in ("Inbox.list", "Runs.list", "ProcessReports.dead_letters", "ProcessReports.export"):
            whole = await LOOKS[name](found.app)
            assert leaks(whole, found.theirs), f"{name} shows nothing of the other tenant to the operator either"
        for roles in ROLES:
            app = found.app.scoped(principal(*roles))
            seen = {name: await look(app) for name, look in LOOKS.items()}
            assert {name: leaks(each, found.theirs) for name, each in seen.items()} == {name: [] for name in LOOKS}
            assert [name for name, each in seen.items() if not each] == ["ProcessReports.noticed"]


async def test_counts_and_sums_are_those_of_a_tenant_that_is_alone(tmp_path: Path) -> None:
    async with opened(tmp_path / "alone.db") as alone, world(tmp_path / "shared.db") as found:
        await fill(alone.scoped(principal("operator")), "mine")
        for roles in ROLES:
            user = principal(*roles)
            assert await numbers(found.app.scoped(user)) == await numbers(alone.scoped(user))


async def numbers(app: ScopedApp) -> dict[str, object]:
    """Return how long each list is, and what the sums are."""
    dimensions: tuple[Dimension, ...] = ("agent", "model", "workflow", "tenant", "day")
    found: dict[str, object] = {by: await sums(app, by) for by in dimensions}
    return found | {name: len(await look(app)) for name, look in LOOKS.items()}


async def sums(app: ScopedApp, by: Dimension) -> list[tuple[int, float, int, int]]:
    return [(each.calls, each.usd, each.runs, each.done) for each in (await app.reports.costs(by=by)).items]


async def test_budgets_are_those_of_the_own_tenant_and_of_its_runs(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        ids = [each.id for each in (await found.app.scoped(principal("viewer")).reports.budgets()).items]
        assert {each.partition("/")[0] for each in ids} == {f"run:{found.mine.paid}", "tenant:acme"}
        plain = found.app.scoped(principal(who="bob"))
        assert (await plain.reports.budgets()).items == ()


@pytest.mark.parametrize("per", ["day", "month", "ever"])
async def test_budgets_of_a_tenant_with_a_longer_name_are_not_the_own(per: Any, tmp_store: Path) -> None:
    settings = BudgetSettings(tenants={"*": Allowance(usd=100.0, per=per)})
    async with App.open(tmp_store, agents=[work, paid], budgets=settings) as app:
        for tenant in ("acme", "acme/sub", "acme-2", "acm%", "acm_"):
            await app.scoped(principal("operator", tenant=tenant)).run(paid, tenant)
        for tenant in ("acme", "acme/sub", "acme-2", "acm%", "acm_"):
            (budget,) = (await app.scoped(principal("viewer", tenant=tenant)).reports.budgets()).items
            assert budget.id.removeprefix(f"tenant:{tenant}").count("/") == (per != "ever")
            assert budget.id.startswith(f"tenant:{tenant}")
            assert budget.spent.usd == int(USD * 1e9)


async def test_a_run_of_another_tenant_is_as_unknown_as_one_that_is_not_there(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        before = await everything(found.app)
        for roles in ROLES:
            app = found.app.scoped(principal(*roles))
            for name, use in OF_RUNS.items():
                for run in sorted(found.theirs.runs):
                    assert await said(use, app, run) == await said(use, app, "no-such-run"), name
        assert await everything(found.app) == before


async def test_a_question_of_another_tenant_is_as_unknown_as_one_that_is_not_there(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        for roles in ROLES:
            app = found.app.scoped(principal(*roles))
            for name, use in OF_QUESTIONS.items():
                assert await said(use, app, found.theirs.question) == await said(use, app, "no-such-question"), name
        assert (await found.app.inbox.get(found.theirs.question)).state is QuestionState.OPEN


async def said(use: Callable[[ScopedApp, str], Awaitable[object]], app: ScopedApp, id: str) -> tuple[type, str]:
    """Return the error that came of it, without the id."""
    with pytest.raises((UnknownRun, UnknownQuestion, NotAllowed)) as error:
        await use(app, id)
    return error.type, str(error.value).replace(id, "ID")


async def everything(app: App) -> list[object]:
    """Return how every run of everybody stands."""
    return [(run.id, run.state, run.facts, run.epoch) for run in await pages(app.runs.list)]


async def test_what_tells_of_all_tenants_together_is_for_the_operator_of_the_app(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[work]) as app:
        for use in OF_ALL.values():
            with pytest.raises(NotAllowed, match="all tenants"):
                await use(app.scoped(principal("operator")))


async def test_filters_ask_for_no_more_than_is_to_be_seen(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        for roles in ROLES:
            app = found.app.scoped(principal(*roles))
            for read in (
                app.runs.list,
                app.inbox.list,
                app.reports.costs,
                app.reports.dead_letters,
                app.reports.budgets,
            ):
                assert (await read(tenant="rival")).items == ()
                assert not leaks(await read(principal="rex"), found.theirs)
                assert not leaks(await read(text="rival"), found.theirs)
            assert await all_of(app.reports.export(tenant="rival")) == []
            assert (await app.runs.list(parent=found.theirs.parent)).items == ()
            assert (await app.inbox.list(run=found.theirs.parked, state=None)).items == ()


async def test_a_cursor_of_somebody_else_shows_nothing_of_theirs(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        rival = found.app.scoped(principal("operator", tenant="rival", who="rex"))
        mine = found.app.scoped(principal("viewer"))
        for theirs, read in ((rival.runs.list, mine.runs.list), (rival.reports.costs, mine.reports.costs)):
            cursor = (await theirs(limit=1)).cursor
            assert not leaks(await read(cursor=cursor), found.theirs)


async def test_what_is_started_is_of_the_principal_and_its_child_runs_too(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        app = found.app.scoped(principal("viewer"))
        owners = {(run.tenant, run.principal) for run in await pages(app.runs.list)}
        assert owners == {("acme", "ann")}
        children = (await app.runs.list(parent=found.mine.parent)).items
        assert [(child.tenant, child.principal) for child in children] == [("acme", "ann")]


@pytest.mark.parametrize("other", [{"tenant": "rival"}, {"principal": "rex"}, {"id": "chosen"}])
async def test_nobody_starts_runs_for_others_or_chooses_ids_that_all_share(
    other: dict[str, Any], tmp_store: Path
) -> None:
    async with App.open(tmp_store, agents=[paid, work]) as app:
        with pytest.raises(NotAllowed, match="leave `"):
            await app.scoped(principal("operator")).start(paid, "x", **other)
        assert (await app.runs.list()).items == ()


async def test_a_tag_is_a_tenants_own(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[paid, work]) as app:
        theirs = await app.scoped(principal("operator", tenant="rival", who="rex")).start(paid, SECRET, tag="today")
        mine = await app.scoped(principal("operator")).start(paid, "mine", tag="today")
        again = await app.scoped(principal("operator")).start(paid, "mine", tag="today")
        assert theirs.id != mine.id == again.id
        assert await mine.result() == "mine"


async def test_a_tag_that_somebody_else_of_the_tenant_took_gives_no_run_away(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[paid, work]) as app:
        bobs = await app.scoped(principal(who="bob")).start(paid, "bobs", tag="today")
        with pytest.raises(NotPossible, match="'today' is taken") as error:
            await app.scoped(principal()).start(paid, "mine", tag="today")
        assert bobs.id not in str(error.value)


async def test_a_requeue_takes_only_the_own_dead_letters(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        app = found.app.scoped(principal("operator"))
        theirs, mine = await app.operations.requeue(found.theirs.failed, found.mine.failed)
        (nobodys,) = await app.operations.requeue("no-such-run")
        assert theirs.error.replace(theirs.run, "") == nobodys.error.replace(nobodys.run, "")
        assert mine.error == ""


async def test_a_retention_redacts_only_the_own_runs(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        app = found.app.scoped(principal("operator"))
        assert await app.operations.retain(0.0, why="test") == 4  # with the child run; one is parked
        theirs = await found.app.runs.facts(found.theirs.paid)
        assert SECRET in shown(theirs)


async def test_a_repin_of_all_moves_only_the_own_runs(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        moved = await found.app.scoped(principal("operator")).operations.repin_all("ask", "1", "1")
        assert [(each.run, each.error) for each in moved] == [(found.mine.parked, "")]


async def test_a_pruning_deletes_and_tells_of_only_the_own_runs(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        app = found.app.scoped(principal("operator"))
        would = await app.operations.prune(0.0, why="test", dry_run=True)
        done = await app.operations.prune(0.0, why="test")
        assert {each.run for each in done.families} == found.mine.runs - {found.mine.parked}
        assert (would, leaks(done, found.theirs)) == (done, [])
        assert SECRET in shown(await found.app.runs.facts(found.theirs.paid))


async def test_an_operator_of_the_tenant_changes_what_is_its_own(tmp_store: Path) -> None:
    async with world(tmp_store) as found:
        app = found.app.scoped(principal("operator"))
        await app.operations.discard(found.mine.failed, why="seen")
        (letter,) = (await app.reports.dead_letters(discarded=True)).items
        assert letter.discarded is not None
        assert letter.discarded.by == "ann"
        handle = await app.operations.fork(found.mine.paid, "0")
        assert await handle.result() == "mine"
        assert (await handle.status()).tenant == "acme"


async def test_what_belongs_to_the_installation_belongs_to_no_tenant(tmp_store: Path) -> None:
    """Incidents are runs as well: nobody's of a tenant."""
    async with App.open(tmp_store, agents=[paid, work], monitor=True) as app:
        with pytest.raises(PodiumError, match="belongs to the installation"):
            Principal(who="ann", tenant="podium")
        assert (await app.runs.list(state=RunState.FAILED)).items == ()


async def test_a_stream_is_for_those_who_may_see_the_run(tmp_store: Path) -> None:
    async with opened(tmp_store) as app:
        mine, other = app.scoped(principal()), app.scoped(principal(tenant="rival", who="rex"))
        async with mine.run_stream(paid, "mine") as stream:
            events = [event.type async for event in stream]
            assert await stream.result() == "mine"
        assert events == ["run_started", "call_started", "call_ended", "run_ended"]
        run = await stream.handle.status()
        assert (run.tenant, run.principal) == ("acme", "ann")
        with pytest.raises(UnknownRun):
            await other.handle(run.id)
        with pytest.raises(NotAllowed, match="may not choose the ids of runs"):
            async with mine.run_stream(paid, "mine", id="run_mine"):
                pass
        with pytest.raises(NotAllowed, match="a viewer changes nothing"):
            async with app.scoped(principal("viewer")).run_stream(paid, "mine"):
                pass
