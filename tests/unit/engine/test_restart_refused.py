"""What has to be over before a run restarts, and what of it lives on by itself."""

from typing import Any

import pytest

from podium import Config, Context, RunState, workflow
from podium.errors import RunCancelled, RunFailed, UsageError
from podium.model.fact import FactKind
from tests.unit.engine.bench import Bench, facts
from tests.unit.engine.generations import echo, naps


@workflow
async def inner(ctx: Context) -> None:
    await ctx.restart(1)


async def open_select(ctx: Context) -> None:
    async with ctx.select(ctx.sleep(1), ctx.sleep(2)):
        await ctx.restart(1)


async def not_awaited(ctx: Context) -> None:
    call = ctx.call(echo, 1)
    try:
        await ctx.restart(1)
    finally:
        call.close()


async def open_child(ctx: Context) -> None:
    await ctx.spawn(naps, 5.0)
    await ctx.restart(1)


async def in_a_branch(ctx: Context) -> None:
    async def part(ctx: Context) -> None:
        await ctx.restart(1)

    await ctx.gather(ctx.branch(part), ctx.branch(part))


async def in_a_branch_alone(ctx: Context) -> None:
    async def part(ctx: Context) -> None:
        await ctx.restart(1)

    await ctx.branch(part)


async def in_a_workflow(ctx: Context) -> None:
    await ctx.call(inner)


async def in_once(ctx: Context) -> None:
    async def body() -> None:
        await ctx.restart(1)

    await ctx.once("body", body)


async def wrong_input(ctx: Context) -> None:
    await ctx.restart("one")


async def large_input(ctx: Context) -> None:
    await ctx.restart([0] * 1_000)


REFUSED = {
    open_select: "while branches of it are open: leave the block",
    not_awaited: "asked for at 0 was not awaited",
    open_child: r"child run run_\w+\.0\. Await `child.result\(\)`, or .*`child.detach\(\)`",
    in_a_branch: "in a branch, or in a workflow that was called",
    in_a_branch_alone: "in a branch, or in a workflow that was called",
    in_a_workflow: "in a branch, or in a workflow that was called",
    in_once: "the context was used in what call 0 runs",
    wrong_input: "tries version 1 cannot restart with this input",
    large_input: "the input has 2001 bytes; 1000 are allowed",
}


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body.__name__)
async def test_what_is_open_or_does_not_fit_is_refused_and_nothing_is_recorded(bench: Bench, body: Any) -> None:
    @workflow
    async def tries(ctx: Context, n: int | list[int]) -> None:
        if not n:
            await body(ctx)

    async with bench.app(tries, naps, inner, config=Config(max_payload_bytes=1_000)) as app:
        handle = await app.start(tries, 0)
        await bench.clock.advance(10)
        with pytest.raises(RunFailed, match=REFUSED[body]):
            await handle.result()
        assert FactKind.RESTARTED not in [kind for kind, _ in await facts(app, handle.id)]
        assert (await handle.status()).generation == 1


async def test_a_refusal_can_be_caught_and_is_the_same_in_a_replay(bench: Bench) -> None:
    @workflow
    async def tries(ctx: Context, n: int) -> int:
        if not n:
            child = await ctx.spawn(naps, 5.0)
            try:
                await ctx.restart(1)
            except UsageError:
                await ctx.sleep(60)
            await child.result()
            await ctx.restart(1)
        return n

    run = await bench.parked(tries, 0, naps)
    assert await bench.result(run, tries, naps, seconds=100) == 1


async def test_one_that_is_not_awaited_is_told(bench: Bench) -> None:
    @workflow
    async def forgets(ctx: Context) -> None:
        ctx.restart()  # pyright: ignore[reportUnusedCoroutine]

    async with bench.app(forgets) as app:
        with pytest.raises(RunFailed, match="was never awaited"):
            await app.run(forgets)


async def test_a_child_that_was_let_go_outlives_the_generation(bench: Bench) -> None:
    @workflow
    async def spawns(ctx: Context, n: int) -> int:
        (await ctx.spawn(naps, 90.0)).detach()
        await ctx.sleep(60)
        if n < 3:
            await ctx.restart(n + 1)
        await ctx.signal("enough")
        return n

    async with bench.app(spawns, naps) as app:
        handle = await app.start(spawns, 1)
        await bench.clock.advance(150)
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        await bench.clock.advance(90)
        states = {run.id: run.state for run in await app.runs.list(parent=handle.id)}
        assert states == {f"{handle.id}.{key}": RunState.DONE for key in ("0", "g2.0", "g3.0")}


async def test_the_ends_of_children_that_were_let_go_do_not_pile_up(bench: Bench) -> None:
    @workflow
    async def spawns(ctx: Context, n: int) -> None:
        (await ctx.spawn(naps, 1.0)).detach()
        await ctx.sleep(60)
        await ctx.restart(n + 1)

    async with bench.app(spawns, naps) as app:
        run = (await app.start(spawns, 1)).id
        await bench.clock.advance(20 * 60)
    async with bench.app() as app:
        claimed = await app.worker.store.take_over(run, app.worker.id)
        assert claimed is not None
        assert len(claimed.signals) <= 1
