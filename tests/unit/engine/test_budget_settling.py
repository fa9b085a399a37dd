"""What is settled when a call does not end with an answer, and what is no price and no bound."""

import asyncio
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from podium import Budget, Retry, Steps, agent
from podium.config import load_config
from podium.errors import ConfigError, Forbidden, NotDone, RateLimited, UsageError
from podium.model.budget import PER_USD, Allowance, Amount, Bound, nano
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_budgets import asking

CENT = PER_USD // 100


def desk(bench: Bench, ends: list[BaseException | None], *, usd: float | None = 0.1, **options: Any) -> Any:
    """Return an agent that makes two requests of a cent each, and then ends as told."""

    async def request() -> Json:
        bench.witness.saw("paid")
        return 0.01

    def usage(value: Json) -> Usage:
        return Usage(model="m", input_tokens=10, output_tokens=5, usd=value)

    @agent(usd=usd, **options)
    async def desk(_: Json, steps: Steps) -> Json:
        most = Bound(usd=0.03, input_tokens=100, output_tokens=50)
        for _n in range(2):
            await steps.once("model", request, usage=usage, bound=most)
        end = ends.pop(0)
        if end is not None:
            raise end
        return "paid"

    return desk


@pytest.mark.parametrize("end", [RateLimited("slow"), NotDone("no"), Forbidden("rule", "no")])
async def test_requests_that_were_made_before_a_refusal_are_counted(bench: Bench, end: BaseException) -> None:
    flow = asking(desk(bench, [end]), 1)
    async with bench.app(flow) as app:
        await app.run(flow, budget=Budget(usd=1.0))
        [state] = await app.reports.budgets()
    assert bench.witness.count("paid") == 2
    assert (state.spent.usd, state.reserved.usd) == (2 * CENT, 0)


REFUSED_BEFORE = [RateLimited("slow"), NotDone("no"), Forbidden("rule", "no")]
UNKNOWN = [ConnectionError("cut"), TimeoutError("late"), ValueError("a bug")]


@pytest.mark.parametrize(
    ("end", "usd", "tokens"), [*((end, 1, 15) for end in REFUSED_BEFORE), *((end, 4, 165) for end in UNKNOWN)]
)
async def test_a_request_that_is_refused_costs_nothing_and_one_that_breaks_all_it_may_have_cost(
    bench: Bench, end: Exception, usd: int, tokens: int
) -> None:
    """The first request is answered, the second ends so; the agent itself has no price."""

    async def request() -> Json:
        if bench.witness.count("asked"):
            raise end
        bench.witness.saw("asked")
        return 0.01

    def usage(value: Json) -> Usage:
        return Usage(model="m", input_tokens=10, output_tokens=5, usd=value)

    @agent
    async def talks(_: Json, steps: Steps) -> None:
        for _n in range(2):
            await steps.once("model", request, usage=usage, bound=Bound(usd=0.03, input_tokens=100, output_tokens=50))

    flow = asking(talks, 1)
    async with bench.app(flow) as app:
        await app.run(flow, budget=Budget(usd=1.0, tokens=1_000))
        [state] = await app.reports.budgets()
    assert (state.spent, state.reserved) == (Amount(usd=usd * CENT, tokens=tokens), Amount())


async def test_what_requests_came_to_is_not_counted_again_with_a_call_that_is_stopped(bench: Bench) -> None:
    flow = asking(desk(bench, [Forbidden("rule", "no")], usd=None), 1)
    async with bench.app(flow) as app:
        await app.run(flow, budget=Budget(usd=1.0, calls=5))
        [state] = await app.reports.budgets()
    assert (state.spent.usd, state.spent.calls) == (2 * CENT, 1)


async def test_the_whole_price_counts_where_nobody_knows_what_was_paid(bench: Bench) -> None:
    async def request() -> Json:
        return None

    @agent(usd=0.1)
    async def mute(_: Json, steps: Steps) -> Json:
        await steps.once("model", request, bound=Bound(usd=0.03))
        raise RateLimited("slow")

    flow = asking(mute, 1)
    async with bench.app(flow) as app:
        await app.run(flow, budget=Budget(usd=1.0))
        [state] = await app.reports.budgets()
    assert state.spent.usd == 10 * CENT


async def test_what_was_paid_before_a_retry_and_after_it_adds_up(bench: Bench) -> None:
    flow = asking(desk(bench, [RateLimited("slow"), None], retry=Retry(attempts=2, delay=0.0)), 1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await bench.clock.advance(0)
        assert await handle.result() == ["paid"]
        [state] = await app.reports.budgets()
    assert bench.witness.count("paid") == 2
    assert state.spent.usd == 12 * CENT  # the answer counts with its whole price


async def test_an_agent_with_a_price_needs_no_bound_of_its_requests(bench: Bench) -> None:
    async def request() -> Json:
        return "seen"

    @agent(usd=0.1)
    async def looks(_: Json, steps: Steps) -> Json:
        return await steps.once("model", request)

    flow = asking(looks, 1)
    async with bench.app(flow) as app:
        assert await app.run(flow, budget=Budget(usd=1.0, calls=5)) == ["paid"]
        assert await app.run(flow, budget=Budget(tokens=1_000_000)) == ["budget:unpriced"]


@pytest.mark.parametrize("told", [nan, inf, -1.0, 1e300])
async def test_what_can_be_no_price_counts_as_the_bound(bench: Bench, told: float) -> None:
    async def request() -> Json:
        return "seen"

    @agent
    async def lies(_: Json, steps: Steps) -> Json:
        def usage(_: Json) -> Usage:
            return Usage(model="m", input_tokens=10, usd=told)

        return await steps.once("model", request, usage=usage, bound=Bound(usd=0.03, input_tokens=10))

    flow = asking(lies, 1)
    async with bench.app(flow) as app:
        assert await app.run(flow, budget=Budget(usd=1.0)) == ["paid"]
        [state] = await app.reports.budgets()
    assert state.spent.usd == 3 * CENT


async def test_what_was_set_aside_as_the_call_was_cut_is_given_back(bench: Bench) -> None:
    begun = asyncio.Event()

    @agent(usd=0.1)
    async def slow(_: Json) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    flow = asking(slow, 3)
    async with bench.app(flow) as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await begun.wait()
        await handle.cancel()
        await bench.clock.settle()
        [state] = await app.reports.budgets()
        kinds = [fact.kind for fact in await app.runs.facts(handle.id)]
    assert (state.spent.usd, state.reserved.usd) == (30 * CENT, 0)
    assert kinds.count(FactKind.RESERVED) == kinds.count(FactKind.SETTLED) == 3


@pytest.mark.parametrize("value", [-1.0, nan, inf, 2e9])
def test_what_can_be_no_bound_is_refused_with_what_was_expected(value: float) -> None:
    for make in (Budget, Allowance, Bound):
        with pytest.raises(UsageError, match="expected a number from 0 to"):
            make(usd=value)
    with pytest.raises(UsageError, match=r"usd(=…)? of agent costly"):
        assert agent(usd=value, name="costly")(lambda: None).card


def test_so_it_is_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text("[podium.budgets]\nday = { usd = -3 }\n")
    with pytest.raises(ConfigError, match=r"podium.toml sets budgets: Allowance\(usd"):
        load_config(tmp_path, environment={})


def test_dollars_are_rounded_up_never_down() -> None:
    assert nano(0.1) == 100_000_000
    assert nano(1e-10) == 1
    assert nano(3) == 3 * PER_USD
    assert Amount(usd=nano(0.1)) == Amount(usd=100_000_000)
