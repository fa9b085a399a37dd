"""Steps that are carried to their end, whoever still waits for them."""

import asyncio
import gc
from typing import Any

from podium.agents.frameworks.flight import Flight
from podium.model.json import Json


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
