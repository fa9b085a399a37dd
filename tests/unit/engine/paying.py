"""Agents that pay, in a call or in a step of one: the witness sees each payment."""

from typing import Any

from podium import Steps, agent
from tests.unit.engine.bench import Bench


class Desk:
    """Has one of each kind."""

    def __init__(self, bench: Bench, *, verify: Any = None) -> None:
        @agent(effects="once", verify=verify)
        async def pay(n: int) -> int:
            bench.witness.saw("paid", n)
            return n

        @agent
        async def clerk(n: int, steps: Steps) -> int:
            async def paying() -> int:
                bench.witness.saw("paid", n)
                return n

            return await steps.once("pay", paying, input=n, effects="once")

        self.pay, self.clerk = pay, clerk
