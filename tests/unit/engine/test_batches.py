"""Calls that are handed to an agent together, each with an outcome of its own."""

from time import thread_time
from typing import Any

import pytest

from podium import Context, Steps, workflow
from podium.agents.batched import batched
from podium.errors import CallFailed, UsageError
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.prices import PriceSettings
from tests.unit.engine.bench import Bench


def doubling(bench: Bench, **options: Any) -> Any:
    @batched(within=1.0, **options)
    async def double(numbers: list[int]) -> list[int]:
        bench.witness.saw("asked", *numbers)
        return [2 * number if number >= 0 else 1 // 0 for number in numbers]

    return double


def mapping(member: Any) -> Any:
    @workflow(name="maps")
    async def maps(ctx: Context, numbers: list[int]) -> Json:
        found = await ctx.map(member, numbers, return_exceptions=True)
        return [each.type if isinstance(each, CallFailed) else each for each in found]

    return maps


async def test_calls_that_come_together_are_one_call_of_the_function(bench: Bench) -> None:
    maps = mapping(doubling(bench))
    async with bench.app(maps) as app:
        handle = await app.start(maps, [1, 2, 3])
        await bench.clock.advance(0.9)
        assert bench.witness.lines() == []
        await bench.clock.advance(0.1)
        assert await handle.result() == [2, 4, 6]
        assert sum(fact.kind is FactKind.ANSWERED for fact in await app.runs.facts(handle.id)) == 3
    assert bench.witness.lines() == ["asked 1 2 3"]


async def test_a_full_batch_waits_for_nobody(bench: Bench) -> None:
    maps = mapping(doubling(bench, most=2))
    async with bench.app(maps) as app:
        handle = await app.start(maps, [1, 2, 3])
        await bench.clock.settle()
        assert bench.witness.lines() == ["asked 1 2"]
        await bench.clock.advance(1)
        assert await handle.result() == [2, 4, 6]


async def test_calls_of_several_runs_come_together_too(bench: Bench) -> None:
    maps = mapping(doubling(bench))
    async with bench.app(maps) as app:
        handles = [await app.start(maps, [n]) for n in range(3)]
        await bench.clock.advance(1)
        assert [await handle.result() for handle in handles] == [[0], [2], [4]]
    assert bench.witness.lines() == ["asked 0 1 2"]


async def test_one_bad_item_does_not_spoil_the_others(bench: Bench) -> None:
    maps = mapping(doubling(bench))
    async with bench.app(maps) as app:
        handle = await app.start(maps, [1, -1, 3])
        await bench.clock.advance(1)
        assert await handle.result() == [2, "ZeroDivisionError", 6]
    assert bench.witness.lines() == ["asked 1 -1 3", "asked 1", "asked -1", "asked 3"]


async def test_whoever_is_cancelled_meanwhile_is_left_out(bench: Bench) -> None:
    maps = mapping(doubling(bench))
    async with bench.app(maps) as app:
        first, second = await app.start(maps, [1]), await app.start(maps, [2])
        await bench.clock.settle()
        await first.cancel()
        await bench.clock.advance(1)
        assert await second.result() == [4]
    assert bench.witness.lines() == ["asked 2"]


async def test_too_few_answers_are_none(bench: Bench) -> None:
    @batched()
    async def loses(numbers: list[int]) -> list[int]:
        return numbers[1:]

    maps = mapping(loses)
    async with bench.app(maps) as app:
        handle = await app.start(maps, [1, 2])
        await bench.clock.advance(1)
        assert await handle.result() == ["podium.errors.BadAnswer"] * 2


async def test_what_a_batch_took_of_the_processor_is_shared_out(bench: Bench) -> None:
    @batched(within=1.0)
    def burn(milliseconds: list[int]) -> list[int]:
        end = thread_time() + sum(milliseconds) / 1000
        while thread_time() < end:
            pass
        return milliseconds

    maps = mapping(burn)
    async with bench.app(maps, prices=PriceSettings(cpu_second=2.0)) as app:
        handle = await app.start(maps, [20, 20, 20])
        await bench.clock.advance(1)
        await handle.result()
        usages = [fact.body["usage"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.ANSWERED]
    assert len({usage["cpu_seconds"] for usage in usages}) == 1
    assert 0.06 <= sum(usage["cpu_seconds"] for usage in usages) < 0.5
    assert usages[0]["usd"] == pytest.approx(2 * usages[0]["cpu_seconds"])


def test_nothing_can_be_recorded_of_a_batch_so_no_steps_are_handed_over() -> None:
    async def records(texts: list[str], steps: Steps) -> list[str]:
        steps.note("batch", {"texts": texts})
        return texts

    make: Any = batched()
    with pytest.raises(UsageError, match="takes Steps or a Call"):
        make(records)


def test_a_function_of_something_else_than_lists_cannot_be_batched() -> None:
    async def one(number: int) -> list[int]:
        return [number]

    make: Any = batched()
    with pytest.raises(UsageError, match="takes a list of items"):
        make(one)
