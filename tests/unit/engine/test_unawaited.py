"""What a workflow asks its context for and does not await is an error that names the line."""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from podium import Approval, Budget, Context, workflow
from podium.engine.workflow import Workflow
from podium.errors import CallFailed, CallRefused, NotAwaitable, PodiumError, RunFailed
from podium.model.run import RunState
from podium.testing import failing, scripted
from tests.unit.engine.bench import Bench

HERE = __file__
echo = scripted("echo", lambda said: said)


@workflow
async def other(ctx: Context, x: int = 0) -> int:
    return x


def line_of(mark: str) -> int:
    """Return the line of this file that ends with a comment."""
    lines = Path(HERE).read_text(encoding="utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"  # {mark}")]
    return found


ALONE: dict[str, Callable[[Context], object]] = {
    "a call": lambda ctx: ctx.call(echo, 1),
    "a call of a workflow": lambda ctx: ctx.call(other, 1),
    "a call of a name": lambda ctx: ctx.call("echo", 1),
    "a step of its own": lambda ctx: ctx.once("pay", lambda: 1),
    "a sleep": lambda ctx: ctx.sleep("1h"),
    "a signal": lambda ctx: ctx.signal("go"),
    "a question": lambda ctx: ctx.ask("Fine?"),
    "an approval": lambda ctx: ctx.ask(Approval("Fine?")),
    "a child run": lambda ctx: ctx.spawn(other, 1),
    "a compensation": lambda ctx: ctx.on_undo(echo, 1),
    "a look-up": lambda ctx: ctx.find("sums"),
    "records": lambda ctx: ctx.records("echo"),
    "a branch": lambda ctx: ctx.branch(_asks_again, 1),
}
JOINED: dict[str, Callable[[Context], object]] = {
    "a gather": lambda ctx: ctx.gather(ctx.call(echo, 1), ctx.sleep(1)),
    "a quorum": lambda ctx: ctx.gather(ctx.call(echo, 1), ctx.sleep(1), quorum=1),
    "a map": lambda ctx: ctx.map(echo, [1, 2, 3]),
    "a race": lambda ctx: ctx.race(ctx.call(echo, 1), ctx.sleep(1)),
    "a selection": lambda ctx: ctx.select(ctx.call(echo, 1)),
}


ASKED = {**ALONE, **JOINED}


async def _asks_again(ctx: Context, x: int) -> int:
    return await ctx.call(other, x)


async def fails(bench: Bench, flow: Workflow[None, Any]) -> str:
    """Return why a run of a workflow fails."""
    async with bench.app(flow, echo, other) as app:
        with pytest.raises(RunFailed) as caught:
            await app.run(flow)
    return str(caught.value)


@pytest.mark.parametrize("what", ASKED)
async def test_whatever_is_asked_and_not_awaited_is_told_with_its_line(bench: Bench, what: str) -> None:
    asked = ASKED[what]

    @workflow
    async def forgets(ctx: Context) -> int:
        asked(ctx)
        return await ctx.call(echo, 2)

    line = inspect.getsourcelines(asked)[1]
    why = await fails(bench, forgets)
    assert f"NotAwaited: what was asked for at {HERE}:{line} in <lambda> was never awaited" in why
    assert why.endswith("or `.close()` what is not wanted.")


async def test_the_result_of_a_child_run_is_told_with_the_line_that_asked_for_it(bench: Bench) -> None:
    @workflow
    async def forgets(ctx: Context) -> int:
        child = await ctx.spawn(other, 1)
        child.result()
        return await ctx.call(echo, 2)

    line = inspect.getsourcelines(forgets.function)[1] + 3
    assert f"what was asked for at {HERE}:{line} in " in await fails(bench, forgets)


@pytest.mark.parametrize("what", ALONE)
async def test_what_is_closed_need_not_be_awaited(bench: Bench, what: str) -> None:
    asked: Any = ALONE[what]

    @workflow
    async def spares(ctx: Context) -> str:
        spared = asked(ctx)
        spared.close()
        with pytest.raises(NotAwaitable, match="joined or closed before"):
            await spared
        return "done"

    async with bench.app(spares, echo, other) as app:
        assert await app.run(spares) == "done"


async def test_the_line_is_that_of_the_function_that_asked(bench: Bench) -> None:
    def notify(ctx: Context) -> None:
        ctx.call(echo, "started")  # a function of its own

    @workflow
    async def forgets(ctx: Context) -> int:
        notify(ctx)
        for n in range(5):
            ctx.call(echo, n)  # a loop
        kept = ctx.sleep(1)  # kept
        ctx.signal("go")  # a signal
        ctx.signal("stop")  # another
        return len([kept])

    why = await fails(bench, forgets)
    assert f"{HERE}:{line_of('a function of its own')} in " in why
    assert why.count(f"{HERE}:{line_of('a loop')} in ") == 1
    assert f"{HERE}:{line_of('kept')} in " in why
    assert " and 2 more lines was never awaited" in why


async def test_what_is_handed_back_without_being_awaited_is_told(bench: Bench) -> None:
    @workflow
    async def forgets(ctx: Context) -> Any:
        return ctx.call(echo, 1)  # handed back

    assert f"{HERE}:{line_of('handed back')} in " in await fails(bench, forgets)


@pytest.mark.parametrize("how", ["branch", "inline", "child"])
async def test_a_part_that_ends_is_told_of_what_it_did_not_await(bench: Bench, how: str) -> None:
    @workflow(name="part")
    async def part(ctx: Context) -> int:
        ctx.call(echo, 1)  # in a part
        return 1

    async def branch(ctx: Context) -> int:
        ctx.call(echo, 1)  # in a branch
        return 1

    ways: dict[str, Callable[[Context], Awaitable[object]]] = {
        "branch": lambda ctx: ctx.gather(ctx.branch(branch)),
        "inline": lambda ctx: ctx.call(part),
        "child": lambda ctx: _result(ctx, part),
    }

    @workflow
    async def whole(ctx: Context) -> str:
        later = ctx.call(echo, "later")
        line = line_of("in a branch" if how == "branch" else "in a part")
        with pytest.raises(PodiumError, match=f"asked for at .*:{line} in .*never awaited"):
            await ways[how](ctx)
        return await later

    async with bench.app(whole, part, echo) as app:
        assert await app.run(whole) == "later"


async def _result(ctx: Context, part: Workflow[None, int]) -> int:
    return await (await ctx.spawn(part, None)).result()


async def test_what_ends_by_an_exception_ends_by_that(bench: Bench) -> None:
    broken = failing("broken", error=ValueError("broken"))

    @workflow
    async def breaks(ctx: Context) -> None:
        ctx.call(echo, 1)
        await ctx.call(broken, 1)

    async with bench.app(breaks, echo, broken) as app:
        with pytest.raises(RunFailed, match="broken") as caught:
            await app.run(breaks)
    assert "awaited" not in str(caught.value)


async def test_what_is_awaited_after_a_wait_in_another_process_was_awaited(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> str:
        early = ctx.call(echo, "early")
        await ctx.sleep("1h")
        return await early

    run = await bench.parked(waits, None, echo)
    assert await bench.result(run, waits, echo, seconds=3_600) == "early"


async def test_branches_that_the_budget_refuses_need_not_be_awaited(bench: Bench) -> None:
    @workflow
    async def narrow(ctx: Context) -> list[int]:
        calls = [ctx.call(echo, n) for n in range(3)]
        for join in (ctx.gather, ctx.race, ctx.select):
            with pytest.raises(CallRefused):
                join(*calls)
        with pytest.raises(CallRefused):
            ctx.map(echo, [1, 2, 3])
        return [await each for each in calls[:2]]

    async with bench.app(narrow, echo) as app:
        assert await app.run(narrow, budget=Budget(fan_out=2)) == [0, 1]


async def test_a_join_that_ends_early_has_joined_all_its_branches(bench: Bench) -> None:
    broken = failing("broken", error=ValueError("broken"))

    @workflow
    async def early(ctx: Context) -> str:
        with pytest.raises(CallFailed, match="broken"):
            await ctx.map(broken, [1, 2, 3], concurrency=1)
        return await ctx.race(ctx.call(echo, "first"), ctx.sleep("1h"))

    async with bench.app(early, echo, broken) as app:
        assert await app.run(early) == "first"


async def test_new_code_that_no_longer_awaits_a_recorded_call_blocks_the_run(bench: Bench) -> None:
    def written(*, awaits: bool) -> Workflow[None, int]:
        @workflow(name="flow")
        async def flow(ctx: Context) -> int:
            call = ctx.call(echo, 1)
            if awaits:
                await call
                await ctx.sleep("1h")
            return 1

        return flow

    run = await bench.parked(written(awaits=True), None, echo)
    ended = await bench.ended(run, written(awaits=False), echo, seconds=3_600)
    assert ended.state is RunState.BLOCKED
