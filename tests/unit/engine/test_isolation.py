"""One bad run, one bad value, one bad moment of the store: the others go on."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from podium import App, CallError, Context, RunState, agent, workflow
from podium.errors import InvalidValue, RunFailed, StoreUnavailable
from podium.model.json import Json
from podium.store.protocol import Claimed, Serving, Woken
from podium.store.sqlite.store import SqliteStore
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def good(ctx: Context) -> int:
    await ctx.sleep(1)
    return await ctx.call(echo, 5)


async def fails(app: App, flow: Any, message: str) -> None:
    with pytest.raises(RunFailed, match=message):
        await app.run(flow)


async def test_a_workflow_that_raises_anything_fails_alone(bench: Bench) -> None:
    @workflow
    async def exits(ctx: Context) -> None:
        sys.exit(3)

    @workflow
    async def cancels_itself(ctx: Context) -> None:
        raise asyncio.CancelledError("by myself")

    @workflow
    async def unprintable(ctx: Context) -> None:
        raise ValueError("a file called \udcff")

    @workflow
    async def recurses(ctx: Context) -> None:
        await recurses.function(ctx)

    @workflow
    async def frameworks(ctx: Context) -> None:
        pytest.fail("inside")

    async with bench.app(good, exits, cancels_itself, unprintable, recurses, frameworks) as app:
        other = await app.start(good)
        await fails(app, exits, r"sys.exit\(3\)")
        await fails(app, cancels_itself, "by myself")
        await fails(app, unprintable, "ValueError: a file called")
        await fails(app, frameworks, "inside")
        await fails(app, recurses, "RecursionError")
        await bench.clock.advance(1)
        assert await other.result() == 5


async def test_an_agent_that_raises_anything_is_a_failed_call(bench: Bench) -> None:
    def raising(name: str, error: BaseException) -> Any:
        @agent(name=name)
        async def raises() -> None:
            raise error

        return raises

    errors: dict[str, BaseException] = {
        "exits": SystemExit(3), "interrupted": KeyboardInterrupt(), "cancelled": asyncio.CancelledError("inside"),
        "unprintable": ValueError("\udcff"), "stops": StopAsyncIteration(), "frameworks": pytest.fail.Exception("x"),
    }  # fmt: skip

    @workflow
    async def asks(ctx: Context) -> list[str]:
        seen: list[str] = []
        for name, error in errors.items():
            try:
                await ctx.call(raising(name, error))
            except CallError as problem:
                seen.append(str(problem).partition(" ")[0])
        return seen

    async with bench.app(asks, good) as app:
        assert await app.run(asks) == list(errors)
        other = await app.start(good)
        await bench.clock.advance(1)
        assert await other.result() == 5


async def test_an_interrupt_is_told_as_what_it_is(bench: Bench) -> None:
    @agent
    async def interrupted() -> None:
        raise KeyboardInterrupt

    @workflow
    async def asks(ctx: Context) -> str:
        try:
            await ctx.call(interrupted)
        except CallError as problem:
            return str(problem)
        return "no error"

    async with bench.app(asks) as app:
        assert (await app.run(asks)).endswith("KeyboardInterrupt: the agent raised KeyboardInterrupt")


@pytest.mark.parametrize("value", [2**70, "\ud800", float("nan")], ids=["huge int", "lone surrogate", "nan"])
async def test_a_value_that_json_cannot_hold_is_a_clear_failure_or_comes_back_the_same(
    bench: Bench, value: Json
) -> None:
    @agent
    async def odd() -> Json:
        return value

    seen: list[str] = []

    @workflow
    async def asks(ctx: Context) -> None:
        try:
            seen.append(repr(await ctx.call(odd)))
        except CallError as problem:
            seen.append(str(problem))
        await ctx.sleep(10)

    run = await bench.parked(asks)
    assert (await bench.ended(run, asks, seconds=10)).state is RunState.DONE
    assert seen[0] == seen[-1]


async def test_an_answer_that_is_not_of_the_declared_type_is_a_clear_failure(bench: Bench) -> None:
    @agent
    async def wrong() -> int:
        return "five"  # pyright: ignore[reportReturnType]  the subject of the test

    @workflow
    async def asks(ctx: Context) -> int:
        return await ctx.call(wrong)

    async with bench.app(asks) as app:
        await fails(app, asks, "wrong returned something else than it declares: expected int")


async def test_a_result_that_is_not_of_the_declared_type_fails_the_run(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context) -> int:
        return "five"  # pyright: ignore[reportReturnType]  the subject of the test

    async with bench.app(wrong) as app:
        await fails(app, wrong, "wrong returned something else than it declares: expected int")


async def test_values_beyond_the_limit_are_refused_wherever_they_come_from(bench: Bench) -> None:
    big = "x" * 2_000

    @workflow
    async def takes(ctx: Context, text: str) -> str:
        return text

    @workflow
    async def calls(ctx: Context) -> None:
        await ctx.call(scripted("big", lambda _: big))

    @workflow
    async def sends(ctx: Context) -> None:
        await ctx.call(echo, big)

    @workflow
    async def returns(ctx: Context) -> str:
        return big

    async with bench.app(takes, calls, sends, returns, max_payload_bytes=1_000) as app:
        with pytest.raises(InvalidValue, match="the input has 2002 bytes; 1000 are allowed"):
            await app.start(takes, big)
        await fails(app, calls, "2002 bytes, 1000 are allowed")
        await fails(app, sends, "2002 bytes")
        await fails(app, returns, "2002 bytes")


class Moody(SqliteStore):
    """A store that cannot be used for a while."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.ill = 0

    def _fail(self) -> None:
        if self.ill:
            self.ill -= 1
            raise StoreUnavailable("the disk is gone for a moment")

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        self._fail()
        return await super().claim(worker, numbers, workflows)

    async def wake(self, worker: str, serving: Serving, now: float) -> Woken:
        self._fail()
        return await super().wake(worker, serving, now)


async def test_a_store_that_fails_for_a_moment_does_not_stop_the_worker(bench: Bench) -> None:
    store = Moody(str(bench.path))
    async with bench.app(good, store=store) as app:
        first = await app.start(good)
        await bench.clock.settle()
        store.ill = 2
        await bench.clock.advance(1)
        for _ in range(10):
            await asyncio.sleep(0.02)
            await bench.clock.advance(1)
        assert store.ill == 0
        assert await first.result() == 5


async def test_starting_that_is_given_up_leaves_no_run_without_a_driver(bench: Bench) -> None:
    @workflow
    async def quick(ctx: Context) -> int:
        return 1

    async with bench.app(quick) as app:
        for turns in range(4):
            start = asyncio.create_task(app.start(quick))
            for _ in range(turns):
                await asyncio.sleep(0)
            start.cancel()
        await bench.clock.settle()
        assert {run.state for run in await app.runs.list()} <= {RunState.DONE}
