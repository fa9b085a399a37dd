"""What was spent in conversations: each call counts for the innermost one in whose turn it was made."""

from collections.abc import Iterable
from typing import get_args

import pytest

from podium import App, Budget, Context, ConversationTurn, Principal, Steps, agent, workflow
from podium.errors import InvalidValue, RunFailed, UnknownConversation
from podium.model.agent import AnyAgent
from podium.model.cost import Cost, Dimension
from podium.model.json import Json
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench


@agent
async def bot(usd: float, steps: Steps) -> float:
    async def request() -> float:
        return usd

    def usage(value: Json) -> Usage:
        return Usage(model="small", input_tokens=10, output_tokens=5, requests=1, usd=value)

    return await steps.once("model", request, usage=usage)


@workflow
async def talk(ctx: Context, usd: float) -> float:
    return await ctx.call(bot, usd, conversation=ctx.conversation)


@workflow
async def inner(ctx: Context, _: Json) -> None:
    await ctx.call(bot, 0.25)
    await (await ctx.spawn(talk, 0.5)).result()
    await (await ctx.spawn(talk, 16.0, conversation="v")).result()


@workflow
async def desk(ctx: Context, _: Json) -> None:
    """Do things in the run's own conversation, if it has one, and in others, at several depths."""
    await ctx.call(bot, 1.0)
    await ctx.call(inner, None)
    await ctx.call(inner, None, conversation="w")
    await ctx.call(bot, 2.0, conversation="v")
    await (await ctx.spawn(inner, None)).result()
    await ctx.gather(ctx.call(bot, 4.0, conversation=ctx.conversation), ctx.call(bot, 8.0))


def priced(usd: float) -> AnyAgent:
    @agent(name=f"costs {usd}", usd=usd)
    async def each(_: Json) -> None: ...

    return each


PRICED = {usd: priced(usd) for usd in (0.1, 0.7, 0.03, 0.011)}


@workflow
async def pays(ctx: Context, usd: float) -> None:
    await ctx.call(PRICED[usd], None)
    await (await ctx.spawn(pays_again, usd)).result()
    if usd == 0.011:
        raise ValueError("no")


@workflow
async def pays_again(ctx: Context, usd: float) -> None:
    await ctx.call(PRICED[usd], None)


async def spent(app: App, tenant: str | None = None, conversation: str | None = None) -> dict[str, float]:
    found = await app.reports.costs(by="conversation", tenant=tenant, conversation=conversation)
    return {cost.part: cost.usd for cost in found}


OWN, OF_V, OF_W = 1.0 + 0.75 + 0.75 + 12.0, 3 * 16.0 + 2.0, 0.75


async def test_all_that_is_done_in_a_turn_counts_for_the_innermost_conversation(bench: Bench) -> None:
    async with bench.app(desk, talk) as app:
        await app.run(desk, conversation="u")
        assert await spent(app) == {"v": OF_V, "u": OWN, "w": OF_W}
        for name, usd in (("u", OWN), ("v", OF_V), ("w", OF_W)):
            assert await spent(app, conversation=name) == {name: usd}
            by_agent = {cost.part: cost.usd for cost in await app.reports.costs(by="agent", conversation=name)}
            assert {name: usd for name, usd in by_agent.items() if usd} == {"bot": usd}
        assert list(await app.reports.costs(by="agent", conversation="x")) == []


async def test_what_is_outside_of_conversations_is_apart(bench: Bench) -> None:
    async with bench.app(desk, talk) as app:
        await app.run(desk)
        assert await spent(app) == {"v": OF_V, "": OWN, "w": OF_W}


async def test_a_conversation_costs_what_the_books_of_its_runs_say(bench: Bench) -> None:
    async with bench.app(pays, pays_again) as app:
        runs = [await app.start(pays, usd, conversation="u", budget=Budget(usd=5)) for usd in PRICED]
        for run in runs[:-1]:
            await run.result()
        with pytest.raises(RunFailed):
            await runs[-1].result()
        books = {each.id: each.spent.usd for each in await app.reports.budgets(prefix="run:")}
        [cost] = await app.reports.costs(by="conversation")
        assert round(cost.usd * 1e9) == sum(books[f"run:{run.id}"] for run in runs) > 0
        assert (cost.part, cost.calls, cost.runs, cost.done) == ("u", 8, 4, 3)


async def test_forks_say_their_own_alone(bench: Bench) -> None:
    async with bench.app(talk, desk) as app:
        await app.run(talk, 1.0, conversation="u")
        await app.conversations.fork("u", "w")
        await app.run(talk, 2.0, conversation="w")
        assert await spent(app) == {"w": 2.0, "u": 1.0}


async def test_a_turn_that_went_on_in_a_fork_counts_there(bench: Bench) -> None:
    @workflow
    async def holds(ctx: Context, _: Json) -> None:
        await ctx.signal("go")

    async with bench.app(talk, holds) as app:
        run = await app.start(holds, conversation="u")
        await bench.clock.settle()
        await app.run(talk, 2.0, conversation=ConversationTurn("u", busy="fork"))
        await run.signal("go")
        await run.result()
        [name] = await spent(app)
        assert name.startswith("u~")


async def test_a_run_that_is_called_as_if_it_were_a_child_is_none(bench: Bench) -> None:
    async with bench.app(talk) as app:
        await app.run(talk, 1.0, id="r", conversation="u")
        await app.run(talk, 2.0, id="r.0")
        assert await spent(app) == {"": 2.0, "u": 1.0}


async def test_tenants_and_conversations_of_the_same_name_are_apart(bench: Bench) -> None:
    async with bench.app(talk) as app:
        for tenant, usd in (("a", 1.0), ("b", 2.0)):
            await app.run(talk, usd, tenant=tenant, conversation="u")
        assert await spent(app, tenant="a", conversation="u") == {"u": 1.0}
        await app.conversations.delete("u", tenant="b")
        await app.run(talk, 4.0, tenant="b", conversation="u")
        await app.run(talk, 4.0)
        rows = [(4.0, "", None), (4.0, "u", "b"), (2.0, "u", "b"), (1.0, "u", "a")]
        found = await app.reports.costs(by="conversation")
        assert [(each.usd, each.part, each.tenant) for each in found] == rows
        assert len({each.conversation for each in found}) == len(rows)
        pages, cursor = list[Cost](), None
        for _ in rows:
            page = await app.reports.costs(by="conversation", limit=1, cursor=cursor)
            pages, cursor = [*pages, *page], page.cursor
        assert (pages, cursor) == (list(found), None)
        there = await app.reports.costs(by="conversation", conversation="u")
        assert [(each.usd, each.tenant) for each in there] == [(4.0, "b"), (1.0, "a")]
        assert await spent(app, tenant="b", conversation="u") == {"u": 4.0}


async def test_conversations_of_several_tenants_are_not_added_up(bench: Bench) -> None:
    async with bench.app(talk) as app:
        for tenant in ("a", "b"):
            await app.run(talk, 1.0, tenant=tenant, conversation="u")
        for by in get_args(Dimension):
            asked = app.reports.costs(by=by, conversation="u")
            if by in ("tenant", "conversation"):
                assert len(await asked) == 2
                continue
            with pytest.raises(InvalidValue, match="tenants 'a', 'b' have a conversation 'u' each"):
                await asked
            [*_, cost] = await app.reports.costs(by=by, conversation="u", tenant="a")
            user = app.scoped(Principal(who="ann", tenant="a", roles=frozenset({"operator"})))
            assert [*await user.reports.costs(by=by, conversation="u")][-1] == cost
        with pytest.raises(UnknownConversation, match="there is one in 'a', 'b': say `tenant`"):
            await app.conversations.get("u")


@pytest.mark.parametrize("name", ["job.1", "job.0.start", "job.", "job-1", "job/1", "jobs", "job.0.0"])
async def test_a_run_that_is_called_as_a_part_of_another_costs_its_own(bench: Bench, name: str) -> None:
    @workflow
    async def parent(ctx: Context, _: Json) -> None:
        await (await ctx.spawn(talk, 1.0, conversation="u")).result()

    async with bench.app(parent, talk) as app:
        await app.run(talk, 2.0, id=name, conversation="w")
        await app.run(parent, id="job")
        for run in ("job", name):
            assert by_run(await app.reports.costs(by="run", run=run)) == {run: {"job": 1.0, name: 2.0}[run]}
        assert await spent(app, conversation="u") == {"u": 1.0}


def by_run(found: Iterable[Cost]) -> dict[str, float]:
    return {each.part: each.usd for each in found}


async def test_generations_of_a_run_are_in_the_turn_that_it_has(bench: Bench) -> None:
    @workflow
    async def again(ctx: Context, left: int) -> None:
        await ctx.call(bot, 1.0)
        if left:
            await ctx.restart(left - 1)

    async with bench.app(again) as app:
        await app.run(again, 2, conversation="u")
        assert await spent(app) == {"u": 3.0}
