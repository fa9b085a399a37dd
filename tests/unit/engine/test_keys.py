"""Keys are paths, taken when a primitive is made; a context belongs to one branch."""

import asyncio
import re
from typing import Any

import pytest

from podium import Approval, Context, RunState, agent, workflow
from podium.engine.workflow import Workflow
from podium.errors import NotAwaitable, PodiumError, RunFailed, WorkflowError, WrongBranch
from podium.model.fact import FactKind
from podium.model.retry import Retry
from podium.testing import hanging, scripted
from tests.unit.engine.bench import Bench, facts

echo = scripted("echo", lambda value: value)


async def test_a_key_is_taken_when_the_primitive_is_made_not_when_it_is_awaited(bench: Bench) -> None:
    @workflow
    async def late(ctx: Context) -> list[Any]:
        first = ctx.call(echo, "first")
        second = await ctx.call(echo, "second")
        return [await first, second]

    async with bench.app(late) as app:
        handle = await app.start(late)
        assert await handle.result() == ["first", "second"]
        asked = {fact.key: fact.value() for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ASKED}
        assert asked == {"0": "first", "1": "second"}


async def test_the_keys_of_a_branch_are_under_its_own(bench: Bench) -> None:
    async def two(ctx: Context) -> None:
        await ctx.call(echo, 1)
        await ctx.call(echo, 2)

    @workflow
    async def branches(ctx: Context) -> None:
        await ctx.gather(ctx.branch(two), ctx.branch(two))
        await ctx.call(echo, 3)

    async with bench.app(branches) as app:
        handle = await app.start(branches)
        await handle.result()
        asked = sorted(key for kind, key in await facts(app, handle.id) if kind is FactKind.ASKED)
        assert asked == ["0.0", "0.1", "1.0", "1.1", "3"]


async def test_branches_that_end_in_another_order_keep_their_results_after_a_crash(bench: Bench) -> None:
    gates = {name: asyncio.Event() for name in "ab"}

    @agent
    async def gated(name: str) -> str:
        await gates[name].wait()
        return name

    async def twice(ctx: Context, name: str) -> list[str]:
        return [await ctx.call(gated, name), await ctx.call(gated, name)]

    @workflow
    async def crossed(ctx: Context) -> tuple[list[str], list[str]]:
        return await ctx.gather(ctx.branch(twice, "a"), ctx.branch(twice, "b"))

    async with bench.app(crossed, gated) as app:
        handle = await app.start(crossed)
        gates["b"].set()
        await bench.clock.settle()
    gates["a"].set()
    assert await bench.result(handle.id, crossed, gated) == (["a", "a"], ["b", "b"])


async def test_a_context_in_another_task_is_refused(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> None:
        async def elsewhere() -> None:
            await ctx.call(echo, 1)

        await asyncio.gather(elsewhere())

    async with bench.app(wrong) as app:
        with pytest.raises(RunFailed, match=r"WrongBranch: .*used from another task.*ctx.branch"):
            await app.run(wrong)


async def test_the_parents_context_inside_a_branch_is_refused(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> None:
        async def part(_: Context) -> None:
            await ctx.call(echo, 1)

        await ctx.gather(ctx.branch(part))

    async with bench.app(wrong) as app:
        with pytest.raises(RunFailed, match="WrongBranch"):
            await app.run(wrong)


IN_A_CALL = "the context was used in what (call [01]|a call) runs, which a replay does not run again"


@workflow
async def in_a_function(ctx: Context) -> object:
    async def asks() -> object:
        return await ctx.call(echo, 1)

    return await ctx.once("it", asks)


@workflow
async def made_before(ctx: Context) -> object:
    call = ctx.call(echo, 1)

    async def asks() -> object:
        return await call

    return await ctx.once("it", asks)


@workflow
async def in_an_agent(ctx: Context) -> object:
    async def asks(_: int) -> object:
        return await ctx.call(echo, 1)

    return await ctx.call(agent(asks), 1)


@workflow
async def in_a_verify(ctx: Context) -> object:
    def cut_off() -> object:
        raise ConnectionError("cut off")

    async def verify() -> object:
        return await ctx.call(echo, 1)

    return await ctx.once("it", cut_off, effects="once", verify=verify)


@pytest.mark.parametrize("wrong", [in_a_function, made_before, in_an_agent], ids=lambda wrong: wrong.card.name)
async def test_a_context_inside_of_what_a_call_runs_is_refused(bench: Bench, wrong: Workflow[None, object]) -> None:
    async with bench.app(wrong) as app:
        with pytest.raises(RunFailed, match=f"WrongBranch: {IN_A_CALL}"):
            await app.run(wrong)


async def test_a_context_inside_of_a_verify_is_refused_and_people_are_asked(bench: Bench) -> None:
    async with bench.app(in_a_verify) as app:
        await app.start(in_a_verify)
        await bench.clock.until(app.inbox.list)
        (question,) = await app.inbox.list()
        assert re.search(IN_A_CALL, question.ask.text)


async def test_a_context_inside_of_a_compensation_is_refused(bench: Bench) -> None:
    contexts: list[Context] = []

    @agent(retry=Retry(attempts=2))
    async def asks(_: int) -> None:
        await contexts[-1].call(echo, 1)

    @workflow
    async def undoes(ctx: Context) -> None:
        contexts.append(ctx)
        await ctx.on_undo(asks, 1)
        raise ValueError("no")

    async with bench.app(undoes) as app:
        handle = await app.start(undoes)
        await bench.clock.advance(1_000)
        with pytest.raises(RunFailed, match=r"not undone: .*the context was used in what a call runs"):
            await handle.result()


async def test_a_call_awaited_in_another_task_is_refused(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> None:
        await asyncio.gather(ctx.call(hanging("never")), ctx.sleep(10))

    async with bench.app(wrong) as app:
        with pytest.raises(RunFailed, match="WrongBranch"):
            await app.run(wrong)


async def test_a_call_awaited_twice_is_refused(bench: Bench) -> None:
    @workflow
    async def twice(ctx: Context) -> None:
        call = ctx.call(echo, 1)
        await call
        await call

    async with bench.app(twice) as app:
        with pytest.raises(RunFailed, match=r"WorkflowError|WrongBranch|NotAwaitable"):
            await app.run(twice)


async def test_only_primitives_of_this_context_can_be_joined(bench: Bench) -> None:
    problems: list[str] = []

    def refused(ctx: Context, item: Any) -> None:
        for join in (ctx.gather, ctx.race, ctx.select):
            with pytest.raises(NotAwaitable) as caught:
                join(item)
            problems.append(str(caught.value))

    @workflow
    async def wrong(ctx: Context) -> None:
        async def plain() -> None: ...

        async def part(child: Context) -> None:
            refused(child, outer)

        coroutine = plain()
        refused(ctx, coroutine)
        coroutine.close()
        outer = ctx.call(echo, 1)
        await ctx.gather(ctx.branch(part))
        await outer

    async with bench.app(wrong) as app:
        await app.run(wrong)
    assert len(problems) == 6
    assert "got coroutine" in problems[0]
    assert "belongs to another context" in problems[3]


async def test_other_calls_than_recorded_block_the_run_and_name_both(bench: Bench) -> None:
    def made(*names: str) -> Any:
        @workflow(name="job")
        async def job(ctx: Context) -> None:
            for name in names:
                await ctx.call(name, name)
            await ctx.sleep(10)

        return job

    agents = [scripted(name, lambda value: value, witness=bench.witness) for name in ("a", "b", "c")]
    run = await bench.parked(made("a", "b"), None, *agents)
    for names, recorded, now in (
        (["b", "a"], "call 0: the journal has a call of a", "a call of b"),
        (["a", "c"], "call 1: the journal has a call of b", "a call of c"),
        (["a"], "call 1: the journal has a call of b", "a sleep"),
    ):
        stands = await bench.ended(run, made(*names), *agents, seconds=10)
        assert stands.state is RunState.BLOCKED
        assert recorded in stands.reason
        assert now in stands.reason
    assert (await bench.ended(run, made("a", "b"), *agents, seconds=10)).state is RunState.DONE
    assert len(bench.witness.lines()) == 2


async def test_another_input_than_recorded_blocks_the_run(bench: Bench) -> None:
    def made(value: int) -> Any:
        @workflow(name="job")
        async def job(ctx: Context) -> None:
            await ctx.call(echo, value)
            await ctx.sleep(10)

        return job

    run = await bench.parked(made(1))
    stands = await bench.ended(run, made(2), seconds=10)
    assert stands.state is RunState.BLOCKED
    assert "with 1" in stands.reason
    assert "with 2" in stands.reason


async def test_a_mismatch_inside_a_try_is_told_as_it_is(bench: Bench) -> None:
    def made(name: str) -> Any:
        @workflow(name="job")
        async def job(ctx: Context) -> None:
            try:
                await ctx.call(name, 1)
                await ctx.sleep(10)
            finally:
                await ctx.call("echo", 2)

        return job

    agents = [scripted(name, lambda value: value) for name in ("a", "b")]
    run = await bench.parked(made("a"), None, echo, *agents)
    stands = await bench.ended(run, made("b"), echo, *agents, seconds=10)
    assert stands.state is RunState.BLOCKED
    assert "call 0: the journal has a call of a, the code now asks for a call of b" in stands.reason


def test_errors_of_workflows_are_errors_of_podium() -> None:
    assert issubclass(WrongBranch, WorkflowError)
    assert issubclass(NotAwaitable, PodiumError)


@pytest.mark.parametrize("asked", ["call", "signal", "sleep", "ask", "spawn", "gather", "race"])
async def test_what_is_not_awaited_has_no_truth_value(bench: Bench, asked: str) -> None:
    @workflow
    async def careless(ctx: Context) -> str:
        given: Any = {
            "call": lambda: ctx.call(echo, 1),
            "signal": lambda: ctx.signal("go"),
            "sleep": lambda: ctx.sleep(1),
            "ask": lambda: ctx.ask("Fine?"),
            "spawn": lambda: ctx.spawn(quiet, None),
            "gather": lambda: ctx.gather(ctx.sleep(1)),
            "race": lambda: ctx.race(ctx.sleep(1)),
        }[asked]()
        return "paid" if given else "not paid"

    async with bench.app(careless, quiet) as app:
        with pytest.raises(RunFailed, match=r"NotAwaitable: call \d has no truth value: await it"):
            await app.run(careless)


@workflow
async def quiet(ctx: Context) -> None: ...


@pytest.mark.parametrize("approved", [True, False])
async def test_a_decision_has_no_truth_value_so_that_a_refusal_pays_nothing(bench: Bench, *, approved: bool) -> None:
    @workflow
    async def pays(ctx: Context) -> str:
        if await ctx.ask(Approval("Pay?"), to="boss"):  # pyright: ignore[reportGeneralTypeIssues] - as people write it
            bench.witness.saw("paid")
        return "done"

    async with bench.app(pays) as app:
        handle = await app.start(pays)
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": approved}, by="ann")
        with pytest.raises(RunFailed, match=r"UsageError: a Decision has no truth value: ask .* `\.approved`"):
            await handle.result()
    assert bench.witness.count("paid") == 0
