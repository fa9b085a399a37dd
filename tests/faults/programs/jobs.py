"""What the runs of `many.py` do where nothing goes wrong but their process: a bit of everything."""

import asyncio

from podium import Call, Context, Retry, Steps, agent, workflow
from podium.model.agent import AnyAgent
from podium.testing import Witness

QUICK = Retry(attempts=3, delay=0.002, jitter=0.5)


def paying(witness: Witness) -> AnyAgent:
    """Return the agent that pays, once."""

    @agent(effects="once")
    async def pay(n: int, call: Call) -> str:
        witness.saw("effect", call.run, "pay")
        await asyncio.sleep(0.001)
        return f"paid {n}"

    return pay


def made(witness: Witness, pay: AnyAgent) -> list[AnyAgent]:  # noqa: C901 - a list of small functions
    """Return the agents and the workflows, `job` last."""

    def saw(call: Call) -> None:
        witness.saw("call", call.run, call.key, call.attempt)

    @agent(retry=QUICK)
    async def double(n: int, call: Call) -> int:
        saw(call)
        await asyncio.sleep(n % 3 / 1_000)
        if n % 4 == 3 and call.attempt == 1:
            raise ConnectionError("not yet")
        return n * 2

    @agent
    async def stepwise(n: int, call: Call, steps: Steps) -> list[int]:
        saw(call)

        async def step(i: int) -> int:
            witness.saw("step", *steps.idempotency_key.split(":"))
            await asyncio.sleep(0.001)
            return n + i

        return [await steps.once("part", lambda i=i: step(i)) for i in range(3)]

    @agent
    async def undo(n: int, call: Call) -> None:
        saw(call)

    @workflow
    async def small(ctx: Context, n: int) -> int:
        return await ctx.call(double, n) + 1

    @workflow
    async def doomed(ctx: Context, n: int) -> None:
        await ctx.gather(ctx.on_undo(undo, n), ctx.on_undo(undo, n + 1))
        await ctx.call(double, n)
        raise ValueError("doomed")

    async def wait_then(ctx: Context, n: int) -> int:
        await ctx.sleep(n / 500)
        return await ctx.call(double, n)

    @workflow
    async def job(ctx: Context, n: int) -> dict[str, object]:
        child = await ctx.spawn(small, n)
        doubles = await ctx.map(double, [n, n + 1, n + 2], concurrency=2)
        order: list[int] = []
        async with ctx.select(*[ctx.branch(wait_then, i) for i in (2, 1, 3)]) as ended:
            async for branch in ended:
                order.append(branch.value())
                if len(order) == 2:
                    break
        steps = await ctx.call(stepwise, n)
        paid = await ctx.call(pay, n)
        first = await ctx.race(ctx.branch(wait_then, 50), ctx.branch(wait_then, 1))
        failed = ""
        try:
            await ctx.call(doomed, n)
        except Exception as error:  # noqa: BLE001 - its message is what is compared
            failed = str(error)
        pair = await ctx.gather(ctx.call(double, 1), ctx.sleep(0.005))
        return {
            "child": await child.result(), "doubles": doubles, "order": len(order), "steps": steps, "paid": paid,
            "first": first in (2, 100), "failed": "doomed" in failed, "pair": pair[0],
        }  # fmt: skip

    return [double, stepwise, undo, small, doomed, job]


def expected(n: int) -> dict[str, object]:
    return {
        "child": n * 2 + 1, "doubles": [n * 2, n * 2 + 2, n * 2 + 4], "order": 2, "steps": [n, n + 1, n + 2],
        "paid": f"paid {n}", "first": True, "failed": True, "pair": 2,
    }  # fmt: skip
