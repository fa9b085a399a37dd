"""What things cost is said in the settings, and stands in the facts and in the report."""

import sys
from pathlib import Path
from time import thread_time
from typing import Any

import pytest

from podium import Budget, Context, agent, process, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.config import Config, load_config
from podium.errors import ConfigError, RunFailed
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import PriceSettings, Rate, nearer
from podium.model.rules import AgentRules
from podium.model.steps import Steps
from podium.testing.model import ScriptedModel
from tests.unit.engine.bench import Bench

MACHINES = PriceSettings(cpu_second=2.0, gb_second=1.0)


def calling(member: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context, input: Json) -> Json:
        return await ctx.call(member, input)

    return calls


async def usage_of(bench: Bench, member: Any, input: Json = None, **settings: Any) -> Json:
    """Call an agent and return what was recorded of what it used up."""
    flow = calling(member)
    async with bench.app(flow, **settings) as app:
        handle = await app.start(flow, input)
        await handle.result()
        [body] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ANSWERED]
        return body.get("usage")


@agent
def burn(milliseconds: int) -> None:
    end = thread_time() + milliseconds / 1000
    while thread_time() < end:
        pass


@agent(usd=0.02)
async def draw(what: str) -> str:
    return what


@agent
async def quick(what: str) -> str:
    return what


async def test_processor_time_of_a_function_is_priced(bench: Bench) -> None:
    usage = await usage_of(bench, burn, 50, prices=MACHINES)
    assert usage["cpu_seconds"] >= 0.05
    assert usage["usd"] == pytest.approx(2 * usage["cpu_seconds"])


async def test_processor_and_memory_of_a_program_are_priced(bench: Bench) -> None:
    slow = process([sys.executable, "-c", "import time; time.sleep(0.5); print(1)"], name="slow", output=int)
    usage = await usage_of(bench, slow, prices=MACHINES)
    assert usage["gb_seconds"] > 0
    assert usage["usd"] == pytest.approx(2 * usage["cpu_seconds"] + usage["gb_seconds"])


async def test_without_a_price_nothing_is_measured_or_recorded(bench: Bench) -> None:
    assert await usage_of(bench, quick, "a") is None


async def test_a_price_on_the_card_or_in_the_rules_is_that_of_the_whole_call(bench: Bench) -> None:
    for member in (draw, quick):
        config = Config(agents={"quick": AgentRules(usd=0.02)}, prices=MACHINES)
        usage = await usage_of(bench, member, "a", config=config)
        assert usage["usd"] == 0.02


async def test_the_report_and_the_budget_say_the_same(bench: Bench) -> None:
    flow = calling(draw)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "a", budget=Budget(usd=1.0))
        await handle.result()
        [cost], [state] = await app.reports.costs(by="agent"), await app.reports.budgets(prefix=f"run:{handle.id}")
    assert (cost.part, cost.calls, cost.usd) == ("draw", 1, 0.02)
    assert state.spent.usd == 20_000_000


async def test_an_answer_that_is_kept_costs_nothing(bench: Bench) -> None:
    @agent(usd=0.02, cache=60.0)
    async def knows(what: str) -> str:
        return what

    flow = calling(knows)
    async with bench.app(flow) as app:
        for _ in range(2):
            await app.run(flow, "a")
        [cost] = await app.reports.costs(by="agent")
    assert (cost.calls, cost.usd) == (2, 0.02)


async def test_a_call_that_failed_is_not_priced(bench: Bench) -> None:
    @agent(usd=0.02)
    async def fails(_: Json) -> None:
        raise ValueError("no")

    flow = calling(fails)
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed):
            await app.run(flow)
        [cost] = await app.reports.costs(by="agent")
    assert cost.usd == 0.0


async def test_models_have_the_prices_of_the_settings(bench: Bench) -> None:
    clerk = llm_agent("clerk", model=ScriptedModel(["done"], name="mine"), instructions="Be exact.")
    flow = calling(clerk)
    async with bench.app(flow, prices=PriceSettings(models={"mine": Rate(1_000_000.0, 0.0)})) as app:
        await app.run(flow, "go", budget=Budget(usd=1_000_000.0))
        [cost] = await app.reports.costs(by="model")
    assert cost.usd == cost.input_tokens > 0


async def test_steps_of_several_models_count_each_for_its_own(bench: Bench) -> None:
    @agent
    async def asks(_: Json, steps: Steps) -> None:
        for model, usd in (("small", 0.25), ("small", 0.25), ("large", 1.0)):
            used = Usage(model=model, requests=1, usd=usd)
            await steps.once("model", _nothing, usage=lambda _, used=used: used)

    flow = calling(asks)
    async with bench.app(flow) as app:
        await app.run(flow)
        found = {cost.part: (cost.calls, cost.requests, cost.usd) for cost in await app.reports.costs(by="model")}
    assert found == {"large": (1, 1, 1.0), "small": (1, 2, 0.5)}


async def test_the_price_of_a_call_counts_instead_of_those_of_its_steps_but_the_requests_stay(bench: Bench) -> None:
    @agent(usd=2.0)
    async def asks(_: Json, steps: Steps) -> None:
        used = Usage(model="small", input_tokens=7, requests=1, usd=0.25)
        await steps.once("model", _nothing, usage=lambda _: used)

    flow = calling(asks)
    async with bench.app(flow) as app:
        await app.run(flow)
        [cost] = await app.reports.costs(by="agent")
    assert (cost.requests, cost.input_tokens, cost.usd) == (1, 7, 2.0)


async def test_the_report_has_the_measured_amounts(bench: Bench) -> None:
    flow = calling(burn)
    async with bench.app(flow, prices=MACHINES) as app:
        await app.run(flow, 20)
        [cost] = await app.reports.costs(by="agent")
    assert cost.cpu_seconds >= 0.02
    assert cost.usd == pytest.approx(2 * cost.cpu_seconds)


def test_rates_of_an_agent_go_before_those_of_the_settings() -> None:
    settings = {"openai:gpt-5": Rate(1, 1), "gpt-4o": Rate(2, 2), "azure:gpt-4o": Rate(3, 3)}
    own = {"gpt-5": Rate(9, 9)}
    assert nearer(own, settings) == {"gpt-5": Rate(9, 9), "gpt-4o": Rate(2, 2), "azure:gpt-4o": Rate(3, 3)}
    assert nearer(own, {}) is own


def test_prices_stand_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text(
        '[podium.prices]\ncpu_second = 0.00002\nmodels = { "openai:gpt-5" = { input = 1.25, output = 10 } }\n'
    )
    prices = load_config(tmp_path, environment={}).prices
    assert prices == PriceSettings(cpu_second=0.00002, models={"openai:gpt-5": Rate(1.25, 10.0)})


@pytest.mark.parametrize(
    "line", ["cpu_second = -1", "models = { x = { input = 1 } }", "models = { x = { input = -1, output = 0 } }"]
)
def test_a_price_that_is_none_is_told_with_its_place(tmp_path: Path, line: str) -> None:
    (tmp_path / "podium.toml").write_text(f"[podium.prices]\n{line}\n")
    with pytest.raises(ConfigError, match=r"podium\.toml sets .*prices"):
        load_config(tmp_path, environment={})


async def _nothing() -> None: ...
