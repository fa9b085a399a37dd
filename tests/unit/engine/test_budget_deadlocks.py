"""Trees of runs that share budgets, and wait for each other in them: all end, however they hold and want money."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Budget, Config, Context, Steps, agent, workflow
from podium.errors import CallRefused, RunFailed
from podium.model.budget import PER_USD, Allowance, Bound, BudgetSettings
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.step import CACHE_STEP
from tests.examples import examples
from tests.unit.engine.bench import Bench

CENT = PER_USD // 100
_HANGS = 30.0
"""Real seconds after which a tree is taken to hang; the clock of its waits is not driven meanwhile."""

AMOUNT = st.integers(1, 60)
REQUEST = st.fixed_dictionaries({"bound": AMOUNT, "part": st.sampled_from([0.0, 0.1, 0.5, 1.0])})
HOLDER = st.fixed_dictionaries(
    {"holds": st.sampled_from([10, 30, 50]), "inside": st.lists(REQUEST, min_size=1, max_size=2)}
)
SHARE = st.none() | st.fixed_dictionaries({"usd": AMOUNT}) | st.fixed_dictionaries({"calls": st.integers(1, 3)})


def children(below: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"share": SHARE, "parts": st.lists(below, min_size=1, max_size=4)})


TREE = children(st.recursive(REQUEST | HOLDER, children, max_leaves=8))


@dataclass
class Refusal:
    budget: str
    cents: int


class Bank:
    """Agents and workflows that do what a tree says, and what was really spent, counted here."""

    def __init__(self) -> None:
        self.spent = 0
        self.refused: list[Refusal] = []
        self.holders = {cents: self._holder(cents) for cents in (10, 30, 50)}

        @agent
        async def asks(wanted: Json, steps: Steps) -> None:
            await self._ask(steps, wanted, "model")

        async def do(ctx: Context, part: Json) -> None:
            member = self.holders[part["holds"]] if "holds" in part else asks
            try:
                await (self._send(ctx, part) if "parts" in part else ctx.call(member, part))
            except CallRefused as error:
                if "bound" in part:
                    self.refused.append(Refusal(error.rule.removeprefix("budget:"), part["bound"]))
            except RunFailed:
                pass

        @workflow(name="tree")
        async def run(ctx: Context, node: Json) -> None:
            await ctx.gather(*(ctx.branch(do, part) for part in node["parts"]))

        self.run: Any = run

    def _holder(self, cents: int) -> Any:
        """Return an agent that holds its price while it wants more inside."""

        @agent(usd=cents / 100, name=f"holds{cents}")
        async def holds(wanted: Json, steps: Steps) -> None:
            for each in wanted["inside"]:  # that names a step which is not in the price
                await self._ask(steps, each, CACHE_STEP)
            self.spent += cents

        return holds

    async def _send(self, ctx: Context, part: Json) -> None:
        share = part["share"]
        budget = None if share is None else Budget(**_dollars(share))
        await (await ctx.spawn(self.run, part, budget=budget)).result()

    async def _ask(self, steps: Steps, wanted: Json, name: str) -> None:
        async def request() -> Json:
            for _ in range(wanted["bound"] % 3):
                await asyncio.sleep(0)
            cents = int(wanted["bound"] * wanted["part"])
            self.spent += cents
            return cents

        def usage(cents: Json) -> Usage:
            return Usage(model="m", usd=cents / 100)

        await steps.once(name, request, input=wanted, usage=usage, bound=Bound(usd=wanted["bound"] / 100))


def _dollars(share: Json) -> dict[str, Any]:
    return {"usd": share["usd"] / 100} if "usd" in share else dict(share)


def _has(node: Json, what: str) -> bool:
    return any(what in part or ("parts" in part and (part["share"] or _has(part, what))) for part in node["parts"])


@settings(max_examples=examples(60), deadline=None)
@given(
    tree=TREE, own=st.none() | st.integers(20, 120), calls=st.none() | st.integers(2, 12),
    tenant=st.integers(30, 150), workers=st.sampled_from([1, 1, 2]),
)  # fmt: skip
def test_every_tree_ends_with_nothing_set_aside_and_no_more_spent_than_there_was(
    tree: Json, own: int | None, calls: int | None, tenant: int, workers: int
) -> None:
    asyncio.run(_try(tree, own, calls, tenant, workers))


async def _try(tree: Json, own: int | None, calls: int | None, tenant: int, workers: int) -> None:
    bank, allowed = Bank(), {"acme": Allowance(usd=tenant / 100, per="ever")}
    config = Config(budgets=BudgetSettings(tenants=allowed), poll=0.005)
    budget = Budget(usd=None if own is None else own / 100, calls=calls)
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        async with AsyncExitStack() as stack:
            members = [bank.run, *bank.holders.values()]
            apps = [await stack.enter_async_context(bench.app(*members, config=config)) for _ in range(workers)]
            handles = [
                await app.start(bank.run, tree, tenant="acme", budget=budget if own or calls else None) for app in apps
            ]
            async with asyncio.timeout(_HANGS):
                for handle in handles:
                    await handle.result()
            states = {state.id: state for state in await apps[0].reports.budgets()}
    for state in states.values():
        assert not state.reserved, state
        limits, spent = state.limits, state.spent
        assert limits.usd is None or spent.usd <= limits.usd
        assert limits.calls is None or spent.calls <= limits.calls
    assert bank.spent <= tenant
    if not _has(tree, "holds") and calls is None and not any(part.get("share") for part in tree["parts"]):
        for each in bank.refused:  # nothing stayed set aside: it was refused for what was settled by then
            state = states[each.budget]
            assert state.spent.usd + each.cents * CENT > (state.limits.usd or 0), each
