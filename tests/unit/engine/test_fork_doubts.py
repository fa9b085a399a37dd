"""A fork asks about each `once` call that the old run made after the cut: about all of them, and each once."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunFailed
from podium.model.retry import Retry
from podium.testing import scripted
from tests.unit.engine.bench import Bench
from tests.unit.engine.paying import Desk

N = 5
echo = scripted("echo", lambda value: value)


class Till(Desk):
    """Pays in several ways."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.bench = bench
        self.last = 1
        pay = self.pay

        @agent
        async def refund(n: int) -> None:
            bench.witness.saw("refunded", n)

        @agent
        async def fails_at_first(_: None) -> None:
            if bench.witness.count("tried") < 1:
                bench.witness.saw("tried")
                raise ValueError("not yet")

        @workflow
        async def inner(ctx: Context, n: int) -> int:
            return await ctx.call(pay, n)

        self.refund, self.fails, self.inner = refund, fails_at_first, inner

    def ways(self) -> dict[str, Callable[[Context, int], Awaitable[int]]]:
        """Return how a workflow may have one payment made."""

        def function(ctx: Context, n: int) -> Any:
            def paying() -> int:
                self.bench.witness.saw("paid", n)
                return n

            return ctx.once("pay", paying, effects="once")

        return {
            "a call": lambda ctx, n: ctx.call(self.pay, n),
            "the same call": lambda ctx, n: ctx.call(self.pay, 7),
            "a step": lambda ctx, n: ctx.call(self.clerk, n),
            "a function": function,
            "inside": lambda ctx, n: ctx.call(self.inner, n),
        }

    def paid(self) -> int:
        return self.bench.witness.count("paid")

    async def ended(self, app: App, run: str, answer: Any) -> tuple[Any, list[str]]:
        """Answer what a run asks until it has ended; returns its value, and the keys at which it asked."""
        asked: list[str] = []
        handle = await app.handle(run)
        while not (await handle.status()).state.ended:
            for question in await app.inbox.list(run=run):
                asked.append(question.key)
                await app.inbox.answer(question.id, answer, by="ann")
            await self.bench.clock.settle()
        return await handle.result(), asked


@pytest.mark.parametrize("way", ["a call", "the same call", "a step", "a function", "inside"])
async def test_each_is_asked_about_wherever_the_cut_is(bench: Bench, way: str) -> None:
    desk = Till(bench)
    pays = desk.ways()[way]

    @workflow
    async def flow(ctx: Context) -> int:
        return sum([await pays(ctx, n) for n in range(N)])

    async with bench.app(flow, desk.pay, desk.clerk, desk.inner) as app:
        await app.run(flow, id="r")
        for cut in range(N):
            for origin in ("r", (await app.operations.fork("r", str(N - 1))).id):
                await desk.ended(app, origin, {"happened": 1})
                before = desk.paid()
                fork = await app.operations.fork(origin, str(cut))
                _, asked = await desk.ended(app, fork.id, {"happened": 1})
                assert [key.partition(".")[0] for key in asked] == [str(n) for n in range(cut, N)]
                assert desk.paid() == before


@pytest.mark.parametrize("way", ["a call", "a step", "a function", "inside"])
async def test_a_fork_that_lives_for_generations_asks_about_it_once(bench: Bench, way: str) -> None:
    desk = Till(bench)
    pays = desk.ways()[way]

    @workflow
    async def watch(ctx: Context, n: int) -> int:
        await pays(ctx, n)
        if n < await ctx.call(until, None):
            await ctx.restart(n + 1)
        return n

    until = scripted("until", lambda _: desk.last)
    async with bench.app(watch, desk.pay, desk.clerk, desk.inner) as app:
        await app.run(watch, 1, id="r")
        desk.last = 4
        value, asked = await desk.ended(app, (await app.operations.fork("r", "0")).id, {"not_done": True})
    assert (value, len(asked), desk.paid()) == (4, 1, 1 + 4)


@pytest.mark.parametrize("how", ["plainly", "in a second generation", "after a retry"])
async def test_a_workflow_that_ended_before_the_cut_is_gone_over_where_what_it_did_was_undone(
    bench: Bench, how: str
) -> None:
    desk = Till(bench)

    @workflow
    async def books(ctx: Context, n: int) -> int:
        await ctx.call(desk.pay, n)
        await ctx.on_undo(desk.refund, n)
        return n

    @workflow
    async def trip(ctx: Context, n: int) -> int:
        if how == "in a second generation" and not n:
            await ctx.restart(1)
        retry = Retry(attempts=2, delay=0.0) if how == "after a retry" else None
        booked = await ctx.call(books, 3, retry=retry)
        await ctx.call(desk.fails, None)
        return booked

    async with bench.app(trip, books, desk.pay, desk.refund, desk.fails) as app:
        with pytest.raises(RunFailed):
            await app.run(trip, 0, id="r")
        assert (desk.paid(), bench.witness.count("refunded")) == (1, 1)
        cut = "g2.1" if how == "in a second generation" else "1"
        value, asked = await desk.ended(app, (await app.operations.fork("r", cut)).id, {"not_done": True})
    assert value == 3
    assert len(asked) == 1
    assert (desk.paid(), bench.witness.count("refunded")) == (2, 1)
