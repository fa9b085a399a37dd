"""A fork shares what is over; what is under way is the old run's, and is begun anew."""

import asyncio
from typing import Any

import pytest

from podium import Context, RunState, Steps, agent, workflow
from podium.errors import InvalidValue, NotPossible, RunFailed
from podium.model.fact import FactKind
from podium.patterns import vote
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def child(ctx: Context, n: int) -> int:
    return n + await ctx.signal("go", int)


@workflow
async def asks_late(ctx: Context) -> int:
    started = await ctx.spawn(child, 10)
    await ctx.call(echo, "here it is cut")
    return await started.result()


@workflow
async def asks_early(ctx: Context) -> int:
    started = await ctx.spawn(child, 10)
    value = await started.result()
    return await ctx.call(echo, value)


async def children(app: Any, run: str) -> list[str]:
    return [each.id for each in await app.runs.list(parent=run)]


async def test_a_child_run_that_has_not_ended_is_left_behind_and_a_new_one_is_started(bench: Bench) -> None:
    async with bench.app(asks_late, child) as app:
        old = await app.start(asks_late)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1")
        await bench.clock.settle()
        assert await children(app, fork.id) == [f"{fork.id}.0"]
        await (await app.handle(f"{fork.id}.0")).signal("go", 2)
        assert await fork.result() == 12
        assert (await old.status()).state is RunState.PARKED
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11


async def test_a_child_run_that_ended_before_its_result_was_asked_for_is_left_behind_too(bench: Bench) -> None:
    async with bench.app(asks_late, child) as app:
        old = await app.start(asks_late)
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11
        fork = await app.operations.fork(old.id, "1")
        await bench.clock.settle()
        await (await app.handle(f"{fork.id}.0")).signal("go", 2)
        assert await fork.result() == 12


async def test_a_child_run_whose_result_is_awaited_still_is_left_behind_with_the_wait(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    async def awaits(ctx: Context) -> int:
        return await (await ctx.spawn(child, 10)).result()

    @workflow
    async def both(ctx: Context) -> list[int]:
        return [*await ctx.gather(ctx.branch(awaits), ctx.branch(calls_twice))]

    async with bench.app(both, child) as app:
        old = await app.start(both)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.settle()
        await (await app.handle(f"{fork.id}.0.0")).signal("go", 2)
        assert await fork.result() == [12, 2]


@workflow
async def calls_on(ctx: Context) -> int:
    started = await ctx.spawn(child, 10)
    for _ in range(3):
        await ctx.call(echo, "it goes on")
    return await started.result()


@pytest.mark.parametrize("cut", ["1", "2", "3"])
async def test_a_child_run_that_is_left_behind_is_started_anew_wherever_the_cut_is(bench: Bench, cut: str) -> None:
    async with bench.app(calls_on, child) as app:
        old = await app.start(calls_on)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, cut)
        again = await app.operations.fork(fork.id, "1") if cut != "1" else fork  # before the first one has begun
        await bench.clock.settle()
        for each in (fork, again):
            assert await children(app, each.id) == [f"{each.id}.0"]
    async with bench.app(calls_on, child) as app:
        for each in {fork.id, again.id}:
            await (await app.handle(f"{each}.0")).signal("go", 2)
            assert await (await app.handle(each)).result() == 12


async def test_a_fork_with_a_child_run_that_was_left_behind_can_be_repinned_before_it_begins(bench: Bench) -> None:
    newer = workflow(name="calls_on", version="2")(calls_on.function)
    async with bench.app(calls_on, child) as app:
        old = await app.start(calls_on)
        await bench.clock.settle()
        other = await app.operations.fork(old.id, "2")
    async with bench.app(newer, child) as app:
        await bench.clock.settle()
        await app.operations.repin(other.id, "2")
        await bench.clock.settle()
        await (await app.handle(f"{other.id}.0")).signal("go", 2)
        assert await (await app.handle(other.id)).result() == 12


async def test_the_recorded_result_of_a_child_run_is_shared(bench: Bench) -> None:
    async with bench.app(asks_early, child) as app:
        old = await app.start(asks_early)
        await (await app.handle(f"{old.id}.0")).signal("go", 1)
        assert await old.result() == 11
        fork = await app.operations.fork(old.id, "2")
        assert await fork.result() == 11
        assert await children(app, fork.id) == []


async def test_an_open_question_is_left_behind_and_asked_anew(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    @workflow
    async def asks(ctx: Context) -> list[Any]:
        return [*await ctx.gather(ctx.ask("How many?", answer=int), ctx.branch(calls_twice))]

    async with bench.app(asks) as app:
        old = await app.start(asks)
        await bench.clock.settle()
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.settle()
        for handle, count in ((old, 5), (fork, 7)):
            [question] = await app.inbox.list(run=handle.id)
            await app.inbox.answer(question.id, count, by="ann")
            assert await handle.result() == [count, 2]


async def test_a_wait_that_is_not_over_goes_on_in_both_runs_each_for_itself(bench: Bench) -> None:
    async def calls_twice(ctx: Context) -> Any:
        await ctx.call(echo, 1)
        return await ctx.call(echo, 2)

    @workflow
    async def waits(ctx: Context) -> list[Any]:
        return [*await ctx.gather(ctx.signal("go", int, within=100, default=0), ctx.branch(calls_twice))]

    async with bench.app(waits) as app:
        old = await app.start(waits)
        await bench.clock.advance(60)
        fork = await app.operations.fork(old.id, "1.1")
        await bench.clock.advance(60)
        assert await old.result() == [0, 2]
        await fork.signal("go", 7)
        assert await fork.result() == [7, 2]


@agent
async def double(n: int) -> int:
    return 2 * n


@workflow
async def quadruple(ctx: Context, n: int) -> list[int]:
    twice = await ctx.call(double, n)
    await ctx.call(echo, "between")
    return [twice, await ctx.call(double, twice)]


@workflow
async def within(ctx: Context, n: int) -> list[int]:
    return await ctx.call(quadruple, n)


async def test_the_call_at_the_cut_is_made_with_the_input_it_is_given(bench: Bench) -> None:
    async with bench.app(quadruple, double) as app:
        old = await app.start(quadruple, 1)
        assert await old.result() == [2, 4]
        fork = await app.operations.fork(old.id, "2", input=50)
        assert await fork.result() == [2, 100]
        inputs = [fact.value() for fact in await fork.facts() if fact.kind is FactKind.ASKED]
        assert inputs == [1, "between", 50]
        assert "the input of call 2 was edited" in (await app.runs.tree(fork.id)).notes


async def test_an_edited_input_holds_in_every_replay(bench: Bench) -> None:
    """The fork is driven in one process and replayed in another; what it keeps itself is compared with the edit."""
    async with bench.app(waits_in_the_end, double) as app:
        old = await app.start(waits_in_the_end, 1)
        await bench.clock.settle()
        fork = (await app.operations.fork(old.id, "0", input=7)).id
        await bench.clock.settle()
    async with bench.app(waits_in_the_end, double) as app:
        await (await app.handle(fork)).signal("go", 1)
        assert await (await app.handle(fork)).result() == 15


async def test_a_call_inside_a_called_workflow_can_be_edited_too(bench: Bench) -> None:
    async with bench.app(within, quadruple, double) as app:
        old = await app.start(within, 1)
        await old.result()
        assert await (await app.operations.fork(old.id, "0.2", input=50)).result() == [2, 100]
        assert await (await app.operations.fork(old.id, "0", input=5)).result() == [10, 20]


async def test_a_fork_of_a_fork_keeps_an_edit_before_the_cut_and_no_other(bench: Bench) -> None:
    async with bench.app(quadruple, double) as app:
        old = await app.start(quadruple, 1)
        await old.result()
        edited = await app.operations.fork(old.id, "0", input=10)
        assert await edited.result() == [20, 40]
        assert await (await app.operations.fork(edited.id, "2")).result() == [20, 40]
        late = await app.operations.fork(old.id, "2", input=50)
        await late.result()
        assert await (await app.operations.fork(late.id, "0")).result() == [2, 4]
        assert await (await app.operations.fork(late.id, "2", input=60)).result() == [2, 120]


@workflow
async def waits_in_the_end(ctx: Context, n: int) -> int:
    return await ctx.call(double, n) + await ctx.signal("go", int)


async def test_an_input_that_the_agent_cannot_take_is_refused(bench: Bench) -> None:
    async with bench.app(waits_in_the_end, double) as app:
        old = await app.start(waits_in_the_end, 1)
        await bench.clock.settle()
        with pytest.raises(InvalidValue):
            await app.operations.fork(old.id, "0", input="many")
        with pytest.raises(NotPossible, match="1 is no call of an agent: only such a call has an input to edit"):
            await app.operations.fork(old.id, "1", input=1)
        assert len(await app.runs.list()) == 1


@pytest.mark.parametrize("registered", ["by the workflow", "on the card"])
async def test_a_fork_after_an_undo_asks_about_what_was_undone(bench: Bench, registered: str) -> None:
    on_card = registered == "on the card"
    refund = scripted("refund", lambda _: None, witness=bench.witness)
    pay = scripted("pay", lambda n: n, effects="once", undo="refund" if on_card else None, witness=bench.witness)
    price, ship = scripted("price", lambda n: n * 2, witness=bench.witness), scripted("ship", lambda n: f"sent {n}")
    broken = True

    @workflow
    async def order(ctx: Context) -> str:
        paid = await ctx.call(pay, 5)
        if not on_card:
            await ctx.on_undo(refund, 5)
        priced = await ctx.call(price, paid)
        if broken:
            raise LookupError("no stock")
        return await ctx.call(ship, priced)

    async with bench.app(order, pay, refund, price, ship) as app:
        with pytest.raises(RunFailed, match="no stock"):
            await app.run(order, id="o")
        broken = False
        price_key = "1" if on_card else "2"
        fork = await app.operations.fork("o", price_key)
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        assert question.key == "0"
        await app.inbox.answer(question.id, {"not_done": True}, by="ann")
        assert await fork.result() == "sent 10"
    assert [line.split()[0] for line in bench.witness.lines()] == ["pay", "price", "refund", "pay", "price"]


class Desk:
    """Books once in a step, by way of an agent or straight away, and then does something else."""

    def __init__(self) -> None:
        self.booked = 0

    def made(self) -> list[Any]:
        async def book() -> str:
            self.booked += 1
            return f"booked {self.booked}"

        @agent(effects="once")
        async def booking(n: int) -> str:
            return await book()

        @agent
        async def clerk(n: int, steps: Steps) -> Any:
            return await steps.once("book", book, input=n, effects="once")

        @workflow
        async def trip(ctx: Context, by: str) -> list[Any]:
            await ctx.call(echo, "before")
            booked = await ctx.call(booking if by == "booking" else clerk, 1)
            return [booked, await ctx.call(echo, "after")]

        return [trip, booking, clerk]


async def answered(app: Any, run: str, answer: Any) -> None:
    [question] = await app.inbox.list(run=run)
    assert question.ask.kind == "in_doubt"
    await app.inbox.answer(question.id, answer, by="ann")


@pytest.mark.parametrize("by", ["booking", "clerk"])
@pytest.mark.parametrize(("answer", "booked"), [({"happened": "booked 1"}, 1), ({"not_done": True}, 2)])
async def test_an_effect_that_happens_once_is_asked_about_in_a_fork_and_in_a_fork_of_that(
    bench: Bench, by: str, answer: Any, booked: int
) -> None:
    desk = Desk()
    trip, *others = desk.made()
    async with bench.app(trip, *others) as app:
        old = await app.start(trip, by)
        assert await old.result() == ["booked 1", "after"]
        fork = await app.operations.fork(old.id, "1")
        again = await app.operations.fork(fork.id, "0")  # before the first one has begun
        await bench.clock.settle()
        await answered(app, fork.id, answer)
        assert await fork.result() == [f"booked {booked}", "after"]
        assert desk.booked == booked
        after = await app.operations.fork(fork.id, "2")
        assert await after.result() == [f"booked {booked}", "after"]
        await answered(app, again.id, {"happened": "booked 1"})
        assert await again.result() == ["booked 1", "after"]
        assert desk.booked == booked


async def test_a_run_that_was_retried_can_be_forked_at_each_of_its_calls(bench: Bench) -> None:
    """What a retry left standing was recorded before what it asked again, and comes after it in the code."""
    asked, away = asyncio.Event(), [True]

    @agent
    async def first(n: int) -> int:
        if away[0]:
            raise ConnectionError("the line is down")
        return n

    @agent
    async def second(n: int) -> int:
        await asked.wait()
        return await first(n)

    @agent
    async def third(n: int) -> int:
        asked.set()
        return await asyncio.Future() if away[0] else n

    board = vote(first, second, third, quorum=2, name="board")
    async with bench.app(board) as app:
        old = await app.start(board, 1)
        await bench.clock.settle()
        away[0] = False
        await app.operations.retry(old.id)
        assert (await old.result()).decision == 1
        for key in ("0", "1"):
            fork = await app.operations.fork(old.id, key)
            assert (await fork.result()).decision == 1
