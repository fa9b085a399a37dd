"""What a step sends is recorded once: with its value, when it fails, or while it takes long; never for a replay."""

import asyncio
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest

from podium import App, Context, RunState, Steps, agent, workflow
from podium.errors import RunFailed, TransportFailed
from podium.model.fact import Fact, FactKind
from podium.model.facts.calls import StepSent
from podium.model.json import Json
from podium.model.retry import Retry
from tests.unit.engine.bench import Bench

SENT, STEP = FactKind.SENT, FactKind.STEP


def told(text: str) -> Callable[[str], Json]:
    return lambda place: {"place": place, "said": text, "messages": []}


def asking(bench: Bench, *, seconds: float = 0.0, failures: int = 0, **options: Any) -> Any:
    """Return a workflow of an agent that sends something, and has an answer after some seconds or an error."""
    left = failures

    @agent(name="asks", **options)
    async def asks(text: str, steps: Steps) -> str:
        async def body() -> Json:
            nonlocal left
            steps.tell_sent(told(text))
            bench.witness.saw("sent", text)
            await bench.clock.sleep_until(bench.clock.now() + seconds)
            if left:
                left -= 1
                raise TransportFailed("no route")
            return "answer"

        return await steps.once("ask", body, key="1")

    @workflow
    async def lab(ctx: Context, text: str) -> str:
        return await ctx.call(asks, text)

    return lab


def lines(facts: list[Fact]) -> list[tuple[str, Json]]:
    """Return what was recorded of steps: which kind, and what was sent or how it failed."""
    found: list[tuple[str, Json]] = []
    for fact in facts:
        if isinstance(said := fact.content, StepSent):
            found.append((said.message or "sent", fact.value()))
        elif fact.kind in (STEP, FactKind.RETRY, FactKind.ANSWERED):
            found.append((fact.kind.name, None))
    return found


WHAT: Json = {"place": "1/ask/1", "said": "tea", "messages": []}


async def test_what_was_sent_stands_before_the_value_in_the_same_commit(bench: Bench) -> None:
    lab = asking(bench, seconds=1.9)
    async with bench.app(lab) as app:
        handle = await app.start(lab, "tea")
        await bench.clock.advance(1.8)
        before = await handle.facts()
        await bench.clock.advance(1)
        facts = await handle.facts()
    assert SENT not in [fact.kind for fact in before]
    assert lines(facts) == [("sent", WHAT), ("STEP", None), ("ANSWERED", None)]
    [sent] = [fact for fact in facts if fact.kind is SENT]
    assert isinstance(said := sent.content, StepSent)
    assert (sent.key, said.attempt, round(sent.at - said.began, 3)) == ("0/1/ask/1", 1, 1.9)


async def test_what_is_under_way_for_two_seconds_can_be_seen(bench: Bench) -> None:
    lab = asking(bench, seconds=60)
    async with bench.app(lab) as app:
        handles = [await app.start(lab, text) for text in ("tea", "milk")]
        await bench.clock.advance(1)
        late = await app.start(lab, "late")
        await bench.clock.advance(1)
        seen = [[fact.value() for fact in await each.facts() if fact.kind is SENT] for each in (*handles, late)]
        await bench.clock.advance(1)
        seen += [[fact.value() for fact in await late.facts() if fact.kind is SENT]]
        await bench.clock.advance(60)
        ends = [lines(await each.facts()) for each in (*handles, late)]
    assert seen == [[WHAT], [{**WHAT, "said": "milk"}], [], [{**WHAT, "said": "late"}]]
    assert [len(each) for each in ends] == [3, 3, 3]


async def test_what_failed_stands_with_its_error_once_for_each_attempt(bench: Bench) -> None:
    lab = asking(bench, failures=2, retry=Retry(attempts=3))
    async with bench.app(lab) as app:
        handle = await app.start(lab, "tea")
        await bench.clock.advance(600)
        facts = await handle.facts()
    failed = [("no route", WHAT), ("RETRY", None)]
    assert lines(facts) == [*failed, *failed, ("sent", WHAT), ("STEP", None), ("ANSWERED", None)]
    assert [said.attempt for fact in facts if isinstance(said := fact.content, StepSent)] == [1, 2, 3]


async def test_that_what_took_long_failed_is_recorded_without_saying_it_again(bench: Bench) -> None:
    lab = asking(bench, seconds=5, failures=1, retry=Retry(attempts=1))
    async with bench.app(lab) as app:
        handle = await app.start(lab, "tea")
        await bench.clock.advance(10)
        facts = await handle.facts()
    assert lines(facts) == [("sent", WHAT), ("no route", None), ("ANSWERED", None)]


async def test_what_a_time_limit_cut_off_is_recorded(bench: Bench) -> None:
    lab = asking(bench, seconds=60, timeout=0.01, retry=Retry(attempts=1))  # of real time
    async with bench.app(lab) as app:
        handle = await app.start(lab, "tea")
        with pytest.raises(RunFailed):
            await handle.result()
        facts = await handle.facts()
    assert lines(facts) == [("it was cut off", WHAT), ("ANSWERED", None)]


async def test_a_replay_records_nothing_of_what_was_sent_before(bench: Bench) -> None:
    lab = asking(bench)

    @workflow
    async def waits(ctx: Context, text: str) -> str:
        said = await ctx.call(lab, text)
        await ctx.sleep(100)
        return said

    run = await bench.parked(waits, "tea", lab)
    assert (await bench.ended(run, waits, lab, seconds=200)).state is RunState.DONE
    async with bench.app() as app:
        assert [fact.kind for fact in await app.runs.facts(run)].count(SENT) == 1
    assert bench.witness.counts() == {"sent tea": 1}


async def test_a_process_that_ends_records_nothing_of_what_it_cuts(bench: Bench) -> None:
    lab = asking(bench, seconds=1)
    run = await bench.parked(lab, "tea")
    async with bench.app() as app:
        assert SENT not in [fact.kind for fact in await app.runs.facts(run)]
    assert (await bench.ended(run, lab, seconds=10)).state is RunState.DONE


async def test_with_keep_messages_off_nothing_is_asked_for_or_recorded(bench: Bench) -> None:
    asked: list[str] = []

    @agent
    async def asks(_: None, steps: Steps) -> str:
        async def body() -> Json:
            steps.tell_sent(asked.append)
            return "answer"

        return await steps.once("ask", body)

    @workflow
    async def lab(ctx: Context) -> str:
        return await ctx.call(asks, None)

    async def run(app: App) -> list[FactKind]:
        handle = await app.start(lab)
        await handle.result()
        return [fact.kind for fact in await handle.facts()]

    async with bench.app(lab, keep_messages=False) as app:
        off = await run(app)
    assert (off.count(SENT), asked) == (0, [])
    async with bench.app(lab) as app:
        on = await run(app)
    assert (on.count(SENT), asked) == (1, ["1/ask#0"])
    assert [kind for kind in on if kind is not SENT] == off


async def test_what_is_too_large_to_be_kept_keeps_no_answer_away(bench: Bench) -> None:
    lab = asking(bench)
    async with bench.app(lab, max_payload_bytes=100) as app:
        handle = await app.start(lab, "x" * 90)
        assert await handle.result() == "answer"
        assert lines(await handle.facts())[0] == ("sent", None)


async def test_outside_of_a_step_nothing_is_recorded(bench: Bench) -> None:
    @agent
    async def asks(_: None, steps: Steps) -> str:
        steps.tell_sent(told("nothing"))
        return "answer"

    @workflow
    async def lab(ctx: Context) -> str:
        return await ctx.call(asks, None)

    async with bench.app(lab) as app:
        handle = await app.start(lab)
        await handle.result()
        assert SENT not in [fact.kind for fact in await handle.facts()]


async def test_steps_side_by_side_are_told_apart(bench: Bench) -> None:
    @agent
    async def asks(_: None, steps: Steps) -> list[Json]:
        async def body(n: int) -> Json:
            steps.tell_sent(told(str(n)))
            await bench.clock.sleep_until(bench.clock.now() + 3 - n)
            return n

        return await asyncio.gather(*(steps.once("ask", lambda n=n: body(n), key=str(n)) for n in range(3)))

    @workflow
    async def lab(ctx: Context) -> list[Json]:
        return await ctx.call(asks, None)

    async with bench.app(lab) as app:
        handle = await app.start(lab)
        await bench.clock.advance(5)
        facts = await handle.facts()
    assert {fact.key: fact.value()["said"] for fact in facts if fact.kind is SENT} == {
        f"0/1/ask/{n}": str(n) for n in range(3)
    }


async def test_a_run_that_fails_while_something_is_under_way_ends_with_its_end(bench: Bench) -> None:
    lab = asking(bench, seconds=60)

    @agent
    async def fails(seconds: float) -> None:
        await bench.clock.sleep_until(bench.clock.now() + seconds)
        raise ValueError("no")

    @workflow
    async def both(ctx: Context, seconds: float) -> None:
        await ctx.gather(ctx.call(lab, "tea"), ctx.call(fails, seconds))

    async with bench.app(both, lab) as app:
        handles = [await app.start(both, seconds) for seconds in (1, 2, 3)]
        await bench.clock.advance(10)
        for handle in handles:
            try:
                await handle.result()
            except RunFailed:
                facts = await handle.facts()
                assert facts[-1].kind is FactKind.ENDED
                assert [fact.kind for fact in facts].count(SENT) in (1, 2)
                assert not await app.reports.verify(handle.id)


@pytest.mark.parametrize("seconds", [1, 2])
async def test_what_an_agent_leaves_behind_harms_nothing_after_the_end_of_the_run(bench: Bench, seconds: int) -> None:
    left: list[asyncio.Task[Json]] = []

    @agent
    async def leaves(_: None, steps: Steps) -> str:
        async def body() -> Json:
            steps.tell_sent(told("tea"))
            await bench.clock.sleep_until(bench.clock.now() + 60)
            return "nobody waits for it"

        left.append(asyncio.create_task(steps.once("ask", body)))
        await bench.clock.sleep_until(bench.clock.now() + seconds)
        return "gone"

    @workflow
    async def lab(ctx: Context) -> str:
        return await ctx.call(leaves, None)

    async with bench.app(lab) as app:
        handles = [await app.start(lab) for _ in range(2)]
        await bench.clock.advance(10)
        assert [await each.result() for each in handles] == ["gone"] * 2
        assert [(await each.facts())[-1].kind for each in handles] == [FactKind.ENDED] * 2
        assert not [await app.reports.verify(each.id) for each in handles if await app.reports.verify(each.id)]
        again = await app.start(lab)
        await bench.clock.advance(10)
        assert await again.result() == "gone"
        await bench.clock.advance(60)
        await asyncio.wait(left)
        assert all(each.exception() is not None for each in left)


def raising() -> Json:
    raise ValueError("a bug of theirs")


def badly() -> Json:
    raise ValueError("half a \ud800")


HOSTILE: dict[str, tuple[Callable[[], Json], str]] = {
    "raises": (raising, "ValueError: a bug of theirs"),
    "no JSON": (lambda: {"said": {1, 2}, "messages": []}, "InvalidValue: expected JSON, got dict: "),
    "too large": (lambda: {"said": "x" * 2_000_000, "messages": []}, "it is "),
    "no text": (badly, "ValueError: half a ?"),
    "too deep": (
        lambda: {"messages": [], "x": reduce(lambda inner, _: [inner], range(400), "x")},
        "InvalidValue: expected JSON, got ",
    ),
    "another shape": (lambda: {"messages": "tea"}, "UsageError: messages of what is sent is 'tea'; expected a list of"),
}


@pytest.mark.parametrize("seconds", [0, 60], ids=["fast", "slow"])
@pytest.mark.parametrize("case", HOSTILE)
async def test_what_cannot_be_kept_changes_no_run_and_says_why(bench: Bench, case: str, seconds: int) -> None:
    sent, why = HOSTILE[case]

    @agent(name="tells", retry=Retry(attempts=1))
    async def asks(ends: str, steps: Steps) -> str:
        async def body() -> Json:
            steps.tell_sent(lambda _: sent())
            await bench.clock.sleep_until(bench.clock.now() + seconds)
            if ends == "fails":
                raise TransportFailed("no route \ud800")
            return "answer"

        return await steps.once("ask", body)

    @workflow
    async def hostile(ctx: Context, ends: str) -> str:
        return await ctx.call(asks, ends)

    other = asking(bench, seconds=90)
    async with bench.app(hostile, other, max_payload_bytes=1_000_000) as app:
        innocent = await app.start(other, "x")
        handle, failing = await app.start(hostile, "ends"), await app.start(hostile, "fails")
        await bench.clock.advance(100)
        assert (await handle.result(), await innocent.result()) == ("answer", "answer")
        with pytest.raises(RunFailed, match="no route"):
            await failing.result()
        facts = [each for run in (handle, failing) for each in await run.facts()]
    notes = [said for each in facts if isinstance(said := each.content, StepSent)]
    assert [said.message for said in notes] == (["", "no route ?"] if not seconds else ["", "", "no route ?"])
    assert [said.why.startswith(why) for said in notes] == ([True] * 2 if not seconds else [True, True, False])


@pytest.mark.parametrize("seconds", [0, 3], ids=["fast", "slow"])
async def test_what_is_kept_for_people_takes_no_fact_that_the_run_needs(bench: Bench, seconds: int) -> None:
    """Under `max_facts` a run is blocked by what it needs itself, with its answer recorded, and no other is harmed."""

    @agent(name="many")
    async def asks(before: int, steps: Steps) -> str:
        async def nothing() -> Json:
            return None

        async def body() -> Json:
            steps.tell_sent(told("tea"))
            bench.witness.saw("sent", str(before))
            await bench.clock.sleep_until(bench.clock.now() + seconds)
            return "answer"

        for _ in range(before):
            await steps.once("small", nothing)
        return await steps.once("ask", body)

    @workflow
    async def hostile(ctx: Context, before: int) -> str:
        return await ctx.call(asks, before)

    other, most = asking(bench, seconds=9), 20
    async with bench.app(hostile, other, max_facts=most) as app:
        innocent = await app.start(other, "x")
        handles = [await app.start(hostile, before) for before in range(12, 19)]
        await bench.clock.advance(10)
        assert await innocent.result() == "answer"
        kinds = [[fact.kind for fact in await each.facts()] for each in handles]
        states = [(await each.status()).state for each in handles]
        seen = bench.witness.counts()
    assert states == [RunState.DONE] * 3 + [RunState.BLOCKED] * 4
    assert [len(each) for each in kinds] == [18, 19, 20, 20, 20, 20, 20]
    assert [each.count(SENT) for each in kinds] == [1, 1, 1, 1, 1, 0, 0]
    assert [each.count(STEP) for each in kinds] == [13, 14, 15, 16, 17, 18, 18]  # an answer, while there is room
    assert seen["sent 17"] == 1
