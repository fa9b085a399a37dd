"""A step whose value comes later keeps what it did; an effect that happens once is not left to wait."""

import asyncio
from typing import Any, Literal

import pytest

from podium import Context, Steps, agent, workflow
from podium.errors import UsageError
from podium.model.consent import NO_CONSENT, Consent
from podium.model.deferral import AGAIN, Deferred, Resumed
from podium.model.json import Json
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.model.steps import Effects, check_step
from tests.unit.engine.bench import Bench

MAY = Ask(text="May it pay?", schema=APPROVAL_SCHEMA, to="boss", kind="permission")
WHICH = Ask(text="Which?", to="boss")


def calling(target: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target)

    return calls


@pytest.mark.parametrize("effects", ["idempotent", "once"])
async def test_a_step_that_defers_goes_on_from_its_state_in_every_process(bench: Bench, effects: Effects) -> None:
    @agent
    async def clerk(steps: Steps) -> Any:
        async def work() -> Json | Deferred:
            bench.witness.saw("allowed" if steps.granted else "begun")
            return Deferred({"job": 2 if steps.granted else 1})

        async def resume(state: Json) -> Json | Literal[Resumed.AGAIN]:
            if state["job"] == 1:
                await steps.ask(MAY)
                return AGAIN
            return [state["job"], await steps.ask(WHICH)]

        return await steps.once_allowed("pay", work, NO_CONSENT, key="a", effects=effects, resume=resume)

    calls = calling(clerk)
    run = await bench.parked(calls)
    for answer in ({"approved": True}, "that one"):
        async with bench.app(calls) as app:
            [question] = await app.inbox.list()
            await app.inbox.answer(question.id, answer, by="ada")
            await bench.clock.settle()
    async with bench.app(calls) as app:
        assert await (await app.handle(run)).result() == [2, "that one"]
        assert {each.ask.kind for each in await app.inbox.list(state=None)} == {"permission", "question"}
    assert bench.witness.counts() == {"begun": 1, "allowed": 1}


@pytest.mark.parametrize("asks", ["before", "inside"])
async def test_an_effect_that_happens_once_is_in_doubt_where_it_would_have_to_wait_for_people(
    bench: Bench, asks: str
) -> None:
    @agent
    async def clerk(steps: Steps) -> Any:
        async def part() -> Json:
            return await steps.ask(WHICH)

        async def pay() -> Json:
            bench.witness.saw("paid")
            return await steps.once_allowed("part", part, Consent(ask=MAY) if asks == "before" else NO_CONSENT)

        return await steps.once("pay", pay, effects="once")

    calls = calling(clerk)
    async with bench.app(calls) as app:
        handle = await app.start(calls)
        await bench.clock.settle()
        [question] = await app.inbox.list(state=None)
        assert question.ask.kind == "in_doubt"
        assert "inside pay, which is declared `once`" in question.ask.text
        await app.inbox.answer(question.id, {"happened": 5}, by="ada")
        async with asyncio.timeout(60):
            assert await handle.result() == 5
    assert bench.witness.counts() == {"paid": 1}


def test_no_step_has_the_name_under_which_what_a_step_deferred_is_kept() -> None:
    async def work() -> Json:
        return None

    with pytest.raises(UsageError, match="a step cannot be called 'deferred'"):
        check_step("deferred", work, "once", None)
