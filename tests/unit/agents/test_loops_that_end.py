"""An event loop that ends in the middle of an agent's run takes the run with it, and no later test is told of that."""

import asyncio
import gc

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

TURNS = 40
"""More than the agent takes."""


@pytest.mark.parametrize("turns", range(TURNS))
def test_a_loop_may_end_whenever_an_agent_is_about_to_begin_a_task(turns: int) -> None:
    async def main() -> None:
        run = asyncio.ensure_future(Agent(TestModel()).run("Go on."))
        for _ in range(turns):
            await asyncio.sleep(0)
        assert turns < TURNS - 1 or run.done()

    asyncio.run(main())
    gc.collect()  # what nobody awaited is told of now
