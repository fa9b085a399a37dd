"""`once`: never started twice while it is in doubt; a verify function is asked, or else a person."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from podium import App, Call, Context, Retry, RunState, Steps, agent, workflow
from podium.agents.function import NOT_DONE
from podium.errors import NotDone, RunFailed
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.store.operations import Committed, Operation, Write
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench


def found(amount: int) -> str:
    return f"found {amount}"


def not_done(amount: int) -> object:
    return NOT_DONE


class Bank:
    """A payment whose answer can be held back."""

    def __init__(self, bench: Bench) -> None:
        self.witness = bench.witness
        self.answers = asyncio.Event()
        self.error: Exception | None = None

    async def pay(self, amount: int) -> str:
        self.witness.saw("paid", amount)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        await self.answers.wait()
        return f"receipt {amount}"

    def agent(self, **options: Any) -> Any:
        async def pay(amount: int) -> str:
            return await self.pay(amount)

        return agent(name="pay", effects="once", **options)(pay)


def paying(target: Any) -> Any:
    @workflow(name="pays")
    async def pays(ctx: Context) -> str:
        return await ctx.call(target, 7)

    return pays


async def asked(bench: Bench, app: App) -> str:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    assert question.ask.kind == "in_doubt"
    assert "Did pay happen" in question.ask.text
    return question.id


async def test_the_intent_is_durable_before_the_body_starts(bench: Bench) -> None:
    recorded: list[FactKind] = []

    @agent(effects="once")
    async def pay(amount: int, call: Call) -> str:
        recorded.extend(fact.kind for fact in await outside.store.facts(call.run))
        return "ok"

    flow = paying(pay)
    async with bench.app() as outside, App.open(bench.path, agents=[flow], clock=bench.clock) as app:
        await app.run(flow)
    assert FactKind.ASKED in recorded


@pytest.mark.parametrize(
    ("answer", "result", "payments"),
    [({"happened": "receipt 7"}, "receipt 7", 1), ({"not_done": True}, "receipt 7", 2)],
)
async def test_in_doubt_after_a_crash_a_person_decides(bench: Bench, answer: Json, result: str, payments: int) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent())
    run = await bench.parked(flow)
    bank.answers.set()
    async with bench.app(flow) as app:
        question = await asked(bench, app)
        assert bench.witness.count("paid") == 1
        await app.inbox.answer(question, answer, by="ann")
        assert await (await app.handle(run)).result() == result
    assert bench.witness.count("paid") == payments


async def test_a_person_may_give_up(bench: Bench) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent())
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        await app.inbox.answer(await asked(bench, app), {"fail": "nobody knows"}, by="ann")
        with pytest.raises(RunFailed, match="nobody knows"):
            await (await app.handle(run)).result()
    assert bench.witness.count("paid") == 1


@pytest.mark.parametrize("error", [ConnectionError("cut after sending"), ValueError("bug"), TimeoutError("late")])
async def test_an_error_that_is_not_declared_not_done_leaves_it_in_doubt(bench: Bench, error: Exception) -> None:
    bank = Bank(bench)
    bank.error = error
    flow = paying(bank.agent(retry=Retry(attempts=5)))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await app.inbox.answer(await asked(bench, app), {"happened": "yes"}, by="ann")
        assert await handle.result() == "yes"
    assert bench.witness.count("paid") == 1


async def test_a_time_out_leaves_it_in_doubt(bench: Bench) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent(timeout=0.01))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.until(app.inbox.list)
        await app.inbox.answer(await asked(bench, app), {"happened": "yes"}, by="ann")
        assert await handle.result() == "yes"


async def test_what_is_declared_not_done_is_tried_again_without_a_question(bench: Bench) -> None:
    bank = Bank(bench)
    bank.error = NotDone("no connection")
    bank.answers.set()
    flow = paying(bank.agent(retry=Retry(attempts=3, delay=100.0, jitter=0.0)))
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        await bench.clock.advance(100)
        assert not await app.inbox.list()
        assert await (await app.handle(run)).result() == "receipt 7"
    assert bench.witness.count("paid") == 2


async def test_the_second_attempt_is_in_doubt_too_if_it_is_cut(bench: Bench) -> None:
    bank = Bank(bench)
    bank.error = NotDone("no connection")
    flow = paying(bank.agent(retry=Retry(attempts=3, delay=100.0, jitter=0.0)))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(100)
        assert bench.witness.count("paid") == 2
    async with bench.app(flow) as app:
        await app.inbox.answer(await asked(bench, app), {"happened": "yes"}, by="ann")
        assert await (await app.handle(handle.id)).result() == "yes"
    assert bench.witness.count("paid") == 2


async def test_after_not_done_a_further_crash_is_a_further_doubt(bench: Bench) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent())
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        await app.inbox.answer(await asked(bench, app), {"not_done": True}, by="ann")
        await bench.clock.settle()
        assert bench.witness.count("paid") == 2
    async with bench.app(flow) as app:
        await app.inbox.answer(await asked(bench, app), {"happened": "second"}, by="ann")
        assert await (await app.handle(run)).result() == "second"
    assert bench.witness.count("paid") == 2


async def test_verify_tells_that_it_happened(bench: Bench) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent(verify=found))
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        assert await (await app.handle(run)).result() == "found 7"
        assert not await app.inbox.list(state=None)
    assert bench.witness.count("paid") == 1


async def test_verify_tells_that_it_did_not_happen_and_it_is_done(bench: Bench) -> None:
    bank = Bank(bench)
    flow = paying(bank.agent(verify=not_done))
    run = await bench.parked(flow)
    bank.answers.set()
    assert await bench.result(run, flow) == "receipt 7"
    assert bench.witness.count("paid") == 2


@pytest.mark.parametrize("broken", [True, False])
async def test_a_verify_that_cannot_tell_or_fails_leads_to_a_question(bench: Bench, broken: bool) -> None:  # noqa: FBT001
    def verify(amount: int) -> None:
        if broken:
            raise ConnectionError("the bank does not answer")

    bank = Bank(bench)
    flow = paying(bank.agent(verify=verify))
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        await bench.clock.until(app.inbox.list)
        await app.inbox.answer(await asked(bench, app), {"happened": "yes"}, by="ann")
        assert await (await app.handle(run)).result() == "yes"
    assert bench.witness.count("paid") == 1


async def test_a_finished_once_call_is_handed_back_without_a_question(bench: Bench) -> None:
    bank = Bank(bench)
    bank.answers.set()

    @workflow
    async def pays(ctx: Context) -> str:
        receipt = await ctx.call(bank.agent(), 7)
        await ctx.sleep(10)
        return receipt

    run = await bench.parked(pays)
    assert await bench.result(run, pays, seconds=10) == "receipt 7"
    assert bench.witness.count("paid") == 1


async def test_a_function_done_once_is_in_doubt_like_an_agent(bench: Bench) -> None:
    stuck = asyncio.Event()

    async def send() -> str:
        bench.witness.saw("sent")
        await stuck.wait()
        return "sent"

    @workflow
    async def mails(ctx: Context) -> str | None:
        return await ctx.once("mail", send, effects="once")

    run = await bench.parked(mails)
    async with bench.app(mails) as app:
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, {"happened": "it was"}, by="ann")
        assert await (await app.handle(run)).result() == "it was"
    assert bench.witness.count("sent") == 1


class Stepping:
    """An agent with one step that must not happen twice."""

    def __init__(self, bench: Bench) -> None:
        self.witness = bench.witness
        self.going = asyncio.Event()
        self.error: Exception | None = None

    def flow(self) -> Any:
        async def book() -> str:
            self.witness.saw("booked")
            if self.error is not None:
                raise self.error
            await self.going.wait()
            return "booking"

        @agent
        async def clerk(_: None, steps: Steps) -> str:
            self.witness.saw("clerk")
            return await steps.once("book", book, effects="once")

        @workflow(name="books")
        async def books(ctx: Context) -> str:
            return await ctx.call(clerk)

        return books


async def in_doubt(bench: Bench, app: App) -> str:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    assert "Did book happen in clerk" in question.ask.text
    assert "step 1/book#0, idempotency key " in question.ask.text
    return question.id


async def test_a_step_in_doubt_is_asked_about_and_the_agent_goes_on(bench: Bench) -> None:
    stepping = Stepping(bench)
    run = await bench.parked(stepping.flow())
    async with bench.app(stepping.flow()) as app:
        await app.inbox.answer(await in_doubt(bench, app), {"happened": "it was"}, by="ann")
        assert await (await app.handle(run)).result() == "it was"
    assert bench.witness.count("booked") == 1


async def test_an_answer_about_a_step_settles_one_doubt_only(bench: Bench) -> None:
    stepping = Stepping(bench)
    run = await bench.parked(stepping.flow())
    async with bench.app(stepping.flow()) as app:
        await app.inbox.answer(await in_doubt(bench, app), {"not_done": True}, by="ann")
        await bench.clock.settle()
        assert bench.witness.count("booked") == 2
    async with bench.app(stepping.flow()) as app:
        await app.inbox.answer(await in_doubt(bench, app), {"happened": "second"}, by="ann")
        assert await (await app.handle(run)).result() == "second"
    assert bench.witness.count("booked") == 2


async def test_an_error_in_a_once_step_is_a_doubt(bench: Bench) -> None:
    stepping = Stepping(bench)
    stepping.error = ConnectionError("cut")
    async with bench.app(flow := stepping.flow()) as app:
        handle = await app.start(flow)
        await app.inbox.answer(await in_doubt(bench, app), {"happened": "yes"}, by="ann")
        assert await handle.result() == "yes"
        assert (await handle.status()).state is RunState.DONE
    assert bench.witness.count("booked") == 1


async def test_a_once_step_that_was_not_done_is_tried_again(bench: Bench) -> None:
    stepping = Stepping(bench)
    stepping.error = NotDone("no connection")
    run = await bench.parked(stepping.flow())
    async with bench.app(stepping.flow()) as app:
        with pytest.raises(RunFailed, match="no connection"):
            await (await app.handle(run)).result()
        assert not await app.inbox.list(state=None)


class Stopping(SqliteStore):
    """A process that is stopped right after it has committed a fact of a kind, until others think it dead."""

    def __init__(self, bench: Bench, after: FactKind) -> None:
        super().__init__(str(bench.path))
        self.bench = bench
        self.after: FactKind | None = after

    async def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Committed:
        committed = await super().commit(worker, operations, alone=alone)
        facts = [fact for each in operations if isinstance(each, Write) for fact in each.facts]
        if self.after in [fact.kind for fact in facts]:
            self.after = None
            self.bench.jump(1_000)
            self.workers.reap("w_other", self.workers.beats("w_other"))
        return committed


@pytest.mark.parametrize("where", ["call", "function", "step"])
async def test_a_worker_that_lost_its_run_after_the_intent_does_not_begin_the_effect(bench: Bench, where: str) -> None:
    async def send() -> str:
        bench.witness.saw("sent")
        return "sent"

    @agent(effects="once")
    async def sends(_: None) -> str:
        return await send()

    @agent
    async def steps_once(_: None, steps: Steps) -> str:
        return await steps.once("send", send, effects="once")

    @workflow(name="mails")
    async def mails(ctx: Context) -> str | None:
        if where == "function":
            return await ctx.once("mail", send, effects="once")
        return await ctx.call(sends if where == "call" else steps_once)

    store = Stopping(bench, FactKind.INTENT if where == "step" else FactKind.ASKED)
    async with bench.app(mails, store=store, lease=100.0) as app:
        await app.start(mails)
        await bench.clock.until(lambda: store.after is None)
        await bench.clock.settle()
        assert bench.witness.count("sent") == 0
