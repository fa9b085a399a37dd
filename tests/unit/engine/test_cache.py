"""Kept answers: asked once, given often, and nobody pays for them again."""

import asyncio
from typing import Any

import pytest

from podium import Budget, Context, Retry, agent, workflow
from podium.errors import TransportFailed, UsageError
from podium.model.fact import FactKind
from podium.model.json import Json
from tests.unit.engine.bench import Bench


def asking(member: Any, name: str = "asks") -> Any:
    @workflow(name=name)
    async def asks(ctx: Context, inputs: list[Json]) -> Json:
        return await ctx.gather(*(ctx.call(member, each) for each in inputs), return_exceptions=False)

    return asks


def knowing(bench: Bench, **options: Any) -> Any:
    @agent(name="knows", cache=60.0, **options)
    async def knows(what: Json) -> Json:
        bench.witness.saw("asked", what)
        await asyncio.sleep(0)
        return [what]

    return knows


async def test_what_was_asked_before_is_not_asked_again_in_another_run_or_life(bench: Bench) -> None:
    flow = asking(knowing(bench))
    async with bench.app(flow) as app:
        first = await app.start(flow, ["a"])
        assert await first.result() == [["a"]]
    async with bench.app(flow) as app:
        handle = await app.start(flow, ["a", "b"], budget=Budget(calls=1))
        assert await handle.result() == [["a"], ["b"]]
        [notice] = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
    assert notice == {"guard": "cache", "agent": "knows", "run": first.id, "key": "0"}
    assert sorted(bench.witness.lines()) == ["asked a", "asked b"]


async def test_those_who_ask_the_same_at_once_are_answered_by_one_call(bench: Bench) -> None:
    flow = asking(knowing(bench))
    async with bench.app(flow) as app:
        assert await app.run(flow, ["a"] * 20) == [["a"]] * 20
    assert bench.witness.count("asked") == 1


async def test_an_answer_grows_old(bench: Bench) -> None:
    flow = asking(knowing(bench))
    async with bench.app(flow) as app:
        for seconds, asked in ((0, 1), (59, 1), (1, 2)):
            await bench.clock.advance(seconds)
            await app.run(flow, ["a"])
            assert bench.witness.count("asked") == asked


async def test_another_tenant_version_or_input_is_another_question(bench: Bench) -> None:
    flow = asking(knowing(bench))
    newer = asking(knowing(bench, version="2"), "asks-2")
    async with bench.app(flow, newer) as app:
        await app.run(flow, ["a"])
        await app.run(flow, ["a"], tenant="acme")
        await app.run(newer, ["a"])
        await app.run(flow, [{"a": 1, "b": 2}])
        await app.run(flow, [{"b": 2, "a": 1}])
    assert bench.witness.count("asked") == 4


async def test_failures_are_not_kept_and_those_who_waited_ask_themselves(bench: Bench) -> None:
    @agent(cache=60.0)
    async def flaky(_: Json) -> str:
        bench.witness.saw("asked")
        await asyncio.sleep(0)
        if bench.witness.count("asked") == 1:
            raise TransportFailed("away")
        return "done"

    @workflow
    async def asks(ctx: Context) -> Json:
        answers = await ctx.gather(ctx.call(flaky, 1), ctx.call(flaky, 1), return_exceptions=True)
        return [isinstance(answer, str) for answer in answers]

    async with bench.app(asks) as app:
        assert await app.run(asks) == [False, True]


async def test_a_call_in_a_conversation_says_once_that_it_is_not_answered_from_the_cache(bench: Bench) -> None:
    @agent(cache=60.0, retry=Retry(attempts=2))
    async def flaky(what: str) -> str:
        bench.witness.saw("asked", what)
        if bench.witness.lines().count("asked again") == 1:
            raise TransportFailed("away")
        return what

    @workflow
    async def talks(ctx: Context, what: str) -> str:
        return await ctx.call(flaky, what, conversation=ctx.conversation)

    @workflow
    async def alone(ctx: Context, what: str) -> str:
        return await ctx.call(flaky, what)

    async with bench.app(talks, alone) as app:
        for flow, what, times in ((talks, "once", 1), (talks, "again", 1), (talks, "once", 1), (alone, "once", 0)):
            handle = await app.start(flow, what, conversation="c" if times else None)
            await bench.clock.advance(30)
            await handle.result()
            said = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
            why = (
                "what was said before in the conversation counts, so no kept answer is given, and this one is not kept"
            )
            assert said == [{"guard": "cache-passed-by", "agent": "flaky", "why": why}] * times
    assert bench.witness.lines().count("asked once") == 3, "nor is what was said in a conversation an answer outside of it"


async def test_what_a_run_was_answered_can_be_forgotten(bench: Bench) -> None:
    flow = asking(knowing(bench))
    async with bench.app(flow) as app:
        handle = await app.start(flow, ["a"])
        await handle.result()
        await app.store.answers.forget(handle.id)
        await app.run(flow, ["a"])
    assert bench.witness.count("asked") == 2


def test_what_must_not_happen_twice_has_no_cache() -> None:
    with pytest.raises(UsageError, match="leave out cache"):
        _ = agent(name="pay", effects="once", cache=60.0)(lambda: None).card
