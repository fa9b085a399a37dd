"""Steps that are carried to their end, whoever still waits for them."""

import asyncio
import gc
from typing import Any

import pytest

from podium.agents.frameworks.flight import Flight
from podium.agents.frameworks.recorder import CallRecording, recording
from podium.agents.frameworks.request import AskedTool
from podium.model.json import Json
from podium.model.prices import NO_RATES
from podium.testing import PlainSteps


async def test_what_a_step_raises_whose_awaiter_is_gone_is_no_warning_of_asyncio() -> None:
    warned: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: warned.append(what))
    go_on = asyncio.Event()

    async def step() -> Json:
        await go_on.wait()
        raise ValueError

    async with Flight() as flight:
        waiter = asyncio.create_task(flight.carry(step()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait([waiter])
        go_on.set()
    del flight, waiter
    gc.collect()
    await asyncio.sleep(0)
    assert warned == []


@pytest.mark.parametrize("end", ["cancelled", "left behind"])
async def test_a_use_of_a_tool_in_the_loop_of_a_thread_is_recorded_though_it_is_cancelled_there(end: str) -> None:
    steps = PlainSteps()
    call = CallRecording(steps=steps, agent="clerk", effects={}, rates=NO_RATES)

    async def main() -> None:
        begun = asyncio.Event()

        async def pay(_: Json | None) -> Json:
            begun.set()
            for _ in range(1000):
                await asyncio.sleep(0)
            return {"kind": "tool_return", "result": "paid"}

        use = asyncio.ensure_future(recorder.use(AskedTool(tool="pay", call_id="c1", arguments={}, schema=None), pay))
        await begun.wait()
        if end == "cancelled":
            use.cancel()
            await asyncio.wait([use])

    with recording(call) as recorder:
        async with call.flight:
            await asyncio.to_thread(asyncio.run, main())
    assert steps.recorded == {"c1": {"kind": "tool_return", "result": "paid"}}
