"""Time, ids, chance, look-ups and changes of code: the same on every replay."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import Context, RunState, workflow
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


async def test_now_uuid_and_random_are_the_same_on_every_replay(bench: Bench) -> None:
    seen: list[list[Any]] = []

    async def part(ctx: Context, n: int) -> list[Any]:
        await ctx.call(echo, n)
        return [ctx.now(), str(ctx.uuid()), ctx.random().random()]

    @workflow
    async def chancy(ctx: Context) -> None:
        one: list[Any] = [ctx.now(), str(ctx.uuid()), str(ctx.uuid()), ctx.random().random()]
        one += await ctx.gather(ctx.branch(part, 1), ctx.branch(part, 2))
        await ctx.sleep(10)
        one.append(ctx.now())
        seen.append(one)
        await ctx.sleep(10)

    async with bench.app(chancy) as app:
        handle = await app.start(chancy)
        await bench.clock.advance(10)
    await bench.result(handle.id, chancy, seconds=10)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    values = [str(value) for value in seen[0][1:4]]
    assert len(set(values)) == 3


@workflow
async def child(ctx: Context, n: int) -> int:
    return n


RECORDED: dict[str, Callable[[Context], Awaitable[Any]]] = {
    "call": lambda ctx: ctx.call(echo, 1),
    "once": lambda ctx: ctx.once("one", lambda: 1),
    "sleep": lambda ctx: ctx.sleep(1),
    "signal": lambda ctx: ctx.signal("never", within=1),
    "ask": lambda ctx: ctx.ask("Well?", within=1, default=None),
    "find": lambda ctx: ctx.find("nothing"),
    "records": lambda ctx: ctx.records("nobody"),
    "on_undo": lambda ctx: ctx.on_undo(echo, 1),
    "spawn": lambda ctx: ctx.spawn(child, 1),
    "gather": lambda ctx: ctx.gather(ctx.call(echo, 1), ctx.spawn(child, 2)),
    "race": lambda ctx: ctx.race(ctx.call(echo, 1), ctx.sleep(1)),
}


@pytest.mark.parametrize("name", RECORDED)
async def test_now_after_whatever_is_recorded_is_the_same_on_every_replay(bench: Bench, name: str) -> None:
    seen: list[float] = []
    later = bench.clock.now() + 1

    @workflow
    async def reads(ctx: Context) -> None:
        await bench.clock.sleep_until(later)  # time passes, and nothing is recorded
        await RECORDED[name](ctx)
        seen.append(ctx.now())
        await ctx.sleep(10)

    async with bench.app(reads, child, echo) as app:
        handle = await app.start(reads)
        await bench.clock.advance(3)
    await bench.result(handle.id, reads, child, echo, seconds=20)
    assert len(seen) > 1
    assert len(set(seen)) == 1


async def test_two_runs_have_different_chance(bench: Bench) -> None:
    @workflow
    async def chancy(ctx: Context) -> str:
        return str(ctx.uuid())

    async with bench.app(chancy) as app:
        assert await app.run(chancy) != await app.run(chancy)


async def test_asking_the_time_writes_no_fact(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> None:
        ctx.now()
        ctx.uuid()
        ctx.random()

    async with bench.app(asks) as app:
        handle = await app.start(asks)
        await handle.result()
        assert len(await app.runs.facts(handle.id)) == 2


async def test_now_in_a_branch_that_waited_for_a_place_is_the_same_on_replay(bench: Bench) -> None:
    @workflow
    async def inner(ctx: Context, n: int) -> float:
        began = ctx.now()
        await ctx.sleep(10)
        return began

    @workflow
    async def outer(ctx: Context) -> list[float]:
        start = ctx.now()
        seen.append([began - start for began in await ctx.map(inner, [1, 2, 3], concurrency=1)])
        await ctx.sleep(10)
        return seen[-1]

    seen: list[list[float]] = []
    async with bench.app(outer, inner) as app:
        handle = await app.start(outer)
        await bench.clock.advance(35)
    await bench.result(handle.id, outer, inner, seconds=10)
    assert seen[0] == seen[-1]


async def test_what_was_found_is_recorded(bench: Bench) -> None:
    found: list[list[str]] = []

    @workflow
    async def looks(ctx: Context) -> None:
        found.append([card.name for card in await ctx.find("translate")])
        await ctx.sleep(10)

    first = scripted("one", lambda text: text, capabilities={"translate"})
    second = scripted("two", lambda text: text, capabilities={"translate"})
    run = await bench.parked(looks, None, first)
    await bench.result(run, looks, first, second, seconds=10)
    assert found == [["one"], ["one"]]


def made(*, new: bool) -> Any:
    """Return a workflow before or after a call was put into its middle."""

    @workflow(name="grows")
    async def grows(ctx: Context) -> list[Any]:
        seen = [await ctx.call(echo, 1)]
        if new and ctx.changed("ask twice"):
            seen.append(await ctx.call(echo, "new"))
        await ctx.sleep(10)
        if new and ctx.changed("ask twice"):
            seen.append("also new")
        return seen

    return grows


async def test_a_run_that_had_come_past_a_change_keeps_the_old_way(bench: Bench) -> None:
    run = await bench.parked(made(new=False))
    assert await bench.result(run, made(new=True), seconds=10) == [1]


async def test_a_run_that_begins_after_a_change_takes_the_new_way_and_keeps_it(bench: Bench) -> None:
    run = await bench.parked(made(new=True))
    assert await bench.result(run, made(new=True), seconds=10) == [1, "new", "also new"]


async def test_a_decision_about_a_change_is_recorded_once(bench: Bench) -> None:
    run = await bench.parked(made(new=True))
    async with bench.app(made(new=True)) as app:
        await bench.clock.advance(10)
        assert (await (await app.handle(run)).status()).state is RunState.DONE
        assert [fact.body for fact in await app.runs.facts(run) if fact.key == "ask twice"] == [{"changed": True}]


async def test_a_question_to_more_people_than_before_says_how_many_were_asked(bench: Bench) -> None:
    def asking(people: int) -> Any:
        @workflow(name="asks")
        async def asks(ctx: Context) -> None:
            await ctx.ask("Well?", quorum=people, within=10)

        return asks

    run = await bench.parked(asking(1))
    reason = (await bench.ended(run, asking(2), seconds=20)).reason
    assert "the journal has a question to 'anyone': Well? with quorum 1" in reason
    assert "the code now asks for the same with quorum 2" in reason
