"""A run that failed is kept with its input, its error and every attempt, until it is requeued or discarded."""

from pathlib import Path
from typing import Any

import pytest

from podium import Budget, Context, Retry, RunState, agent, workflow
from podium.errors import BadAnswer, CallFailed, NotPossible, TransportFailed, UnknownRun
from podium.model.fact import FactKind
from podium.model.failure_cause import FailureCause
from podium.model.retry import FailureKind
from podium.reports.dead_letters import dead_letter
from podium.store.protocol import DeadQuery
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class Switch:
    """What makes an agent fail, until somebody has mended it."""

    def __init__(self) -> None:
        self.broken = True


def desk(bench: Bench, switch: Switch, *, attempts: int = 3) -> Any:
    @agent(name="send", retry=Retry(attempts=attempts, delay=1.0, jitter=0.0))
    async def send(text: str) -> str:
        bench.witness.saw("send", text)
        if switch.broken:
            raise TransportFailed("the line is down")
        return f"sent {text}"

    @workflow(name="desk")
    async def desk(ctx: Context, text: str) -> str:
        await ctx.call(echo, text)
        return await ctx.call(send, text)

    return desk


async def test_a_run_whose_call_used_up_its_attempts_is_kept_with_input_error_and_history(bench: Bench) -> None:
    flow = desk(bench, Switch())
    async with bench.app(flow) as app:
        handle = await app.start(flow, "hello", tenant="acme")
        await bench.clock.advance(10)
        (letter,) = await app.reports.dead_letters()
        (call,) = letter.calls
        assert (letter.run.id, letter.run.tenant, letter.kind, letter.agents) == (
            handle.id,
            "acme",
            "transport",
            ["send"],
        )
        assert (call.key, call.input, call.attempts) == ("1", "hello", 3)
        assert call.error == "podium.errors.TransportFailed: the line is down"
        assert [(each.kind, each.error) for each in call.tried] == [("transport", call.error)] * 3
        assert [each.at - letter.run.created_at for each in call.tried] == [0, 1, 3]


async def test_a_requeue_goes_on_from_what_failed_and_repeats_nothing_else(bench: Bench) -> None:
    switch = Switch()
    flow = desk(bench, switch)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "hello")
        await bench.clock.advance(10)
        switch.broken = False
        (done,) = await app.operations.requeue(handle.id)
        assert (done.run, done.error) == (handle.id, "")
        assert await handle.result() == "sent hello"
        assert not await app.reports.dead_letters()
    assert bench.witness.count("send") == 4


async def test_one_that_fails_again_is_a_dead_letter_again_with_all_that_was_tried(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=2)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "hello")
        await bench.clock.advance(10)
        await app.operations.requeue(handle.id)
        await bench.clock.advance(10)
        (letter,) = await app.reports.dead_letters()
        assert (letter.calls[0].attempts, len(letter.calls[0].tried)) == (2, 4)


async def test_what_is_wrong_with_one_does_not_stop_the_others(bench: Bench) -> None:
    switch = Switch()
    flow = desk(bench, switch)
    async with bench.app(flow) as app:
        handles = [await app.start(flow, str(n)) for n in range(3)]
        await bench.clock.advance(10)
        switch.broken = False
        done = await app.operations.requeue(handles[0].id, "run_nobody", handles[1].id, handles[2].id, handles[2].id)
        assert [bool(each.error) for each in done] == [False, True, False, False, True]
        assert [await handle.result() for handle in handles] == ["sent 0", "sent 1", "sent 2"]


async def test_a_refused_call_makes_one_too(bench: Bench) -> None:
    flow = desk(bench, Switch())
    async with bench.app(flow) as app:
        await app.start(flow, "x", budget=Budget(calls=1))
        await bench.clock.settle()
        (letter,) = await app.reports.dead_letters()
        assert (letter.kind, letter.agents, bench.witness.count("send")) == ("refused", ["send"], 0)
        assert letter.calls[0].error.startswith("budget:")


async def test_what_the_code_of_the_workflow_raised_names_no_call(bench: Bench) -> None:
    @workflow(name="buggy")
    async def buggy(ctx: Context) -> None:
        raise ValueError("a bug")

    async with bench.app(buggy) as app:
        await app.start(buggy)
        await bench.clock.settle()
        (letter,) = await app.reports.dead_letters()
        assert (letter.kind, letter.error, letter.calls) == ("workflow", "ValueError: a bug", ())


async def test_a_call_inside_an_inline_workflow_is_what_failed(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=1)

    @workflow(name="outer")
    async def outer(ctx: Context) -> str:
        return await ctx.call(flow, "x")

    async with bench.app(outer, flow) as app:
        await app.start(outer)
        await bench.clock.settle()
        (letter,) = await app.reports.dead_letters()
        assert [(call.agent, call.key) for call in letter.calls] == [("send", "0.1")]


async def test_a_failure_that_the_workflow_caught_is_no_dead_letter(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=1)

    @workflow(name="careful")
    async def careful(ctx: Context) -> str:
        try:
            return await ctx.call(flow, "x")
        except CallFailed:
            return "never mind"

    async with bench.app(careful, flow) as app:
        assert await app.run(careful) == "never mind"
        assert not await app.reports.dead_letters()


async def test_they_are_found_by_who_failed_how_where_for_whom_and_when(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=1)

    @workflow(name="buggy")
    async def buggy(ctx: Context) -> None:
        raise ValueError("a bug")

    async with bench.app(flow, buggy) as app:
        first = (await app.start(flow, "x", tenant="acme")).id
        await bench.clock.advance(100)
        second = (await app.start(buggy)).id
        await app.start(echoes)
        await bench.clock.advance(1)

        async def found(**wanted: Any) -> list[str]:
            return [letter.run.id for letter in await app.reports.dead_letters(**wanted)]

        assert await found() == [second, first]
        assert await found(limit=1) == [second]
        assert (
            await found(agent="send")
            == await found(kind=FailureCause.TRANSPORT)
            == await found(tenant="acme")
            == await found(workflow="desk")
            == [first]
        )
        assert await found(kind=FailureCause.WORKFLOW) == await found(since=bench.clock.now() - 10) == [second]
        assert await found(agent="nobody") == []
        assert [dead.run.id for dead in await app.store.dead(DeadQuery(asked="send"))] == [first]


@workflow
async def echoes(ctx: Context) -> str:
    return await ctx.call(echo, "x")


async def test_all_are_found_page_by_page_and_those_not_wanted_leave_no_gap(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=1)
    async with bench.app(flow) as app:
        runs = [(await app.start(flow, str(n))).id for n in range(5)]
        await bench.clock.settle()
        assert [letter.run.id for letter in await app.reports.dead_letters()] == runs[::-1]
        await app.operations.discard(runs[3], why="test")
        first = await app.reports.dead_letters(limit=2)
        rest = await app.reports.dead_letters(limit=2, cursor=first.cursor)
        assert [letter.run.id for page in (first, rest) for letter in page] == [runs[4], *runs[2::-1]]


async def test_a_discarded_one_is_no_more_listed_and_says_who_and_why(bench: Bench) -> None:
    flow = desk(bench, Switch(), attempts=1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "x")
        await bench.clock.settle()
        failed = await handle.status()
        await app.operations.discard(handle.id, by="ann", why="the order was cancelled")
        assert not await app.reports.dead_letters()
        (letter,) = await app.reports.dead_letters(discarded=True)
        assert letter.discarded is not None
        assert (letter.discarded.by, letter.discarded.why) == ("ann", "the order was cancelled")
        assert (letter.kind, letter.agents) == ("transport", ["send"])
        now = await handle.status()
        assert (now.state, now.reason, now.ended_at) == (failed.state, failed.reason, failed.ended_at)
        last = (await app.runs.facts(handle.id))[-1]
        assert (last.kind, last.epoch) == (FactKind.NOTICE, failed.epoch + 1)
        assert await app.reports.verify(handle.id) == []


async def test_a_discarded_one_is_not_requeued_nor_discarded_again(bench: Bench) -> None:
    switch = Switch()
    flow = desk(bench, switch, attempts=1)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "x")
        await bench.clock.settle()
        await app.operations.discard(handle.id, by="ann", why="obsolete")
        (done,) = await app.operations.requeue(handle.id)
        assert "was discarded by ann: obsolete" in done.error
        with pytest.raises(NotPossible, match="discarded already, by ann"):
            await app.operations.discard(handle.id, by="bob", why="me too")
        switch.broken = False
        await app.operations.retry(handle.id)
        assert await handle.result() == "sent x"


async def test_what_is_no_dead_letter_cannot_be_discarded(bench: Bench) -> None:
    async with bench.app(echoes) as app:
        handle = await app.start(echoes)
        await handle.result()
        with pytest.raises(NotPossible, match="is done"):
            await app.operations.discard(handle.id, by="ann", why="x")
        with pytest.raises(UnknownRun):
            await dead_letter(app.store, "run_nobody")


async def test_a_run_whose_time_was_up_is_requeued_with_as_much_time_again(bench: Bench) -> None:
    @agent
    async def tidy(_: None) -> None:
        bench.witness.saw("tidy")

    @workflow
    async def slow(ctx: Context) -> str:
        await ctx.call(echo, "x")
        try:
            await ctx.sleep(90)
        finally:
            await ctx.call(tidy, None)
        await ctx.sleep(20)
        return "done"

    async with bench.app(slow, tidy) as app:
        handle = await app.start(slow, within=60)
        await bench.clock.advance(60)
        (letter,) = await app.reports.dead_letters()
        assert (letter.kind, letter.calls) == ("timeout", ())
        assert [each.error for each in await app.operations.requeue(handle.id)] == [""]
        await bench.clock.advance(59)
        assert await handle.result() == "done"
    assert bench.witness.count("tidy") == 2


@pytest.mark.parametrize("inline", [False, True])
async def test_the_child_run_that_made_a_run_fail_goes_on_with_it(bench: Bench, *, inline: bool) -> None:
    switch = Switch()
    flow = desk(bench, switch, attempts=1)

    @workflow(name="parent")
    async def parent(ctx: Context) -> str:
        child = await ctx.spawn(flow, "x")
        return await child.result()

    @workflow(name="outer")
    async def outer(ctx: Context) -> str:
        return await ctx.call(parent) if inline else await (await ctx.spawn(parent, None)).result()

    async with bench.app(outer, parent, flow) as app:
        handle = await app.start(outer)
        await bench.clock.settle()
        assert {letter.kind for letter in await app.reports.dead_letters()} >= {FailureCause.TRANSPORT}
        assert [each.error for each in await app.operations.requeue(handle.id)] == [""]
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.FAILED
        switch.broken = False
        assert [each.error for each in await app.operations.requeue(handle.id)] == [""]
        assert await handle.result() == "sent x"
        assert not await app.reports.dead_letters()
    assert bench.witness.count("send") == 3


async def test_child_runs_that_were_stopped_with_a_run_go_on_with_it(bench: Bench) -> None:
    @workflow
    async def slow(ctx: Context) -> str:
        await ctx.sleep(90)
        return "done"

    @workflow
    async def parent(ctx: Context) -> list[str]:
        children = [await ctx.spawn(slow, None) for _ in range(2)]
        return await ctx.gather(*(child.result() for child in children))

    async with bench.app(parent, slow) as app:
        handle = await app.start(parent, within=60)
        await bench.clock.advance(60)
        assert [letter.kind for letter in await app.reports.dead_letters()] == [FailureCause.TIMEOUT] * 3
        await app.operations.requeue(handle.id)
        await bench.clock.advance(59)
        assert await handle.result() == ["done", "done"]


async def test_a_question_that_was_taken_back_when_the_run_failed_is_asked_anew(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> str:
        return await ctx.ask("Well?")

    async with bench.app(asks) as app:
        handle = await app.start(asks, within=60)
        await bench.clock.advance(60)
        await app.operations.requeue(handle.id)
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, "well", by="ann")
        assert await handle.result() == "well"
        assert (await handle.status()).state is RunState.DONE


def test_whatever_a_call_can_fail_with_a_run_can_die_of() -> None:
    assert {str(kind) for kind in FailureKind} < {str(kind) for kind in FailureCause}


async def test_an_answer_that_could_not_be_used_is_told_as_such(bench: Bench) -> None:
    """It was given, so nothing in the journal says that it failed, but for what the run ended with."""
    answers = iter([11, 5])

    @agent
    async def rate(text: str) -> int:
        return next(answers)

    @workflow
    async def rated(ctx: Context, text: str) -> int:
        call = ctx.call(rate, text)
        stars = await call
        if stars > 10:
            raise BadAnswer(f"{stars} stars").about(call.key)
        return stars

    async with bench.app(rated) as app:
        handle = await app.start(rated, "tea")
        await bench.clock.settle()
        (letter,) = await app.reports.dead_letters()
        (call,) = letter.calls
        assert (letter.kind, letter.error) == (FailureCause.VALIDATION, "BadAnswer: 11 stars")
        assert (call.agent, call.input, call.error) == ("rate", "tea", "the answer could not be used")
        assert [each.error for each in await app.operations.requeue(handle.id)] == [""]
        assert await handle.result() == 5
