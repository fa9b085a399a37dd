"""What runs of `many.py` do that restart: pay in one generation, and fail in a later one until they are retried."""

from podium import Call, Context, Steps, agent, workflow
from podium.model.agent import AnyAgent
from podium.testing import Witness

LAST = 4


def made(witness: Witness, pay: AnyAgent) -> list[AnyAgent]:  # noqa: C901 - a list of small functions
    """Return the agents and the workflows, `watch` last."""

    def saw(call: Call) -> None:
        witness.saw("call", call.run, call.key, call.attempt)

    @agent
    async def glance(n: int, call: Call) -> int:
        saw(call)
        return n

    @agent
    async def set_aside(n: int, call: Call, steps: Steps) -> int:
        async def book() -> int:
            witness.saw("effect", call.run, "book")
            return n

        return await steps.once("book", book, input=n, effects="once")

    @agent
    async def moody(n: int, call: Call) -> int:
        if witness.count("mood", call.run) < 2:
            witness.saw("mood", call.run)
            raise ValueError("not in the mood")
        return n

    @workflow
    async def glances(ctx: Context, n: int) -> int:
        await ctx.sleep(0.001)
        return await ctx.call(glance, n)

    @workflow
    async def watch(ctx: Context, told: list[object]) -> list[object]:
        n, *seen = told
        assert isinstance(n, int)
        child = await ctx.spawn(glances, n + len(seen))
        await ctx.sleep(0.002)
        match len(seen):
            case 1:
                done: object = await ctx.call(pay, n)
            case 2:
                done = await ctx.call(set_aside, n)
            case 3:
                done = await ctx.call(moody, n)
            case _:
                done = await ctx.call(glances, n)
        told = [n, *seen, [done, await child.result()]]
        if len(seen) < LAST:
            await ctx.restart(told)
        return told

    return [glance, set_aside, moody, glances, watch]


def expected(n: int) -> list[object]:
    return [n, [n, n], [f"paid {n}", n + 1], [n, n + 2], [n, n + 3], [n, n + 4]]
