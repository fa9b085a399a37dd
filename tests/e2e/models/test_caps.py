"""How long an answer may be under a budget where nobody says so, over real HTTP."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import models
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import App, Budget, Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import CallRefused, RunFailed
from podium.model.budget import LEAST_OUTPUT, PER_USD, SIDE_BY_SIDE, USUAL_OUTPUT, Allowance, BudgetSettings
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.prices import Rate
from tests.e2e.models.scripted import USAGE, Reply, Server, serving

PATIENCE = 180.0
GOOD = Reply(text="The whole contract.")
CUT = Reply(text="The party shall not", finish="length")
LONGEST = 64_000
CLAUDE = {"profile": {"anthropic_max_output_tokens": LONGEST}}
"""A model of which it is known how much it can write, as Pydantic AI knows it of Claude."""
UNKNOWN = {"profile": {"context_window": None}}
RATE = Rate(2.5, 10.0)
DAY = BudgetSettings(day=Allowance(usd=10.0))
FREE = BudgetSettings()


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


def writer(server: Server, model: Any, **options: Any) -> Any:
    provider = OpenAIProvider(base_url=server.url, api_key="none")
    named: Any = OpenAIChatModel("gpt-4o", provider=provider, **model)
    return llm_agent("writer", model=named, instructions="Write.", rates={"gpt-4o": RATE}, **options)


async def sent(
    model: Any, budget: Budget | None, *, budgets: BudgetSettings | None = None, **options: Any
) -> tuple[list[int | None], int]:
    """Have a contract written; returns the `max_tokens` that were sent, and what was set aside first."""
    with serving({"gpt-4o": lambda asked, n: GOOD}) as server:
        bot = writer(server, model, **options)

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(":memory:", budgets=budgets or BudgetSettings()) as opened, asyncio.timeout(PATIENCE):
            handle = await opened.start(flow, budget=budget)
            await handle.result()
            aside = [fact.body["usd"] for fact in await handle.facts() if fact.kind.name == "RESERVED"]
    return [asked.get("max_completion_tokens") for asked in server.asked], aside[0] if aside else 0


async def test_an_answer_is_as_long_as_the_model_can_write_where_that_leaves_room_for_others() -> None:
    limits, aside = await sent(CLAUDE, Budget(usd=100.0))
    assert (limits, aside < 100 * PER_USD // SIDE_BY_SIDE) == ([None], True)
    assert aside > LONGEST * RATE.output * 1_000


async def test_so_it_is_where_only_the_size_of_its_context_is_known() -> None:
    limits, aside = await sent({}, Budget(usd=100.0))
    assert limits == [None]
    assert aside > 128_000 * RATE.output * 1_000


async def test_it_is_a_share_of_the_budget_where_it_is_known_what_the_model_takes() -> None:
    (limit,), aside = await sent(CLAUDE, Budget(usd=2.0))
    assert limit is not None
    assert USUAL_OUTPUT < limit < LONGEST
    assert 0.97 * 2 * PER_USD / SIDE_BY_SIDE < aside <= 2 * PER_USD / SIDE_BY_SIDE


@pytest.mark.parametrize("model", [{}, UNKNOWN, CLAUDE])
async def test_it_is_the_usual_length_where_a_share_is_less(model: Any) -> None:
    assert (await sent(model, Budget(usd=0.5)))[0] == [USUAL_OUTPUT]


@pytest.mark.parametrize("model", [{}, UNKNOWN, CLAUDE])
async def test_it_is_what_is_left_where_that_is_less(model: Any) -> None:
    (limit,), aside = await sent(model, Budget(usd=0.03))
    assert limit is not None
    assert LEAST_OUTPUT < limit < USUAL_OUTPUT
    assert 0.97 * 0.03 * PER_USD < aside <= 0.03 * PER_USD


async def test_the_tightest_of_several_budgets_counts() -> None:
    both = BudgetSettings(day=Allowance(usd=2.0))
    assert await sent(CLAUDE, Budget(usd=100.0), budgets=both) == await sent(CLAUDE, Budget(usd=2.0))
    (limit,), _ = await sent(CLAUDE, Budget(usd=100.0), limit=Limit(tokens=200_000))
    assert limit is not None
    assert USUAL_OUTPUT < limit < 200_000 / SIDE_BY_SIDE


@pytest.mark.parametrize("model", [{}, UNKNOWN, CLAUDE])
@pytest.mark.parametrize(
    ("budget", "budgets"),
    [
        (None, FREE),
        (Budget(calls=5), FREE),
        (Budget(seconds=60, depth=3, fan_out=3), FREE),
        (None, BudgetSettings(day=Allowance(calls=5))),
        (None, BudgetSettings(tenants={"somebody else": Allowance(usd=5.0)})),
    ],
)
async def test_nothing_is_capped_that_nothing_bounds_in_money_or_tokens(
    model: Any, budget: Budget | None, budgets: BudgetSettings
) -> None:
    assert await sent(model, budget, budgets=budgets) == ([None], 0)


@pytest.mark.parametrize("budget", [None, Budget(usd=5.0)])
async def test_members_that_all_set_their_own_keep_it(budget: Budget | None) -> None:
    def down(asked: Json, n: int) -> Reply:
        return Reply(status=503)

    with serving({"gpt-4o": down, "gpt-4o-mini": lambda asked, n: GOOD}) as server:
        provider = OpenAIProvider(base_url=server.url, api_key="none")
        one, two = (
            OpenAIChatModel(name, provider=provider, settings={"max_tokens": most})
            for name, most in (("gpt-4o", 77), ("gpt-4o-mini", 88))
        )
        rates = {"gpt-4o": RATE, "gpt-4o-mini": RATE}
        bot: Any = llm_agent("writer", model=FallbackModel(one, two), instructions="Write.", rates=rates)

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(":memory:") as app, asyncio.timeout(PATIENCE):
            assert await app.run(flow, budget=budget) == GOOD.text
    assert [asked.get("max_completion_tokens") for asked in server.asked] == [77, 88]


async def test_a_limit_on_tokens_caps_by_itself() -> None:
    (limit,), _ = await sent(CLAUDE, Budget(calls=5), limit=Limit(tokens=200_000))
    assert limit is not None
    assert USUAL_OUTPUT < limit < 200_000 / SIDE_BY_SIDE


@pytest.mark.parametrize("model", [{}, UNKNOWN, CLAUDE])
@pytest.mark.parametrize("dollars", [1.0, 5.0, 30.0])
async def test_twenty_calls_side_by_side_are_not_refused(model: Any, dollars: float) -> None:
    waiting = asyncio.Event()
    loop, came = asyncio.get_running_loop(), list[int]()

    def together(asked: Json, n: int) -> Reply:
        came.append(n)
        if len(came) == SIDE_BY_SIDE:
            loop.call_soon_threadsafe(waiting.set)
        asyncio.run_coroutine_threadsafe(waiting.wait(), loop).result(PATIENCE)
        return GOOD

    with serving({"gpt-4o": together}) as server:
        bot = writer(server, model)

        @workflow
        async def flow(ctx: Context) -> list[Any]:
            found = await ctx.map(bot, ["The contract."] * SIDE_BY_SIDE, return_exceptions=True)
            return [each.rule if isinstance(each, CallRefused) else each for each in found]

        async with App.open(":memory:") as app, asyncio.timeout(PATIENCE):
            assert set(await app.run(flow, budget=Budget(usd=dollars))) == {GOOD.text}


@pytest.mark.parametrize(
    ("model", "usd", "tokens"), [(CLAUDE, 2.0, r"9\d\d\d"), (UNKNOWN, 1.0, "4096"), (UNKNOWN, 0.03, r"2\d\d\d")]
)
async def test_being_cut_says_where_and_by_which_budget(model: Any, usd: float, tokens: str) -> None:
    with serving({"gpt-4o": lambda asked, n: CUT}) as server:
        bot = writer(server, model)

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(":memory:") as app:
            with pytest.raises(RunFailed) as failed:
                await app.run(flow, budget=Budget(usd=usd))
    assert re.search(rf"cut at {tokens} tokens, which budget run:run_\w+ allows where no max_tokens", str(failed.value))


async def test_being_cut_at_its_own_maximum_is_not_blamed_on_a_budget() -> None:
    with serving({"gpt-4o": lambda asked, n: CUT}) as server:
        bot = writer(server, CLAUDE)

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(":memory:") as app:
            with pytest.raises(RunFailed, match="was cut at the model's own limit: raise max_tokens"):
                await app.run(flow, budget=Budget(usd=100.0))


@pytest.mark.parametrize(
    ("budget", "before", "after"), [(10.0, FREE, FREE), (None, FREE, DAY), (None, DAY, FREE), (None, FREE, FREE)]
)
async def test_what_cut_an_answer_is_the_same_in_a_replay_whatever_budget_there_is_then(
    tmp_path: Path, budget: float | None, before: BudgetSettings, after: BudgetSettings
) -> None:
    replies = [CUT, CUT, GOOD]
    with serving({"gpt-4o": lambda asked, n: replies[min(n, 2)]}) as server:
        server.held = ("gpt-4o", 2)

        def flow() -> Any:
            bot = writer(server, CLAUDE, unfinished="more")

            @workflow(name="contracts")
            async def contracts(ctx: Context) -> str:
                return await ctx.call(bot, "The contract.")

            return contracts

        async with App.open(tmp_path / "a.db", agents=[flow()], grace=0, budgets=before) as app:
            run = (await app.start("contracts", budget=None if budget is None else Budget(usd=budget))).id
            assert await asyncio.to_thread(server.holding.wait, PATIENCE)
        async with App.open(tmp_path / "a.db", agents=[flow()], budgets=after) as app, asyncio.timeout(PATIENCE):
            assert await (await app.handle(run)).result() == GOOD.text
    first, *others = [asked.get("max_completion_tokens") for asked in server.asked]
    capped = budget is not None or before is DAY
    assert (first is not None and first > USUAL_OUTPUT) is capped
    assert others[0] == 2 * (first or USAGE["completion_tokens"])
    assert others == [others[0], 2 * others[0], 2 * others[0]]
