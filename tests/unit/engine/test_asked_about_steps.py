"""Questions about steps and calls: which one it is, what it was sent, and the key that its receiver saw."""

import asyncio
from typing import Any

import pytest

from podium import App, Context, Steps, agent, workflow
from podium.model.json import Json
from podium.model.question import Question
from podium.model.retry import Retry
from tests.unit.engine.bench import Bench


class Bank:
    """A receiver that remembers the keys that it saw; its answers never come while it is `stuck`."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.stuck = asyncio.Event()
        self.amounts = [5, 6]

    def flow(self, *, attempts: int = 1) -> Any:
        @agent(retry=Retry(attempts=attempts))
        async def clerk(prompt: str, steps: Steps) -> str:
            amount = self.amounts.pop(0) if len(self.amounts) > 1 else self.amounts[0]

            async def pay() -> str:
                self.keys.append(steps.idempotency_key)
                if attempts == 1:
                    await self.stuck.wait()
                return "paid"

            paid = await steps.once("pay", pay, input={"amount": amount}, effects="once")
            if attempts > 1 and len(self.keys) == 1:
                raise ValueError("again")
            return paid

        @workflow(name="pays")
        async def pays(ctx: Context) -> str:
            await ctx.sleep(0)
            return await ctx.call(clerk, "the prompt of the agent")

        return pays


async def open_one(bench: Bench, app: App) -> Question:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question


async def test_a_step_in_doubt_after_a_crash_shows_what_it_was_sent(bench: Bench) -> None:
    bank = Bank()
    bank.amounts = [5]
    await bench.parked(bank.flow())
    async with bench.app(bank.flow()) as app:
        question = await open_one(bench, app)
        assert (question.ask.subject, question.step) == ({"amount": 5}, "1/pay#0")
        assert [question.ask.idempotency_key] == bank.keys


async def test_an_effect_of_an_earlier_attempt_is_named_by_the_key_of_that_attempt(bench: Bench) -> None:
    bank = Bank()
    flow = bank.flow(attempts=2)
    async with bench.app(flow) as app:
        await app.start(flow)
        await bench.clock.advance(100)
        question = await open_one(bench, app)
        assert "an earlier attempt did it with other input" in question.ask.text
        assert [question.ask.idempotency_key] == bank.keys
        assert question.step == "2/pay#0"
        assert question.ask.subject == {"amount": 6}


async def test_in_a_fork_it_is_the_key_of_the_run_that_did_it(bench: Bench) -> None:
    bank = Bank()
    bank.amounts = [5]
    run = await bench.parked(bank.flow())
    async with bench.app(bank.flow()) as app:
        first = await open_one(bench, app)
        await app.inbox.answer(first.id, {"happened": "paid"}, by="ann")
        await (await app.handle(run)).result()
        fork = await app.operations.fork(run, "1")
        question = await open_one(bench, app)
        assert question.run == fork.id
        assert [question.ask.idempotency_key] == bank.keys
        assert f"idempotency key {bank.keys[0]}" in question.ask.text


async def test_a_call_in_doubt_has_its_key_too(bench: Bench) -> None:
    stuck, keys = asyncio.Event(), list[str]()

    def flow() -> Any:
        @agent(effects="once")
        async def pay(amount: int, steps: Steps) -> str:
            keys.append(steps.idempotency_key)
            await stuck.wait()
            return "paid"

        @workflow(name="pays")
        async def pays(ctx: Context) -> str:
            return await ctx.call(pay, 5)

        return pays

    await bench.parked(flow())
    async with bench.app(flow()) as app:
        question = await open_one(bench, app)
        assert (question.ask.subject, question.step) == (5, None)
        assert [question.ask.idempotency_key] == keys


@pytest.mark.parametrize("subject", [None, {"a": 1}])
async def test_a_question_of_a_workflow_is_about_no_call(bench: Bench, subject: Json) -> None:
    @workflow
    async def asks(ctx: Context) -> Json:
        return await ctx.ask("Well?", subject=subject)

    async with bench.app(asks) as app:
        await app.start(asks)
        question = await open_one(bench, app)
        assert (question.step, question.ask.idempotency_key) == (None, None)
