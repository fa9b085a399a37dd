"""What the roles of a principal let do inside the own tenant."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from podium import App, Context, Principal, workflow
from podium.errors import AlreadyAnswered, NotAllowed, UnknownQuestion, UnknownRun, UsageError
from podium.facade.scoped import ScopedApp
from podium.model.question import QuestionState


@workflow
async def ask(ctx: Context, to: str) -> str:
    return await ctx.ask("yes?", answer=str, to=to)


@workflow
async def both(ctx: Context, to: str) -> list[str]:
    return cast("list[str]", await ctx.ask("yes?", answer=str, to=to, quorum=2))


def user(app: App, who: str, *roles: str) -> ScopedApp:
    return app.scoped(Principal(who=who, tenant="acme", roles=set(roles)))


async def asked(app: App, run: str) -> str:
    while not (waiting := (await app.inbox.list(run=run)).items):
        await asyncio.sleep(0)
    return waiting[0].id


OPERATIONS: dict[str, Callable[[ScopedApp, str], Awaitable[object]]] = {
    "discard": lambda app, run: app.operations.discard(run, why="test"),
    "fork": lambda app, run: app.operations.fork(run, "0"),
    "prune": lambda app, _: app.operations.prune(0.0, why="test"),
    "redact": lambda app, run: app.operations.redact(run, why="test"),
    "repin": lambda app, run: app.operations.repin(run, "1"),
    "repin_all": lambda app, _: app.operations.repin_all("ask", "1", "1"),
    "requeue": lambda app, run: app.operations.requeue(run),
    "retain": lambda app, _: app.operations.retain(0.0, why="test"),
    "retry": lambda app, run: app.operations.retry(run),
}


async def test_operations_take_an_operator_whichever_run_it_is(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        own = await user(app, "ann").start(ask, "anyone")
        for roles in ((), ("viewer",), ("editors",)):
            for use in OPERATIONS.values():
                for run in (own.id, "no-such-run"):
                    with pytest.raises(NotAllowed, match="takes the role 'operator'"):
                        await use(user(app, "ann", *roles), run)


ANSWERS = [
    ((), "anyone", True),
    ((), "ann", True),
    ((), "editors", False),
    (("editors",), "editors", True),
    (("editors",), "lawyers", False),
    (("operator",), "lawyers", True),
    (("viewer",), "anyone", False),
    (("viewer", "editors"), "editors", True),
    (("viewer", "editors"), "lawyers", False),
]
"""Roles, whom a question is put to, and whether those who have them may answer it."""


async def test_a_question_is_answered_by_whom_it_is_put_to(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        for roles, to, answers in ANSWERS:
            run = await user(app, "ann").start(ask, to)
            question = await asked(app, run.id)
            ann = user(app, "ann", *roles)
            if answers:
                await ann.inbox.answer(question, "yes")
                assert await run.result() == "yes"
            else:
                with pytest.raises(NotAllowed):
                    await ann.inbox.answer(question, "yes")
                assert (await app.inbox.get(question)).state is QuestionState.OPEN


SEEN = [
    ("ann", (), {"bob", "ann", "anyone", "editors"}),  # bob's question is of her run
    ("bob", (), {"bob", "anyone"}),
    ("eve", (), {"anyone"}),
    ("eve", ("editors",), {"anyone", "editors"}),
    ("eve", ("viewer",), {"bob", "ann", "anyone", "editors"}),
    ("eve", ("operator",), {"bob", "ann", "anyone", "editors"}),
]
"""Who it is, in which roles, and whom the questions that are shown are put to."""


async def test_the_inbox_shows_what_is_put_to_one_and_what_own_runs_ask(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        for to in ("bob", "ann", "anyone", "editors"):
            await asked(app, (await user(app, "ann").start(ask, to)).id)
        for who, roles, seen in SEEN:
            mine = user(app, who, *roles)
            first = await mine.inbox.list(limit=1)
            rest = await mine.inbox.list(cursor=first.cursor) if first.cursor else None
            listed = [*first.items, *(rest.items if rest else ())]
            assert len(first.items) == 1
            assert sorted(each.ask.to for each in listed) == sorted(seen)
            for each in (await app.inbox.list()).items:
                if each.ask.to in seen:
                    assert (await mine.inbox.get(each.id)).id == each.id
                else:
                    with pytest.raises(UnknownQuestion):
                        await mine.inbox.get(each.id)


async def test_nobody_answers_in_the_name_of_another_to_fill_a_quorum(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[both]) as app:
        run = await user(app, "ann").start(both, "anyone")
        question = await asked(app, run.id)
        ann = user(app, "ann")
        await ann.inbox.answer(question, "yes")
        with pytest.raises(NotAllowed, match="in the name of 'bob'"):
            await ann.inbox.answer(question, "yes", by="bob")
        with pytest.raises(AlreadyAnswered):
            await ann.inbox.answer(question, "no")
        await app.inbox.answer(question, "yes", by="bob")
        assert await run.result() == ["yes", "yes"]


async def test_without_a_role_one_sees_and_stops_only_ones_own_runs(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        anns = await user(app, "ann").start(ask, "nobody-is-called-so")
        bob = user(app, "bob")
        assert (await bob.runs.list()).items == ()
        with pytest.raises(UnknownRun):
            await bob.handle(anns.id)
        assert [run.id for run in (await user(app, "ann").runs.list()).items] == [anns.id]
        assert await (await user(app, "ann").handle(anns.id)).cancel()


@pytest.mark.parametrize("use", ["start", "cancel", "signal"])
async def test_a_viewer_sees_everything_and_changes_nothing(use: str, tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        anns = await user(app, "ann").start(ask, "anyone")
        eve = user(app, "eve", "viewer")
        handle = await eve.handle(anns.id)
        assert [run.id for run in (await eve.runs.list()).items] == [anns.id]
        facts = await handle.facts()
        with pytest.raises(NotAllowed):
            await {
                "start": lambda: eve.start(ask, "x"),
                "cancel": handle.cancel,
                "signal": lambda: handle.signal("go"),
            }[use]()
        assert len(await handle.facts()) == len(facts)
        assert len((await app.runs.list()).items) == 1


async def test_a_viewer_with_another_role_does_not_steer_runs_of_others(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        anns = await user(app, "ann").start(ask, "anyone")
        handle = await user(app, "eve", "viewer", "editors").handle(anns.id)
        with pytest.raises(NotAllowed, match="somebody else"):
            await handle.cancel()
        assert await (await user(app, "olga", "operator").handle(anns.id)).cancel()


async def test_the_app_itself_is_its_operator_and_says_who_acts(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[ask]) as app:
        run = await app.start(ask, "editors", tenant="acme", principal="ann")
        await app.inbox.answer(await asked(app, run.id), "yes", by="carl")
        assert await run.result() == "yes"
        stands = await run.status()
        assert (stands.tenant, stands.principal) == ("acme", "ann")


async def test_nobody_is_called_like_a_delegation(tmp_store: Path) -> None:
    async with App.open(tmp_store) as app:
        with pytest.raises(UsageError, match="delegations"):
            app.scoped(Principal(who="delegation:dlg-1", tenant="acme"))
