"""Steps of a call: each recorded once, under its lineage and path."""

import asyncio
from typing import Any

from podium import Context, RunState, Steps, agent, workflow
from podium.model.fact import FactKind
from podium.testing import PlainSteps
from tests.unit.engine.bench import Bench


def calling(target: Any) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target)

    return calls


async def test_recorded_steps_are_handed_back_after_a_crash(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def work(steps: Steps) -> list[int]:
        async def part(n: int) -> int:
            bench.witness.saw("part", n)
            if n == 2:
                await stuck.wait()
            return n

        return [await steps.once("part", lambda n=n: part(n), input=n) for n in range(4)]

    flow = calling(work)
    run = await bench.parked(flow)
    stuck.set()
    assert await bench.result(run, flow) == [0, 1, 2, 3]
    assert bench.witness.counts() == {"part 0": 1, "part 1": 1, "part 2": 2, "part 3": 1}


async def test_a_step_inside_a_step_is_kept_under_it(bench: Bench) -> None:
    stuck = asyncio.Event()

    @agent
    async def work(steps: Steps) -> list[int]:
        async def inner(n: int) -> int:
            bench.witness.saw("inner", n)
            return n

        async def outer(n: int) -> int:
            value = await steps.once("inner", lambda: inner(n))
            await stuck.wait()
            return value * 10

        return list(await asyncio.gather(*[steps.once("outer", lambda n=n: outer(n), key=str(n)) for n in (2, 1)]))

    flow = calling(work)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        steps = sorted(fact.key for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.STEP)
        assert steps == ["0/1/outer/1/inner#0", "0/1/outer/2/inner#0"]
    stuck.set()
    assert await bench.result(handle.id, flow) == [20, 10]
    assert bench.witness.counts() == {"inner 1": 1, "inner 2": 1}


async def test_another_input_of_a_recorded_step_blocks_the_run(bench: Bench) -> None:
    def made(sent: str) -> Any:
        @agent
        async def work(steps: Steps) -> str:
            async def send() -> str:
                return sent

            await steps.once("send", send, input=sent)
            return await asyncio.get_running_loop().create_future()

        return calling(work)

    run = await bench.parked(made("old"))
    stands = await bench.ended(run, made("new"))
    assert stands.state is RunState.BLOCKED
    assert "call 0/1/send#0" in stands.reason
    assert '"new"' in stands.reason


async def test_the_idempotency_key_of_a_step_is_its_own_and_stays(bench: Bench) -> None:
    keys: list[str] = []
    stuck = asyncio.Event()

    @agent
    async def work(steps: Steps) -> None:
        async def send() -> None:
            keys.append(steps.idempotency_key)
            await stuck.wait()

        keys.append(steps.idempotency_key)
        await steps.once("send", send)

    flow = calling(work)
    run = await bench.parked(flow)
    stuck.set()
    await bench.result(run, flow)
    assert keys == [f"{run}:0", f"{run}:0/1/send#0"] * 2


async def test_plain_steps_and_the_engines_agree_on_what_is_repeated() -> None:
    calls: list[int] = []

    async def part() -> int:
        calls.append(1)
        return len(calls)

    first = PlainSteps()
    assert [await first.once("part", part), await first.once("part", part)] == [1, 2]
    again = PlainSteps(recorded=first.recorded)
    assert [await again.once("part", part), await again.once("part", part)] == [1, 2]
    assert len(calls) == 2
