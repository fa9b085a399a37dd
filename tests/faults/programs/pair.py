"""One of two processes that share a store, in a folder or at an address: starts the same runs, and waits for all."""

import asyncio
import json
import sys
from pathlib import Path

from podium import App, Call, Context, agent, workflow
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.testing import Witness


def made(name: str, witness: Witness) -> list[AnyAgent]:
    """Return the agents and the workflow of a process."""

    @agent
    async def work(n: int, call: Call) -> int:
        witness.saw("begun", name, call.run, call.key)
        await asyncio.sleep(0.4)
        return n

    def was_paid(n: int) -> str | None:
        return "paid" if witness.count("effect", f"r{n}") else None

    @agent(effects="once", verify=was_paid)
    async def pay(n: int, call: Call) -> str:
        witness.saw("effect", call.run)
        return "paid"

    @workflow
    async def job(ctx: Context, n: int) -> list[object]:
        first = await ctx.call(work, n)
        await ctx.sleep(0.05)
        second = await ctx.call(work, n + 1)
        return [first, second, await ctx.call(pay, n)]

    return [work, pay, job]


async def main(folder: Path, name: str, runs: int, lease: float, address: str | None = None) -> None:
    agents, store = made(name, Witness(folder / "witness")), address or folder / "podium.db"
    async with asyncio.timeout(120), App.open(store, agents=agents, lease=lease, poll=0.05) as app:
        handles: list[AnyHandle] = [await app.start("job", n, id=f"r{n}") for n in range(runs)]
        print(json.dumps({handle.id: await handle.result() for handle in handles}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:]))
