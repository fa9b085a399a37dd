"""Answers that whoever asked does not accept: the agent is told and asked again, then the fallbacks are."""

from typing import Any

import pytest

from podium import Call, Context, Retry, Steps, agent, human, workflow
from podium.errors import RunFailed, UsageError
from podium.model.acceptance import NOT_ACCEPTED, Acceptance
from podium.model.fact import FactKind
from podium.model.facts.calls import AttemptFailed
from podium.model.fallback import FallbackValue
from tests.unit.engine.bench import Bench


def even(value: int) -> str | None:
    return f"{value} is odd: expected an even number" if value % 2 else None


def counting(name: str, *values: int, **card: Any) -> Any:
    """Return an agent that gives one value after the other, and keeps what it was told."""
    left, told = list(values), list[str]()

    @agent(name=name, **card)
    async def count(call: Call) -> int:
        told.append(call.feedback)
        return left.pop(0) if len(left) > 1 else left[0]

    return count, told


def asking(target: Any, accept: Any, **options: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> Any:
        return await ctx.call(target, None, accept=accept, **options)

    return asks


async def test_an_agent_is_told_what_is_wrong_and_asked_again(bench: Bench) -> None:
    count, told = counting("count", 1, 3, 4)
    flow = asking(count, even)
    async with bench.app(flow) as app:
        assert await app.run(flow) == 4
    assert told == ["", "1 is odd: expected an even number", "3 is odd: expected an even number"]


@pytest.mark.parametrize("corrections", [0, 1, 4])
async def test_the_last_answer_is_given_as_it_is_once_the_corrections_are_used_up(
    bench: Bench, corrections: int
) -> None:
    count, told = counting("count", *range(1, 21, 2))
    flow = asking(count, Acceptance(rule=even, corrections=corrections))
    async with bench.app(flow) as app:
        assert await app.run(flow) == 2 * corrections + 1
    assert len(told) == corrections + 1


async def test_answers_that_are_not_accepted_use_up_no_attempts_of_a_retry(bench: Bench) -> None:
    deeds: list[int | Exception] = [1, 3, ConnectionError("away"), 4]

    @agent(retry=Retry(attempts=2, delay=0))
    async def count(call: Call) -> int:
        deed = deeds.pop(0)
        if isinstance(deed, Exception):
            raise deed
        return deed

    flow = asking(count, even)
    async with bench.app(flow) as app:
        assert await app.run(flow) == 4


async def test_each_fallback_has_as_many_corrections(bench: Bench) -> None:
    first, told_first = counting("first", 1)
    second, told_second = counting("second", 3, 5, 6)
    flow = asking(first, even, fallback=[second])
    async with bench.app(flow) as app:
        assert await app.run(flow) == 6
    assert (len(told_first), len(told_second)) == (3, 3)
    assert told_second[0] == ""


async def test_a_fallback_value_is_taken_as_it_is(bench: Bench) -> None:
    first, _ = counting("first", 1)
    flow = asking(first, even, fallback=[FallbackValue(7)])
    async with bench.app(flow) as app:
        assert await app.run(flow) == 7


async def test_what_happens_once_is_not_asked_for_again(bench: Bench) -> None:
    count, told = counting("count", 1, 2, effects="once")
    flow = asking(count, even)
    async with bench.app(flow) as app:
        assert await app.run(flow) == 1
    assert told == [""]


async def test_a_failure_in_between_takes_no_correction_away(bench: Bench) -> None:
    asked = list[str]()

    @agent
    async def shaky(call: Call) -> int:
        asked.append(call.feedback)
        if len(asked) in (1, 3):
            raise ConnectionError("the line is down")
        return 1 if len(asked) < 6 else 2

    flow = asking(shaky, even, retry=Retry(attempts=9, delay=0))
    async with bench.app(flow) as app:
        assert await app.run(flow) == 1
    assert len(asked) == 5


async def test_an_agent_that_takes_a_mapping_finds_the_remark_in_it(bench: Bench) -> None:
    seen = list[Any]()

    @agent
    async def count(task: str, remark: str | None = None) -> int:
        seen.append((task, remark))
        return len(seen)

    @workflow(name="asks")
    async def asks(ctx: Context) -> Any:
        return await ctx.call(count, {"task": "count"}, accept=Acceptance(rule=even, remark="remark"))

    async with bench.app(asks) as app:
        handle = await app.start(asks)
        assert await handle.result() == 2
        facts = await handle.facts()
    assert seen == [("count", None), ("count", "1 is odd: expected an even number")]
    [told] = [fact.content for fact in facts if fact.kind is FactKind.RETRY]
    assert isinstance(told, AttemptFailed)
    assert (told.type, told.corrected) == (NOT_ACCEPTED, 1)


async def test_a_person_reads_what_was_wrong(bench: Bench) -> None:
    boss = human("boss", text="How many?", answer=int)
    flow = asking(boss, even)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        for value, text in ((3, "How many?"), (4, "How many?\n\nThe last answer was not accepted: 3 is odd")):
            await bench.clock.settle()
            [question] = await app.inbox.list()
            assert question.ask.text.startswith(text)
            await app.inbox.answer(question.id, value, by="boss")
        assert await handle.result() == 4


async def test_a_team_is_asked_from_the_beginning(bench: Bench) -> None:
    count, told = counting("count", 1, 2)

    @workflow
    async def team(ctx: Context) -> int:
        return await ctx.call(count, None)

    flow = asking(team, even)
    async with bench.app(flow) as app:
        assert await app.run(flow) == 2
    assert len(told) == 2


def paying(way: str, paid: list[str]) -> Any:
    """Return what has a workflow pay in one of the ways in which something happens once."""

    @agent(effects="once")
    async def pay(_: None) -> str:
        paid.append("agent")
        return "paid"

    async def function() -> str:
        paid.append("function")
        return "paid"

    @agent
    async def clerk(_: None, steps: Steps) -> str:
        return str(await steps.once("pay", function, effects="once"))

    @workflow
    async def office(ctx: Context) -> str:
        return await ctx.call(pay, None)

    async def pays(ctx: Context) -> object:
        if way == "a function":
            return await ctx.once("pay", function, effects="once")
        return await ctx.call({"an agent": pay, "a step": clerk, "a team inside": office}[way], None)

    return pays


@pytest.mark.parametrize("retry", [Retry(attempts=1), Retry(attempts=3)])
@pytest.mark.parametrize("lives", [1, 20])
@pytest.mark.parametrize("way", ["an agent", "a function", "a step", "a team inside"])
async def test_a_team_that_is_asked_again_has_what_happened_once_and_asks_for_all_else_anew(
    bench: Bench, way: str, lives: int, retry: Retry
) -> None:
    paid, (count, told) = list[str](), counting("count", 1, 3, 4)
    pays = paying(way, paid)

    @workflow(retry=retry)
    async def team(ctx: Context) -> int:
        await pays(ctx)
        await ctx.sleep(5)
        n = await ctx.call(count, None)
        await ctx.sleep(5)
        return n

    flow = asking(team, even)
    run = await bench.parked(flow)
    for _ in range(lives):
        async with bench.app(flow) as app:
            for _ in range(20 // lives):
                await bench.clock.advance(5)
            if (await (await app.handle(run)).status()).state.ended:
                break
    assert await bench.result(run, flow) == 4
    assert (len(paid), len(told)) == (1, 3)


async def test_a_replay_asks_for_nothing_again(bench: Bench) -> None:
    count, told = counting("count", 1, 2)

    @workflow(name="asks")
    async def asks(ctx: Context) -> Any:
        value = await ctx.call(count, None, accept=even)
        return [value, await ctx.signal("go")]

    run = await bench.parked(asks)
    async with bench.app(asks) as app:
        handle = await app.handle(run)
        await handle.signal("go", "on")
        assert await handle.result() == [2, "on"]
    assert len(told) == 2


async def test_what_is_no_rule_is_refused(bench: Bench) -> None:
    flow = asking(counting("count", 1)[0], "even")
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed, match="expected a function"):
            await app.run(flow)
    with pytest.raises(UsageError, match="corrections"):
        Acceptance(rule=even, corrections=-1)


async def test_a_team_that_is_asked_again_has_the_same_time_in_a_replay(bench: Bench) -> None:
    @agent
    async def tells(at: float) -> int:
        return 1

    @workflow
    async def team(ctx: Context) -> int:
        n = await ctx.call(tells, ctx.now())
        await ctx.sleep(3)
        await ctx.signal("go")
        return n

    @workflow(name="asks")
    async def asks(ctx: Context) -> Any:
        await ctx.sleep(5)
        return await ctx.call(team, None, accept=even)

    run = await bench.parked(asks)
    for _ in range(3):
        async with bench.app(asks) as app:
            await bench.clock.advance(100)
            handle = await app.handle(run)
            if not (await handle.status()).state.ended:
                await handle.signal("go", None)
                await bench.clock.advance(100)
    assert await bench.result(run, asks) == 1
