"""An app is used in the event loop in which it was opened; elsewhere it says so, and nothing is recorded."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, RunHandle, run_sync, workflow
from podium.errors import UsageError, WrongLoop
from podium.facade.events import EventFilter
from podium.facade.policies import SupposedCall
from podium.model.delegation import Delegation
from tests.unit.facade.members import ALL


@workflow
async def ask(ctx: Context, text: str) -> str:
    return await ctx.ask(text, answer=str)


@dataclass
class Opened:
    """An app with a run that waits for an answer."""

    app: App
    handle: RunHandle[Any]
    question: str


Use = Callable[[Opened], Awaitable[object] | AsyncIterator[object]]

USES: dict[str, Use] = {
    "RegisteredAgents.get": lambda o: o.app.agents.get("ask"),
    "RegisteredAgents.graph": lambda o: o.app.agents.graph("ask"),
    "RegisteredAgents.limits": lambda o: o.app.agents.limits(),
    "RegisteredAgents.list": lambda o: o.app.agents.list(),
    "App.unready": lambda o: o.app.unready(),
    "GrantedDelegations.all": lambda o: o.app.delegations.all(),
    "GrantedDelegations.grant": lambda o: o.app.delegations.grant(Delegation(by="ann", to="crm")),
    "GrantedDelegations.issue": lambda o: o.app.delegations.issue(Delegation(by="ann", to="crm")),
    "GrantedDelegations.list": lambda o: o.app.delegations.list(),
    "GrantedDelegations.revoke": lambda o: o.app.delegations.revoke("dlg_1"),
    "Policies.check": lambda o: o.app.policies.check(),
    "Policies.explain": lambda o: o.app.policies.explain(SupposedCall(agent="ask")),
    "ProcessReports.store": lambda o: o.app.reports.store(),
    "ProcessReports.verify_store": lambda o: o.app.reports.verify_store(),
    "Runs.graph": lambda o: o.app.runs.graph(o.handle.id),
    "App.drained": lambda o: o.app.drained(),
    "App.handle": lambda o: o.app.handle(o.handle.id),
    "App.redeem": lambda o: o.app.redeem("token", "ask", "again?"),
    "App.run": lambda o: o.app.run(ask, "again?"),
    "App.start": lambda o: o.app.start(ask, "again?"),
    "Conversations.delete": lambda o: o.app.conversations.delete("u"),
    "Conversations.export": lambda o: anext(o.app.conversations.export("u")),
    "Conversations.fork": lambda o: o.app.conversations.fork("u", "w"),
    "Conversations.get": lambda o: o.app.conversations.get("u"),
    "Conversations.list": lambda o: o.app.conversations.list(),
    "Conversations.messages": lambda o: o.app.conversations.messages("u"),
    "Conversations.redact": lambda o: o.app.conversations.redact("u"),
    "Conversations.search": lambda o: o.app.conversations.search("hello"),
    "Inbox.answer": lambda o: o.app.inbox.answer(o.question, "yes"),
    "Inbox.away": lambda o: o.app.inbox.away("ada", None),
    "Inbox.comment": lambda o: o.app.inbox.comment(o.question, "Mind you."),
    "Inbox.context": lambda o: o.app.inbox.context(o.question),
    "Inbox.discussion": lambda o: o.app.inbox.discussion(o.question),
    "Inbox.get": lambda o: o.app.inbox.get(o.question),
    "Inbox.link": lambda o: o.app.inbox.link(o.question, for_="ann"),
    "Inbox.linked": lambda o: o.app.inbox.linked("x"),
    "Inbox.lead_links_to": lambda o: o.app.inbox.lead_links_to("http://127.0.0.1:1"),
    "Inbox.list": lambda o: o.app.inbox.list(),
    "Inbox.people": lambda o: o.app.inbox.people(),
    "Inbox.reassign": lambda o: o.app.inbox.reassign(o.question, "ada"),
    "Inbox.said_before": lambda o: o.app.inbox.said_before(o.question),
    "ServerKeys.create": lambda o: o.app.keys.create("ci", who="bot"),
    "ServerKeys.list": lambda o: o.app.keys.list(),
    "ServerKeys.revoke": lambda o: o.app.keys.revoke("key_none"),
    "ServerKeys.end_sessions": lambda o: o.app.keys.end_sessions("ann"),
    "ServerKeys.sessions": lambda o: o.app.keys.sessions(),
    "ServerKeys.rotate": lambda o: o.app.keys.rotate("key_none"),
    "Webhooks.change": lambda o: o.app.webhooks.change("hook_none", values=True),
    "Webhooks.create": lambda o: o.app.webhooks.create("shop", "https://shop.example.org/"),
    "Webhooks.delete": lambda o: o.app.webhooks.delete("hook_none"),
    "Webhooks.deliveries": lambda o: o.app.webhooks.deliveries("hook_none"),
    "Webhooks.delivery": lambda o: o.app.webhooks.delivery("hook_none", "x"),
    "Webhooks.get": lambda o: o.app.webhooks.get("hook_none"),
    "Webhooks.list": lambda o: o.app.webhooks.list(),
    "Webhooks.ping": lambda o: o.app.webhooks.ping("hook_none"),
    "Webhooks.redeliver": lambda o: o.app.webhooks.redeliver("hook_none", "x"),
    "Webhooks.rotate": lambda o: o.app.webhooks.rotate("hook_none"),
    "Operations.backup": lambda o: o.app.operations.backup("copy.db"),
    "Operations.compact": lambda o: o.app.operations.compact(),
    "Operations.correct_budgets": lambda o: o.app.operations.correct_budgets(o.handle.id, why="test"),
    "Operations.discard": lambda o: o.app.operations.discard(o.handle.id, why="test"),
    "Operations.drain_worker": lambda o: o.app.operations.drain_worker(o.app.worker.id, why="test"),
    "Operations.fork": lambda o: o.app.operations.fork(o.handle.id, "0"),
    "Operations.prune": lambda o: o.app.operations.prune(0.0, why="test"),
    "Operations.redact": lambda o: o.app.operations.redact(o.handle.id, why="test"),
    "Operations.repin": lambda o: o.app.operations.repin(o.handle.id, "1"),
    "Operations.repin_all": lambda o: o.app.operations.repin_all("ask", "1", "1"),
    "Operations.requeue": lambda o: o.app.operations.requeue(o.handle.id),
    "Operations.retain": lambda o: o.app.operations.retain(0.0, why="test"),
    "Operations.raise_budget": lambda o: o.app.operations.raise_budget(o.handle.id, usd=1.0, why="x"),
    "Operations.retry": lambda o: o.app.operations.retry(o.handle.id),
    "ProcessReports.actions": lambda o: o.app.reports.actions(),
    "ProcessReports.agents": lambda o: o.app.reports.agents(),
    "ProcessReports.audit": lambda o: o.app.reports.audit(run=o.handle.id),
    "ProcessReports.breakers": lambda o: o.app.reports.breakers(),
    "ProcessReports.budgets": lambda o: o.app.reports.budgets(),
    "ProcessReports.costs": lambda o: o.app.reports.costs(),
    "ProcessReports.dead_letter": lambda o: o.app.reports.dead_letter(o.handle.id),
    "ProcessReports.dead_letters": lambda o: o.app.reports.dead_letters(),
    "ProcessReports.export": lambda o: o.app.reports.export(),
    "ProcessReports.health": lambda o: o.app.reports.health(),
    "ProcessReports.incident": lambda o: o.app.reports.incident(o.handle.id),
    "ProcessReports.incidents": lambda o: o.app.reports.incidents(),
    "ProcessReports.noticed": lambda o: o.app.reports.noticed(),
    "ProcessReports.queues": lambda o: o.app.reports.queues(),
    "ProcessReports.threads": lambda o: o.app.reports.threads(),
    "ProcessReports.trust": lambda o: o.app.reports.trust("ask"),
    "ProcessReports.workers": lambda o: o.app.reports.workers(),
    "ProcessReports.workers_wanted": lambda o: o.app.reports.workers_wanted(),
    "ProcessReports.serving": lambda o: o.app.reports.serving(),
    "ProcessReports.unserved": lambda o: o.app.reports.unserved(o.handle.id),
    "ProcessReports.verify": lambda o: o.app.reports.verify(o.handle.id),
    "RunHandle.batches": lambda o: o.handle.batches(after=0),
    "RunHandle.cancel": lambda o: o.handle.cancel(),
    "RunHandle.degraded": lambda o: o.handle.degraded(),
    "RunHandle.end": lambda o: o.handle.end(),
    "RunHandle.facts": lambda o: o.handle.facts(),
    "RunHandle.rate": lambda o: o.handle.rate(1.0),
    "RunHandle.ratings": lambda o: o.handle.ratings(),
    "RunHandle.result": lambda o: o.handle.result(),
    "RunHandle.signal": lambda o: o.handle.signal("go"),
    "RunHandle.status": lambda o: o.handle.status(),
    "Events.batches": lambda o: o.app.events.batches(after=0, wanted=EventFilter()),
    "Events.last": lambda o: o.app.events.last(),
    "Events.stream": lambda o: o.app.events.stream(after=0),
    "RunHandle.stream": lambda o: o.handle.stream(),
    "Runs.call": lambda o: o.app.runs.call(o.handle.id, "0"),
    "Runs.facts": lambda o: o.app.runs.facts(o.handle.id),
    "Runs.generation": lambda o: o.app.runs.generation(o.handle.id),
    "Runs.get": lambda o: o.app.runs.get(o.handle.id),
    "Runs.list": lambda o: o.app.runs.list(),
    "Runs.messages": lambda o: o.app.runs.messages(o.handle.id),
    "Runs.tree": lambda o: o.app.runs.tree(o.handle.id),
}


async def used(use: Use, opened: Opened) -> None:
    """Do it: await it, or take its first item."""
    async with asyncio.timeout(120):
        found = use(opened)
        if isinstance(found, AsyncIterator):
            await anext(aiter(found), None)
        else:
            await found


async def opening(context: Any) -> Opened:
    app = await context.__aenter__()
    handle = await app.start(ask, "yes?")
    while not (waiting := (await app.inbox.list()).items):
        await asyncio.sleep(0)
    return Opened(app, handle, waiting[0].id)


def recorded(path: Path) -> list[str]:
    """Return all that the store holds, but for the beats of its workers."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if 'INTO "workers"' not in line]


def in_thread(work: Callable[[], object]) -> object:
    """Do something in another thread and return what came of it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_the_table_names_every_async_method() -> None:
    assert set(USES) == ALL


WAYS: dict[str, Callable[[asyncio.Runner, Use, Opened], object]] = {
    "another loop of the same thread": lambda other, use, opened: other.run(used(use, opened)),
    "a loop in another thread": lambda _, use, opened: in_thread(lambda: asyncio.run(used(use, opened))),
    "run_sync in another thread": lambda _, use, opened: in_thread(lambda: run_sync(used(use, opened))),
}


@pytest.mark.parametrize("way", WAYS)
def test_use_from_elsewhere_is_refused_before_anything_is_recorded(way: str, tmp_store: Path) -> None:
    with asyncio.Runner() as home, asyncio.Runner() as other:
        context = App.open(tmp_store, agents=[ask])
        opened = home.run(opening(context))
        before = recorded(tmp_store)
        for name, use in USES.items():
            with pytest.raises(WrongLoop, match=r"nothing was done.*run_coroutine_threadsafe.*app\.loop"):
                WAYS[way](other, use, opened)
            assert recorded(tmp_store) == before, name
        home.run(context.__aexit__(None, None, None))


async def test_use_of_a_closed_app_is_refused(tmp_store: Path) -> None:
    context = App.open(tmp_store, agents=[ask])
    opened = await opening(context)
    await context.__aexit__(None, None, None)
    before = recorded(tmp_store)
    for name, use in USES.items():
        with pytest.raises(UsageError, match="the app is closed"):
            await used(use, opened)
        assert recorded(tmp_store) == before, name


async def test_agents_are_not_registered_from_another_thread(tmp_store: Path) -> None:
    async with App.open(tmp_store) as app:
        with pytest.raises(WrongLoop, match="another thread"):
            await asyncio.to_thread(app.register, ask)
        assert not app.registry.knows("ask")


async def test_a_thread_runs_a_workflow_as_the_remedy_says(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:

        def work() -> str:
            return asyncio.run_coroutine_threadsafe(app.run(ask, "yes?"), app.loop).result()

        answer = asyncio.create_task(asyncio.to_thread(work))
        while not (waiting := (await app.inbox.list()).items):
            await asyncio.sleep(0)
        await app.inbox.answer(waiting[0].id, "from a thread")
        assert await answer == "from a thread"


async def test_a_workflow_is_started_in_the_same_loop_by_any_task(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app, asyncio.TaskGroup() as group:
        started = [group.create_task(app.start(ask, str(number))) for number in range(3)]
    assert len({(await each).id for each in started}) == 3


async def test_run_sync_inside_a_running_loop_is_one_clear_error() -> None:
    async def main() -> None: ...

    with pytest.raises(UsageError, match="inside an event loop: await the coroutine instead"):
        run_sync(main())


def test_run_sync_takes_a_coroutine_and_not_its_function() -> None:
    async def main() -> None: ...

    with pytest.raises(UsageError, match=r"run_sync\(main\(\)\)"):
        run_sync(main)  # pyright: ignore[reportArgumentType]  what is tested
