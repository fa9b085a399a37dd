"""The usage of an agent, with that of agents which its tools run: a replay restores it, and none of it is unseen."""

import asyncio
from pathlib import Path

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import RunContext
from pydantic_ai.usage import RunUsage, UsageLimits

from podium import App, Budget, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.agents.pydantic_ai.shared import SharedUsage
from podium.errors import Refusal, RunFailed, TransportFailed
from podium.model.agent import Agent
from podium.model.outcome import Usage
from podium.model.prices import Rate
from podium.model.retry import Retry
from podium.model.steps import Steps
from podium.testing.model import ScriptedModel, Use, requests_seen
from tests.unit.agents.test_llm_steps import Journal, call, value_of

RATES = {"own": Rate(1.0, 1.0), "inner": Rate(1.0, 1.0)}


def asking(seen: list[RunUsage], limits: UsageLimits | None = None) -> Agent[str, str]:
    """Return an agent whose tool runs another one, and that looks at the usage afterwards."""
    inner = PydanticAgent(ScriptedModel([Use("count", id="c"), "Inner."], name="inner"), name="inner")
    script = [Use("ask", id="a"), Use("look", id="b"), "Done."]

    @inner.tool_plain
    def count() -> int:
        return 3

    own = PydanticAgent(ScriptedModel(script, name="own"), name="clerk")

    @own.tool
    async def ask(ctx: RunContext[object]) -> str:
        return (await inner.run("Well?", usage=ctx.usage)).output

    @own.tool
    async def look(ctx: RunContext[object]) -> str:
        seen.append(RunUsage() + ctx.usage)
        return "Looked."

    return from_pydantic_ai(own, limits=limits)


def test_after_a_replay_the_usage_stands_where_it_stood() -> None:
    first, again = list[RunUsage](), list[RunUsage]()
    journal = Journal()
    asyncio.run(asking(first).run(call("Go."), journal))
    del journal.values["tool/look/b"]
    asyncio.run(asking(again).run(call("Go."), journal))
    assert (first[0].requests, first[0].tool_calls) == (4, 2)
    assert again == first


def test_limits_hold_for_what_was_recorded() -> None:
    journal = Journal()
    asyncio.run(asking([]).run(call("Go."), journal))
    with pytest.raises(Refusal):
        asyncio.run(asking([], limits=UsageLimits(request_limit=3)).run(call("Go."), journal))


def test_a_usage_that_others_add_to_is_not_watched() -> None:
    shared = SharedUsage(RunUsage(), watched=False)
    shared.total.incr(RunUsage(input_tokens=5))
    assert shared.unseen() is None


def growing() -> Agent[str, str]:
    """Return an agent whose tool asks a model in a way of its own, and says what it came to."""
    own = PydanticAgent(ScriptedModel([Use("ask", id="a"), "Done."], name="own"), name="clerk")

    @own.tool
    async def ask(ctx: RunContext[object]) -> str:
        ctx.usage.incr(RunUsage(requests=1, input_tokens=700, output_tokens=30))
        return "Asked."

    return from_pydantic_ai(own, rates=RATES)


def test_usage_that_grew_unseen_is_counted_at_once_and_once() -> None:
    journal = Journal()
    for _ in range(2):
        assert value_of(asyncio.run(growing().run(call("Go."), journal))) == "Done."
    told = [used for used in journal.usages if used.model == "unseen"]
    assert told == [Usage(model="unseen", input_tokens=700, output_tokens=30)]


@pytest.mark.parametrize("budget", [Budget(usd=1.0), Budget(tokens=3_000)])
async def test_usage_that_grew_unseen_does_not_get_past_a_budget(budget: Budget) -> None:
    clerk = growing()

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(clerk, "Go.")

    async with App.open(":memory:", agents=[flow]) as app:
        with pytest.raises(RunFailed, match="CallRefused"):
            await app.run(flow, budget=budget)


async def test_usage_that_grew_unseen_counts_against_a_budget() -> None:
    clerk = growing()

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(clerk, "Go.")

    async with App.open(":memory:", agents=[flow]) as app:
        assert await app.run(flow, budget=Budget(tokens=100_000)) == "Done."
        [state] = await app.reports.budgets()
    assert state.spent.tokens > 730


async def test_agents_in_steps_of_a_tool_are_told_apart_by_their_step(tmp_path: Path) -> None:
    witness, failed = tmp_path / "requests", list[str]()
    inner = PydanticAgent(ScriptedModel(["Inner."], name="inner", witness=witness), name="inner")
    own = PydanticAgent(ScriptedModel([Use("ask", id="a"), "Done."], name="own"), name="clerk", deps_type=Steps)

    async def first() -> str:
        return (await inner.run("First?")).output

    async def second() -> str:
        answer = (await inner.run("Second?")).output
        if not failed:
            failed.append(answer)
            raise TransportFailed("it broke")
        return answer

    @own.tool
    async def ask(ctx: RunContext[Steps]) -> str:
        return f"{await ctx.deps.once('first', first)} {await ctx.deps.once('second', second)}"

    clerk = from_pydantic_ai(own, retry=Retry(attempts=2, delay=0.0))

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(clerk, "Go.")

    async with App.open(":memory:", agents=[flow]) as app:
        assert await app.run(flow) == "Done."
    assert len(requests_seen(witness)) == 2


def test_what_a_tool_asks_after_another_one_has_failed_is_recorded_too() -> None:
    inner = PydanticAgent(ScriptedModel(["Inner."], name="inner"), name="inner")
    failed, waiting = asyncio.Event(), set[asyncio.Task[None]]()

    async def release_late() -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        failed.set()

    async def slow() -> str:
        await failed.wait()
        return (await inner.run("Well?")).output

    async def quick() -> str:
        waiting.add(asyncio.create_task(release_late()))
        raise LookupError("no such thing")

    script = [[Use("slow", id="a"), Use("quick", id="b")], "Done."]
    own = PydanticAgent(ScriptedModel(script, name="own"), name="clerk", tools=[slow, quick])
    journal = Journal()
    with pytest.raises(LookupError):
        asyncio.run(from_pydantic_ai(own).run(call("Go."), journal))
    assert sorted(journal.values) == ["model/1", "model/inner#0/1", "tool/slow/a"]
