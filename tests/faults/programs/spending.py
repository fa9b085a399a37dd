"""Calls that cost two cents each, under a budget in which seven have room: a process that dies where it is told to.

The money is spent outside the store: a line of the witness is two cents that are gone. Runs that spend fast, and so
hold an escrow, have budgets of their own: `drips` buys for a cent, and once for twenty-five, until it is refused.
"""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App, Budget, Config, Context, agent, workflow
from podium.errors import CallRefused
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.budget import Allowance, BudgetSettings
from podium.model.json import Json
from podium.testing import Faults, Witness, die_at
from tests.faults.stores import address_in, store_in

GIVE_UP = 120.0
TENANTS = BudgetSettings(tenants={"acme": Allowance(usd=0.15, per="ever"), "fast": Allowance(usd=1.00, per="ever")})
LIMITS = {"shops": 0.15, "sends": 0.15, "drips": 0.35}


def parts(witness: Witness, faults: Faults) -> list[AnyAgent]:
    @agent(usd=0.02)
    async def buy(_: int) -> str:
        witness.saw("spent")
        await asyncio.sleep(0)
        return "bought"

    member: AnyAgent = faults.agent(buy)

    @workflow
    async def shops(ctx: Context, wanted: int) -> int:
        calls = (ctx.call(member, n) for n in range(wanted))
        return (await ctx.gather(*calls, return_exceptions=True)).count("bought")

    @workflow
    async def buys(ctx: Context, n: int) -> int:
        try:
            return int(await ctx.call(member, n) == "bought")
        except CallRefused:
            return 0

    @workflow
    async def sends(ctx: Context, children: int) -> int:
        runs = [await ctx.spawn(shops, 4, budget=Budget(usd=0.05)) for _ in range(children)]
        return sum([await run.result() for run in runs])

    return [shops, buys, sends, member, *fast_parts(witness, faults, member)]


def fast_parts(witness: Witness, faults: Faults, member: AnyAgent) -> list[AnyAgent]:
    @agent(usd=0.01)
    async def sip(_: int) -> str:
        witness.saw("cent")
        return "bought"

    @agent(usd=0.25)
    async def feast(_: int) -> str:
        witness.saw("feast")
        return "bought"

    small, large = faults.agent(sip), faults.agent(feast)

    @workflow
    async def drips(ctx: Context, most: int) -> int:
        for n in range(most):
            try:
                await ctx.call(large if n == 3 else small, n)
            except CallRefused:
                return n
        return most

    @workflow
    async def pours(ctx: Context, most: int) -> int:
        for n in range(most):
            try:
                await ctx.call(member, n)
            except CallRefused:
                return n
        return most

    return [drips, pours, small, large]


async def one_run(folder: Path, name: str, wanted: int, point: str | None) -> None:
    """One run with all calls at once, or with all child runs at once, under a budget of its own."""
    faults = die_at(point)
    store = faults.store(store_in(folder))
    agents = parts(Witness(folder / "witness"), faults)
    async with App.open(store, agents=agents, poll=0.02) as app, asyncio.timeout(GIVE_UP):
        handle: AnyHandle = await app.start(name, wanted, id="r", budget=Budget(usd=LIMITS[name]))
        bought: Json = await handle.result()
        [state] = (await app.reports.budgets(prefix="run:r")).items[:1]
        held = [each.id for each in await app.reports.budgets() if each.reserved]
        told = {"bought": bought, "spent": state.spent.usd, "held": held, "doubt": state.in_doubt}
        (folder / "result").write_text(json.dumps(told))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


async def many_runs(folder: Path, name: str, wanted: int) -> None:
    """One of two processes, each with half of the runs, that share the budget of a tenant."""
    agents = parts(Witness(folder / "witness"), die_at(None))
    config = Config(budgets=TENANTS, poll=0.02)
    async with App.open(address_in(folder), agents=agents, config=config) as app, asyncio.timeout(GIVE_UP):
        handles: list[AnyHandle] = [await app.start("buys", n, id=f"{name}{n}", tenant="acme") for n in range(wanted)]
        bought = sum([await handle.result() for handle in handles])
        (folder / name).write_text(json.dumps(bought))


async def fast_runs(folder: Path, name: str, wanted: int, point: str | None) -> None:
    """One of two processes whose runs spend fast from the budget of a tenant, until there is no more room."""
    faults = die_at(point)
    store = faults.store(store_in(folder))
    agents = parts(Witness(folder / "witness"), faults)
    config = Config(budgets=TENANTS, poll=0.02, lease=0.8)
    async with App.open(store, agents=agents, config=config) as app, asyncio.timeout(GIVE_UP):
        handles: list[AnyHandle] = [
            await app.start("pours", 100, id=f"{name}{n}", tag=f"{name}{n}", tenant="fast") for n in range(wanted)
        ]
        bought = sum([await handle.result() for handle in handles])
        (folder / name).write_text(json.dumps(bought))


def warm() -> None:
    """Run once: the children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(one_run(Path(folder), "sends", 2, None))


def main(folder: str, what: str, wanted: int, point: str | None = None) -> None:
    path = Path(folder)
    if what in LIMITS:
        asyncio.run(one_run(path, what, wanted, point))
    elif what.startswith("fast"):
        asyncio.run(fast_runs(path, what, wanted, point))
    else:
        asyncio.run(many_runs(path, what, wanted))
