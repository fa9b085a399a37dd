"""Fallbacks: who is asked instead, what that costs, and that the result says so."""

from typing import Any

import pytest

from podium import Call, Config, Context, Retry, agent, human, workflow
from podium.errors import BadAnswer, CallFailed, Refusal, TransportFailed
from podium.model.fact import FactKind
from podium.model.fallback import Degraded, FallbackValue
from podium.model.retry import FailureKind
from podium.model.rules import AgentRules
from podium.testing import failing, scripted
from tests.unit.engine.bench import Bench

TWICE = Retry(attempts=2, delay=10.0, jitter=0.0)


def calling(target: Any, **options: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        value = await ctx.call(target, None, **options)
        return {"value": value, "by": [each.by for each in ctx.degraded]}

    return calls


@pytest.mark.parametrize("named", ["by name", "as it is"])
async def test_whoever_is_next_is_asked_once_the_attempts_are_used_up(bench: Bench, named: str) -> None:
    first = failing("first", witness=bench.witness, retry=TWICE)
    second = scripted("second", ["fine"], witness=bench.witness)
    flow = calling(first, fallback=["second" if named == "by name" else second])
    async with bench.app(flow, second) as app:
        handle = await app.start(flow)
        await bench.clock.advance(9)
        assert bench.witness.count("second") == 0
        await bench.clock.advance(1)
        assert await handle.result() == {"value": "fine", "by": ["second"]}
    assert bench.witness.count("first") == 2


async def test_a_chain_is_gone_down_to_a_value_at_its_end(bench: Bench) -> None:
    flow = calling(failing("first"), fallback=[failing("second"), FallbackValue("as good as it gets")])
    async with bench.app(flow) as app:
        assert await app.run(flow) == {"value": "as good as it gets", "by": [None]}


async def test_the_last_failure_is_raised_where_nobody_gives_an_answer(bench: Bench) -> None:
    @workflow(name="tells")
    async def tells(ctx: Context) -> str:
        try:
            await ctx.call(failing("first"), None, fallback=[failing("second", error=Refusal("no"))])
        except CallFailed as error:
            return error.kind
        return ""

    async with bench.app(tells) as app:
        assert await app.run(tells) == "refusal"


async def test_the_card_and_the_configuration_name_fallbacks_too(bench: Bench) -> None:
    @agent(fallback=("spare",))
    async def first() -> str:
        raise TransportFailed("away")

    spare = scripted("spare", ["spare", "spare"])
    async with bench.app(flow := calling(first), spare) as app:
        assert (await app.run(flow))["by"] == ["spare"]
    other = calling(failing("plain"))
    rules = {"plain": AgentRules(fallback=("spare",)), "*": AgentRules(fallback=("nobody",))}
    async with bench.app(spare, config=Config(agents=rules)) as app:
        assert (await app.run(_renamed(other, "other")))["by"] == ["spare"]


def _renamed(flow: Any, name: str) -> Any:
    return workflow(name=name)(flow.function)


async def test_an_answer_that_does_not_fit_the_first_agent_is_none(bench: Bench) -> None:
    @agent
    async def counts() -> int:
        raise TransportFailed("away")

    flow = calling(counts, fallback=[scripted("talks", ["many"]), FallbackValue(7)])
    async with bench.app(flow) as app:
        assert await app.run(flow) == {"value": 7, "by": [None]}


async def test_a_crash_while_the_fallback_is_asked_does_not_ask_the_first_again(bench: Bench) -> None:
    first = failing("first", witness=bench.witness)
    flow = calling(first, fallback=[human("editor", text="Write it.", answer=str)])
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, "by hand", by="ann")
        assert await (await app.handle(run)).result() == {"value": "by hand", "by": ["human-editor"]}
    assert bench.witness.count("first") == 1


async def test_what_is_degraded_below_a_workflow_is_known_after_a_crash_too(bench: Bench) -> None:
    @workflow(name="inner")
    async def inner(ctx: Context) -> str:
        return await ctx.call(failing("first"), None, fallback=[FallbackValue("poor")])

    @workflow(name="outer")
    async def outer(ctx: Context) -> Any:
        await ctx.call(inner)
        await ctx.sleep(10)
        return [[each.key, each.agent, each.by] for each in ctx.degraded]

    run = await bench.parked(outer)
    assert await bench.result(run, outer, seconds=10) == [["0.0", "first", None]]


async def test_the_end_of_the_run_says_what_was_degraded(bench: Bench) -> None:
    flow = calling(failing("first", error=TransportFailed("away")), fallback=[FallbackValue("poor")])
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await handle.result()
        assert await handle.degraded() == (
            Degraded(key="0", agent="first", by=None, why="podium.errors.TransportFailed: away"),
        )


async def test_a_once_agent_in_doubt_is_settled_before_anybody_else_is_asked(bench: Bench) -> None:
    paid = failing("pay", effects="once", witness=bench.witness)
    spare = scripted("spare", ["spare"], witness=bench.witness)
    flow = calling(paid, fallback=[spare])
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        [question] = await app.inbox.list()
        assert bench.witness.count("spare") == 0
        await app.inbox.answer(question.id, {"happened": "paid"}, by="ann")
        assert await handle.result() == {"value": "paid", "by": []}


async def test_a_question_that_expires_falls_back(bench: Bench) -> None:
    flow = calling(human("editor", text="Write it.", answer=str, within=60), fallback=[FallbackValue("unedited")])
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(60)
        assert await handle.result() == {"value": "unedited", "by": [None]}


async def test_each_attempt_and_each_fallback_is_a_fact(bench: Bench) -> None:
    flow = calling(failing("first", retry=TWICE), fallback=[scripted("second", ["fine"])])
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        await handle.result()
        retries = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.RETRY]
    assert [(each["attempt"], each.get("fallen"), each["lineage"]) for each in retries] == [(2, None, 1), (3, 1, 2)]


async def test_an_unfit_answer_is_sent_back_with_what_was_wrong(bench: Bench) -> None:
    told: list[str] = []

    @agent(retry=Retry(attempts=2, delay=1.0, kinds=frozenset({FailureKind.VALIDATION})))
    async def counts(_: None, call: Call) -> int:
        told.append(call.feedback)
        if not call.feedback:
            raise BadAnswer("a number is wanted, not 'many'")
        return 7

    flow = calling(counts)
    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=2) == {"value": 7, "by": []}
    assert told == ["", "a number is wanted, not 'many'"]


async def test_a_fallback_that_is_gone_after_a_change_blocks_the_run(bench: Bench) -> None:
    run = await bench.parked(calling(failing("first"), fallback=[human("editor", text="Write it.", answer=str)]))
    changed = calling(failing("first"))
    async with bench.app(changed) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, "by hand", by="ann")
        await bench.clock.settle()
        assert "fallback 1; now there are 0" in (await (await app.handle(run)).status()).reason
