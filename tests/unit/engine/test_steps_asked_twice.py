"""A step that is asked for several times at once is done once, and recorded once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import Context, RunState, Steps, agent, workflow
from podium.errors import TransportFailed
from podium.model.consent import Consent
from podium.model.deferral import AGAIN, Deferred
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.model.steps import Effects
from tests.unit.engine.bench import Bench

TIMES = 3
KEY = "0/1/work/one"
Work = Callable[[], Awaitable[Json]]


def calling(target: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target)

    return calls


def asked_at_once(one: Callable[[Steps], Awaitable[Json]]) -> Any:
    async def unless_failed(steps: Steps) -> Json:
        try:
            return await one(steps)
        except TransportFailed as failed:
            return str(failed)

    @agent
    async def work(steps: Steps) -> list[Any]:
        return list(await asyncio.gather(*(unless_failed(steps) for _ in range(TIMES))))

    return calling(work)


async def kinds(bench: Bench, flow: Any) -> tuple[Any, list[FactKind]]:
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        for question in await app.inbox.list():
            await app.inbox.answer(question.id, {"approved": True}, by="b")
            await bench.clock.settle()
        value = await handle.result()
        return value, [fact.kind for fact in await app.runs.facts(handle.id) if fact.key == KEY]


def counted(bench: Bench, fails: int = 0) -> Work:
    async def work() -> Json:
        n = bench.witness.counts().get("work 0", 0)
        bench.witness.saw("work", 0)
        await asyncio.sleep(0)
        if n < fails:
            raise TransportFailed("not now", not_done=True)
        return n

    return work


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("fails", range(TIMES))
async def test_whoever_asks_is_handed_what_the_first_one_did_that_did_not_fail(
    bench: Bench, effects: Effects, fails: int
) -> None:
    async def one(steps: Steps) -> Json:
        return await steps.once("work", counted(bench, fails), key="one", effects=effects)

    value, found = await kinds(bench, asked_at_once(one))
    assert value == ["not now"] * fails + [fails] * (TIMES - fails)
    assert bench.witness.counts() == {"work 0": fails + 1}
    assert found.count(FactKind.STEP) == 1


async def test_people_are_asked_once(bench: Bench) -> None:
    ask = Ask(text="May it?", subject={}, schema=APPROVAL_SCHEMA, to="boss", kind="permission")

    async def one(steps: Steps) -> Json:
        return await steps.once_allowed("work", counted(bench), Consent(ask=ask), key="one")

    value, found = await kinds(bench, asked_at_once(one))
    assert value == [0] * TIMES
    assert found.count(FactKind.STEP) == 1


async def test_what_comes_later_is_waited_for_once(bench: Bench) -> None:
    resumed: list[Json] = []

    async def resume(state: Json) -> Json:
        resumed.append(state)
        return AGAIN if len(resumed) == 1 else "late"

    async def one(steps: Steps) -> Json:
        async def work() -> Json | Deferred:
            bench.witness.saw("work", 0)
            return Deferred("kept")

        return await steps.once_allowed("work", work, Consent(), key="one", resume=resume)

    value, found = await kinds(bench, asked_at_once(one))
    assert value == ["late"] * TIMES
    assert len(resumed) == 2
    assert found.count(FactKind.STEP) == 1


async def test_another_input_under_the_same_key_is_refused(bench: Bench) -> None:
    @agent
    async def work(steps: Steps) -> Json:
        return list(
            await asyncio.gather(*(steps.once("work", counted(bench), key="one", input=n) for n in range(TIMES)))
        )

    flow = calling(work)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        stands = await app.runs.get(handle.id)
    assert stands.state is RunState.BLOCKED
    assert "another input of work" in stands.reason
