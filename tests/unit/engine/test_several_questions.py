"""Several steps of one call ask people at once: each once, each goes on by itself, whatever comes between."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, RunState, Steps, agent, workflow
from podium.errors import CallCancelled, CallError, InvalidValue, RunFailed, Suspended
from podium.model.consent import Consent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Refused, Until
from podium.model.question import APPROVAL_SCHEMA, Ask, Question, QuestionState
from podium.model.retry import Retry
from podium.model.step import tool_step
from tests.unit.engine.bench import Bench

YES: Json = {"approved": True}
NO: Json = {"approved": False, "comment": "too much"}


def told(no: Refused) -> Json:
    return f"no: {no.reason}"


def may(n: int, *, within: float | None = None) -> Ask:
    return Ask(
        text=f"May it pay {n}?", subject={"n": n}, schema=APPROVAL_SCHEMA, to="boss", within=within, kind="permission"
    )


def calling(target: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target)

    return calls


def paying(bench: Bench, count: int, *, within: float | None = None, refused: Any = told, name: str = "pay") -> Any:
    """Return a workflow whose agent pays several at once, each after somebody allowed it."""

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def pay(n: int) -> Json:
            async def work() -> Json:
                bench.witness.saw("paid", n)
                return n

            consent = Consent(ask=may(n, within=within), refused=refused)
            return await steps.once_allowed(name, work, consent, input={"arguments": {"n": n}}, key=str(n))

        return list(await asyncio.gather(*map(pay, range(count))))

    return calling(clerk)


async def open_ones(app: App) -> dict[int, Question]:
    """Return the open questions, by what they are about."""
    return {(each.ask.subject.get("arguments") or each.ask.subject)["n"]: each for each in await app.inbox.list()}


async def every(app: App) -> list[Question]:
    return list(await app.inbox.list(state=None))


async def test_all_are_open_at_once_and_each_goes_on_after_its_answer(bench: Bench) -> None:
    flow = paying(bench, 4)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        assert sorted(await open_ones(app)) == [0, 1, 2, 3]
        assert (await handle.status()).state is RunState.PARKED
        await app.inbox.answer((await open_ones(app))[2].id, YES, by="ada")
        await bench.clock.settle()
        assert bench.witness.counts() == {"paid 2": 1}
        assert sorted(await open_ones(app)) == [0, 1, 3]
        for n, question in (await open_ones(app)).items():
            await app.inbox.answer(question.id, NO if n == 1 else YES, by="ada")
        assert await handle.result() == [0, "no: ada did not approve it: too much", 2, 3]
        assert len(await every(app)) == 4
    assert bench.witness.counts() == {"paid 0": 1, "paid 2": 1, "paid 3": 1}


@pytest.mark.parametrize("seed", range(12))
async def test_in_whichever_order_they_are_answered_and_whenever_the_process_ends(bench: Bench, seed: int) -> None:
    chance, count = random.Random(seed), 5
    said = {n: chance.random() < 0.6 for n in range(count)}
    flow = paying(bench, count)
    run = await bench.parked(flow)
    left = list(range(count))
    chance.shuffle(left)
    while left:
        now, left = left[: (many := chance.randint(1, 3))], left[many:]
        if chance.random() < 0.5:  # while nobody drives it
            async with bench.app() as app:
                for n in now:
                    await app.inbox.answer((await open_ones(app))[n].id, YES if said[n] else NO, by="ada")
                now = []
        async with bench.app(flow) as app:
            for n in now:
                await app.inbox.answer((await open_ones(app))[n].id, YES if said[n] else NO, by="ada")
            for _ in range(chance.randint(0, 30)):
                await asyncio.sleep(0)
    assert await bench.result(run, flow) == [
        n if yes else "no: ada did not approve it: too much" for n, yes in said.items()
    ]
    assert bench.witness.counts() == {f"paid {n}": 1 for n, yes in said.items() if yes}
    async with bench.app() as app:
        assert len(await every(app)) == count


async def test_a_sibling_that_has_nothing_to_ask_goes_on_and_comes_to_its_end(bench: Bench) -> None:
    slow = asyncio.Event()

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def paid() -> Json:
            return "paid"

        async def look() -> Json:
            bench.witness.saw("looks")
            await slow.wait()
            return "seen"

        asks = steps.once_allowed("pay", paid, Consent(ask=may(1)), input={"arguments": {"n": 1}})
        return list(await asyncio.gather(asks, steps.once("look", look)))

    calls = calling(clerk)

    async with bench.app(calls) as app:
        handle = await app.start(calls)
        await bench.clock.settle()
        assert sorted(await open_ones(app)) == [1]
        assert (await handle.status()).state is RunState.RUNNING
        slow.set()
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
        await app.inbox.answer((await open_ones(app))[1].id, YES, by="ada")
        assert await handle.result() == ["paid", "seen"]
    assert bench.witness.counts() == {"looks": 1}


async def test_after_a_crash_a_sibling_goes_on_though_nobody_has_answered(bench: Bench) -> None:
    slow = asyncio.Event()

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def paid() -> Json:
            return "paid"

        async def look() -> Json:
            await slow.wait()
            bench.witness.saw("looked")
            return "seen"

        asks = steps.once_allowed("pay", paid, Consent(ask=may(1)), input={"arguments": {"n": 1}})
        return list(await asyncio.gather(asks, steps.once("look", look)))

    calls = calling(clerk)

    run = await bench.parked(calls)
    slow.set()
    stands = await bench.ended(run, calls)
    assert stands.state is RunState.PARKED
    assert bench.witness.counts() == {"looked": 1}
    async with bench.app(calls) as app:
        assert len(await every(app)) == 1
        await app.inbox.answer((await open_ones(app))[1].id, YES, by="ada")
        assert await (await app.handle(run)).result() == ["paid", "seen"]


async def test_each_expires_at_its_own_time_and_counts_as_a_no(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def paid() -> Json:
            return "paid"

        async def pay(n: int, within: float) -> Json:
            consent = Consent(ask=may(n, within=within), refused=told)
            return await steps.once_allowed("pay", paid, consent, input={"arguments": {"n": n}}, key=str(n))

        return list(await asyncio.gather(*itertools.starmap(pay, [(1, 60.0), (2, 600.0), (3, 30.0)])))

    calls = calling(clerk)

    async with bench.app(calls) as app:
        handle = await app.start(calls)
        await bench.clock.advance(40.0)
        assert sorted(await open_ones(app)) == [1, 2]
        await app.inbox.answer((await open_ones(app))[2].id, YES, by="ada")
        await bench.clock.advance(30.0)
        no = "no: nobody approved it in time; asked were boss"
        assert await handle.result() == [no, "paid", no]


async def test_without_a_value_for_it_a_no_ends_the_call_and_withdraws_the_other_questions(bench: Bench) -> None:
    pays = paying(bench, 3, refused=None)

    @workflow
    async def flow(ctx: Context) -> str:
        try:
            await ctx.call(pays)
        except CallError as error:
            await ctx.sleep(60)
            return str(error)
        return ""

    async with bench.app(flow, pays) as app:
        await app.start(flow)
        await bench.clock.settle()
        await app.inbox.answer((await open_ones(app))[1].id, NO, by="ada")
        await bench.clock.settle()
        states = sorted(str(each.state) for each in await every(app))
        assert states == ["answered", "withdrawn", "withdrawn"]
    assert bench.witness.counts() == {}


async def test_a_cancel_withdraws_all_of_them_also_while_a_sibling_works(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def pay(n: int) -> Json:
            async def paid() -> Json:
                if not n:
                    await stuck.wait()
                return n

            consent = Consent(ask=may(n) if n else None)
            return await steps.once_allowed("pay", paid, consent, input={"arguments": {"n": n}}, key=str(n))

        return list(await asyncio.gather(*map(pay, range(3))))

    @agent
    async def quick() -> str:
        return "first"

    @workflow
    async def races(ctx: Context) -> Any:
        async def later(ctx: Context) -> str:
            await ctx.sleep(10)
            return "first"

        won = await ctx.race(ctx.call(calling(clerk)), ctx.branch(later))
        await ctx.sleep(600)
        return won

    async with bench.app(races) as app:
        await app.start(races)
        await bench.clock.settle()
        assert sorted(await open_ones(app)) == [1, 2]
        await bench.clock.advance(11)
        assert [str(each.state) for each in await every(app)] == ["withdrawn", "withdrawn"]


async def test_a_sibling_that_fails_withdraws_them_and_they_are_asked_again_with_the_next_attempt(bench: Bench) -> None:
    fails = [True]

    @agent(retry=Retry(attempts=2))
    async def clerk(steps: Steps) -> list[Any]:
        async def paid() -> Json:
            bench.witness.saw("paid")
            return "paid"

        async def look() -> Json:
            await asyncio.sleep(0)
            if fails.pop() if fails else False:
                raise ValueError("down")
            return "seen"

        asks = steps.once_allowed("pay", paid, Consent(ask=may(1)), input={"arguments": {"n": 1}}, key="a")
        return list(await asyncio.gather(asks, steps.once("look", look)))

    calls = calling(clerk)

    async with bench.app(calls) as app:
        handle = await app.start(calls)
        await bench.clock.advance(5.0)
        assert sorted(str(each.state) for each in await every(app)) == ["open", "withdrawn"]
        await app.inbox.answer((await open_ones(app))[1].id, YES, by="ada")
        assert await handle.result() == ["paid", "seen"]
        assert sorted(str(each.state) for each in await every(app)) == ["answered", "withdrawn"]
    assert bench.witness.counts() == {"paid": 1}


async def test_what_was_not_allowed_is_not_asked_again_when_the_same_is_wanted_once_more(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def paid() -> Json:
            return "paid"

        async def pay(n: int, key: str) -> Json:
            consent = Consent(ask=may(n), refused=told)
            return await steps.once_allowed("pay", paid, consent, input={"arguments": {"n": n}}, key=key)

        return [await pay(5, "a"), await pay(5, "b"), await pay(6, "c")]

    calls = calling(clerk)

    run = await bench.parked(calls)
    async with bench.app(calls) as app:
        await app.inbox.answer((await open_ones(app))[5].id, NO, by="ada")
        await bench.clock.settle()
        assert sorted(await open_ones(app)) == [6]
    async with bench.app(calls) as app:
        await app.inbox.answer((await open_ones(app))[6].id, YES, by="ada")
        no = "no: ada did not approve it: too much"
        assert await (await app.handle(run)).result() == [no, no, "paid"]
        assert len(await every(app)) == 2


async def test_what_a_person_puts_in_place_of_the_arguments_is_done_and_judged(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "policy.cedar"
    file.write_text(
        'permit(principal, action, resource);\n@id("pay") @ask("boss")\n'
        'forbid(principal, action == Action::"tool", resource in Agent::"clerk");\n'
        '@id("most") @reason("that is too much")\n'
        'forbid(principal, action == Action::"tool", resource) when { context.input.n > 9 };\n'
    )

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def pay(key: str) -> Json:
            async def work() -> Json:
                said = next(iter(steps.granted.values()))
                n = said.get("value", {"n": 1})["n"]
                bench.witness.saw("paid", n)
                return n

            consent = Consent(edit={"type": "object", "properties": {"n": {"type": "integer"}}}, refused=told)
            return await steps.once_allowed(tool_step("pay"), work, consent, input={"arguments": {"n": 1}}, key=key)

        return list(await asyncio.gather(*map(pay, ("a", "b", "c"))))

    calls = calling(clerk)

    async with bench.app(calls, policy={"file": str(file)}) as app:
        handle = await app.start(calls)
        await bench.clock.settle()
        first, second, third = await app.inbox.list()
        assert first.ask.subject == {"arguments": {"n": 1}}
        with pytest.raises(InvalidValue, match="does not fit"):
            await app.inbox.answer(first.id, {"approved": True, "value": {"n": "x"}}, by="ada")
        await app.inbox.answer(first.id, {"approved": True, "value": {"n": 5}}, by="ada")
        await app.inbox.answer(second.id, {"approved": True, "value": {"n": 50}}, by="ada")
        await app.inbox.answer(third.id, YES, by="ada")
        paid, refused, as_asked = await handle.result()
        assert (paid, as_asked) == (5, 1)
        assert refused.endswith("forbids it: that is too much")
        notices = [fact.body["decision"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
    assert bench.witness.counts() == {"paid 1": 1, "paid 5": 1}
    assert sorted(notices) == ["approved", "approved", "ask", "ask", "ask", "deny"]


async def test_a_step_asks_people_for_its_own_value(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def ask(n: int) -> Json:
            async def work() -> Json:
                return await steps.ask(Ask(text="Which?", subject={"n": n}, to="boss"))

            return await steps.once("ask", work, input=n, key=str(n), effects="once")

        return list(await asyncio.gather(*map(ask, range(3))))

    calls = calling(clerk)

    run = await bench.parked(calls)
    for n in (2, 0):
        async with bench.app(calls) as app:
            await app.inbox.answer((await open_ones(app))[n].id, f"answer {n}", by="ada")
            await bench.clock.settle()
    async with bench.app(calls) as app:
        await app.inbox.answer((await open_ones(app))[1].id, None, by="ada")
        assert await (await app.handle(run)).result() == ["answer 0", None, "answer 2"]
        assert len(await every(app)) == 3


async def test_effects_in_doubt_are_asked_about_all_at_once(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def pay(n: int) -> Json:
            async def work() -> Json:
                bench.witness.saw("paid", n)
                await stuck.wait()
                return n

            return await steps.once("pay", work, input=n, key=str(n), effects="once")

        return list(await asyncio.gather(*map(pay, range(3))))

    calls = calling(clerk)

    run = await bench.parked(calls)
    stuck.set()
    async with bench.app(calls) as app:
        await bench.clock.settle()
        asked = await app.inbox.list()
        assert [each.ask.kind for each in asked] == ["in_doubt"] * 3
        said: Sequence[Json] = [{"happened": 70}, {"not_done": True}, {"happened": 72}]
        for question, answer in zip(sorted(asked, key=lambda each: each.ask.text), said, strict=True):
            await app.inbox.answer(question.id, answer, by="ada")
        found = await (await app.handle(run)).result()
        assert [each for each in found if each > 9] == [70, 72]
        assert len(await every(app)) == 3
    assert sorted(bench.witness.counts().values()) == [1, 1, 2]


async def test_a_question_outside_of_a_step_is_a_mistake_that_is_told(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> Any:
        return await steps.ask(Ask(text="Which?"))

    calls = calling(clerk)

    async with bench.app(calls) as app:
        handle = await app.start(calls)
        with pytest.raises(RunFailed, match="is asked outside of a step"):
            await handle.result()


async def test_a_closed_question_is_not_answered_twice(bench: Bench) -> None:
    flow = paying(bench, 2)
    async with bench.app(flow) as app:
        await app.start(flow)
        await bench.clock.settle()
        question = (await open_ones(app))[0]
        await app.inbox.answer(question.id, YES, by="ada")
        await bench.clock.settle()
        assert (await app.inbox.get(question.id)).state is QuestionState.ANSWERED


@pytest.mark.parametrize("asks", ["the run", "its steps"])
async def test_a_cancel_that_comes_while_nobody_drives_the_run_withdraws_what_it_had_asked(
    bench: Bench, asks: str
) -> None:
    flow = paying(bench, 2)

    @workflow
    async def waits(ctx: Context) -> str:
        try:
            await (ctx.call(flow) if asks == "its steps" else ctx.ask("Well?"))
        except CallCancelled:
            await ctx.sleep(60)
        return "over"

    run = await bench.parked(waits, None, flow)
    async with bench.app() as app:
        await (await app.handle(run)).cancel()
    async with bench.app(waits, flow) as app:
        await bench.clock.settle()
        assert {str(each.state) for each in await every(app)} == {"withdrawn"}


async def test_a_sibling_that_comes_to_its_question_a_little_later_asks_before_the_agent_is_left(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def pay(n: int) -> Json:
            async def work() -> Json:
                return n

            for _ in range(4 * n):
                await asyncio.sleep(0)
            return await steps.once_allowed("pay", work, Consent(ask=may(n)), input={"arguments": {"n": n}}, key=str(n))

        async with asyncio.TaskGroup() as group:  # which cancels the others once one is left
            return [task.result() for task in [group.create_task(pay(n)) for n in range(2)] if await task is not None]

    calls = calling(clerk)
    async with bench.app(calls) as app:
        await app.start(calls)
        await bench.clock.settle()
        assert sorted(await open_ones(app)) == [0, 1]


async def test_a_step_that_is_held_back_goes_on_at_its_time_though_another_one_asks(bench: Bench) -> None:
    @agent
    async def clerk(steps: Steps) -> list[Any]:
        async def late() -> Json:
            if bench.clock.now() < began + 60:
                raise Suspended(Until(began + 60, "no room"), "1/late/a")  # as the rule of limits has it
            bench.witness.saw("late")
            return "late"

        async def paid() -> Json:
            return "paid"

        asks = steps.once_allowed("pay", paid, Consent(ask=may(1)), input={"arguments": {"n": 1}}, key="a")
        return list(await asyncio.gather(asks, steps.once("late", late, key="a")))

    calls, began = calling(clerk), bench.clock.now()
    async with bench.app(calls) as app:
        handle = await app.start(calls)
        await bench.clock.settle()
        assert bench.witness.counts() == {}
        await bench.clock.advance(61)
        assert bench.witness.counts() == {"late": 1}
        await app.inbox.answer((await open_ones(app))[1].id, YES, by="ada")
        assert await handle.result() == ["paid", "late"]
        assert len(await every(app)) == 1
