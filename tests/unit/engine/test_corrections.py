"""An operator gives back what counts as spent, in doubt, and was not: budgets and costs agree on it."""

from contextlib import suppress

import pytest

from podium import App, Budget, Context, Principal, agent, workflow
from podium.errors import CallFailed, NotAllowed, NotPossible, UnknownRun, UsageError
from podium.model.budget import PER_USD, Allowance, BudgetSettings
from podium.model.facts.notices import DoubtCorrected
from podium.model.json import Json
from podium.model.run import Run
from podium.store.protocol import Page, RunQuery
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

SHARED = BudgetSettings(tenants={"*": Allowance(usd=100.0, per="ever")}, day=Allowance(usd=100.0))


@agent(usd=0.5)
async def breaks(_: Json) -> str:
    raise ValueError("what?")


@agent(usd=0.25)
async def works(_: Json) -> str:
    return "done"


@workflow
async def tries(ctx: Context, n: int) -> None:
    await ctx.call(works, None)
    for _ in range(n):
        with suppress(CallFailed):
            await ctx.call(breaks, None)


@workflow
async def family(ctx: Context, n: int) -> None:
    await (await ctx.spawn(tries, n, budget=Budget(usd=5.0))).result()
    await ctx.call(tries, n)


async def booked(app: App) -> dict[str, tuple[float, float]]:
    """Return what each budget has spent, and of that in doubt; what costs say is the same as that of the day."""
    states = (await app.reports.budgets()).items
    assert not any(each.reserved for each in states)
    found = {each.id.split("/")[0]: (each.spent.usd / PER_USD, each.in_doubt / PER_USD) for each in states}
    for by in ("agent", "run", "tenant", "day", "model", "workflow"):
        costs = (await app.reports.costs(by=by)).items
        doubt = sum(each.in_doubt for each in costs)
        assert (pytest.approx(sum(each.usd for each in costs) + doubt), pytest.approx(doubt)) == found["day"], by
    return found


async def test_what_is_given_back_is_given_back_in_all_budgets_and_in_the_costs(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 2, budget=Budget(usd=10.0))
        await handle.result()
        before = await booked(app)
        assert before == dict.fromkeys([f"run:{handle.id}", "tenant:default", "day"], (1.25, 1.0))
        assert await app.operations.correct_budgets(handle.id, usd=0.75, why="not on the invoice", by="ann") == 0.75
        assert await booked(app) == dict.fromkeys(before, (0.5, 0.25))
        [cost] = [each for each in await app.reports.costs(by="agent", run=handle.id) if each.part == "breaks"]
        assert (cost.usd, cost.in_doubt) == (0.0, 0.25)
        assert await app.operations.correct_budgets(handle.id, why="the rest") == 0.25
        assert await booked(app) == dict.fromkeys(before, (0.25, 0.0))
        with pytest.raises(NotPossible, match=r"has \$0 in doubt: no more can be given back"):
            await app.operations.correct_budgets(handle.id, why="again")
        assert await app.reports.verify(f"{handle.id}.correction.0") == []


async def test_nothing_is_in_doubt_once_all_of_it_was_given_back_part_by_part(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 2)
        await handle.result()
        for usd in (1e-9, 0.1, 0.6, None):
            await app.operations.correct_budgets(handle.id, usd=usd, why="not on the invoice")
        for by in ("agent", "run", "tenant", "day", "workflow"):
            assert [str(each.in_doubt) for each in await app.reports.costs(by=by)] == ["0.0"] * (1 + (by == "agent")), (
                by
            )


async def test_no_more_is_given_back_than_is_in_doubt(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 1)
        await handle.result()
        before = await booked(app)
        with pytest.raises(NotPossible, match=r"has \$0\.5 in doubt"):
            await app.operations.correct_budgets(handle.id, usd=0.51, why="too much")
        with pytest.raises(NotPossible, match=r"call 0 of run .* has \$0 in doubt"):
            await app.operations.correct_budgets(handle.id, key="0", why="it was told")
        with pytest.raises(UsageError, match="more than 0"):
            await app.operations.correct_budgets(handle.id, usd=0.0, why="nothing")
        assert await booked(app) == before
        assert await app.operations.correct_budgets(handle.id, key="1", why="it was not") == 0.5


async def test_what_a_child_run_gives_back_is_given_back_where_its_budget_was_carved_from(bench: Bench) -> None:
    async with bench.app(family, tries, budgets=SHARED) as app:
        handle = await app.start(family, 2, budget=Budget(usd=10.0))
        await handle.result()
        child = f"{handle.id}.0"
        above = (f"run:{handle.id}", "tenant:default", "day")
        assert await booked(app) == {**dict.fromkeys(above, (2.5, 2.0)), f"run:{child}": (1.25, 1.0)}
        await app.operations.correct_budgets(child, usd=0.25, why="a part")
        await app.operations.correct_budgets(handle.id, why="all of it")
        assert await booked(app) == {**dict.fromkeys(above, (0.5, 0.0)), f"run:{child}": (0.25, 0.0)}
        with pytest.raises(NotPossible):
            await app.operations.correct_budgets(child, why="again")


async def test_who_gave_back_and_why_is_recorded(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 1)
        await handle.result()
        await app.operations.correct_budgets(handle.id, why="not on the invoice", by="ann")
        [record] = (await app.runs.list(parent=handle.id)).items
        facts = await app.runs.facts(record.id)
    assert (record.workflow, record.principal, record.state) == ("podium.budget.correct", "ann", "done")
    [said] = [each.content for each in facts if isinstance(each.content, DoubtCorrected)]
    assert said == DoubtCorrected(run=handle.id, usd=PER_USD // 2, by="ann", why="not on the invoice")


async def test_only_an_operator_of_the_tenant_gives_back(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 1, tenant="acme", principal="bob")
        await handle.result()
        with pytest.raises(NotAllowed, match="operator"):
            await app.scoped(Principal(who="bob", tenant="acme")).operations.correct_budgets(handle.id, why="mine")
        with pytest.raises(UnknownRun):
            await app.scoped(Principal(who="eve", tenant="other", roles={"operator"})).operations.correct_budgets(
                handle.id, why="theirs"
            )
        olga = app.scoped(Principal(who="olga", tenant="acme", roles={"operator"}))
        assert await olga.operations.correct_budgets(handle.id, why="not sent") == 0.5


async def test_only_corrections_of_its_own_family_are_looked_at(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        runs = [await app.start(tries, 1) for _ in range(6)]
        for run in runs:
            await run.result()
        store, read = app.worker.store, list[str]()

        async def listed(query: RunQuery) -> Page[Run]:
            page = await SqliteStore.runs(store, query)  # pyright: ignore[reportArgumentType] - it is one
            read.extend(each.id for each in page.items)
            return page

        store.runs = listed
        for run in runs:
            await app.operations.correct_budgets(run.id, usd=0.25, why="not on the invoice")
        assert len(read) == 0
        for run in runs:
            await app.operations.correct_budgets(run.id, usd=0.125, why="nor this")
        assert len(read) == 3 * len(runs)


async def test_what_was_given_back_above_and_below_counts(bench: Bench) -> None:
    async with bench.app(family, tries, budgets=SHARED) as app:
        handle = await app.start(family, 1, budget=Budget(usd=10.0))
        await handle.result()
        child = f"{handle.id}.0"
        assert await app.operations.correct_budgets(handle.id, usd=0.75, why="once") == 0.75
        assert await app.operations.correct_budgets(child, why="its rest") == 0.25
        for run in (child, handle.id):
            with pytest.raises(NotPossible, match=r"has \$0 in doubt"):
                await app.operations.correct_budgets(run, why="again")


async def test_what_only_records_a_change_is_not_forked(bench: Bench) -> None:
    async with bench.app(tries, budgets=SHARED) as app:
        handle = await app.start(tries, 1)
        await handle.result()
        await app.operations.correct_budgets(handle.id, why="not on the invoice")
        with pytest.raises(NotPossible, match=r"only records what an operator changed \(podium.budget.correct\)"):
            await app.operations.fork(f"{handle.id}.correction.0", "0")
