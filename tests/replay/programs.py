"""The workflows whose histories are kept. They must not be changed: add another one instead."""

from podium import Approval, Call, CallError, Context, Retry, Steps, agent, days, workflow
from podium.errors import TransportFailed
from podium.model.agent import AnyAgent
from podium.model.breaker import Breaker
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.limit import Limit
from podium.testing import failing, hanging, scripted

echo = scripted("echo", lambda value: value)
flaky = failing("flaky", times=2, then="third", retry=Retry(attempts=3, delay=5.0))
broken = failing("broken", error=ValueError("broken"))
never = hanging("never")
undo = scripted("undo", lambda value: value)
helper = scripted("helper", lambda value: value, capabilities={"help"})


@agent
async def stepwise(n: int, steps: Steps) -> list[Json]:
    async def part(i: int) -> int:
        return n + i

    return [await steps.once("part", lambda i=i: part(i), input=i) for i in range(3)]


@agent(effects="once")
async def pay(amount: int) -> str:
    return f"paid {amount}"


async def two_steps(ctx: Context, n: int) -> list[Json]:
    await ctx.sleep(float(n))
    return [n, await ctx.call(echo, n)]


@workflow
async def leg(ctx: Context, n: int) -> Json:
    await ctx.on_undo(undo, n)
    return await ctx.call(echo, n)


@workflow
async def child(ctx: Context, n: int) -> int:
    await ctx.sleep(3)
    return n + 1


@workflow
async def journey(ctx: Context, n: int) -> dict[str, Json]:
    seen: dict[str, Json] = {"start": ctx.now(), "uuid": str(ctx.uuid()), "chance": ctx.random().random()}
    started = await ctx.spawn(child, n)
    seen["gather"] = await ctx.gather(ctx.branch(two_steps, 2), ctx.branch(two_steps, 1), ctx.call(echo, "x"))
    seen["map"] = await ctx.map(echo, [1, 2, 3], concurrency=2)
    seen["race"] = await ctx.race(ctx.branch(two_steps, 50), ctx.call(echo, "quick"), ctx.call(never))
    seen["quorum"] = await ctx.gather(ctx.branch(two_steps, 9), ctx.call(echo, 1), ctx.call(echo, 2), quorum=2)
    order: list[int] = []
    async with ctx.select(*[ctx.branch(two_steps, i) for i in (3, 1, 2)]) as ended:
        async for branch in ended:
            order.append(branch.index)
            if len(order) == 2:
                break
    seen["select"] = [*order, ctx.now()]
    seen["flaky"] = await ctx.call(flaky)
    seen["steps"] = await ctx.call(stepwise, n)
    seen["paid"] = await ctx.call(pay, n)
    seen["once"] = await ctx.once("small", lambda: 5)
    seen["leg"] = await ctx.call(leg, n)
    seen["found"] = [card.name for card in await ctx.find("help")]
    seen["changed"] = ctx.changed("a change")
    try:
        await ctx.call(broken)
    except CallError as error:
        seen["broken"] = str(error)
    seen["signal"] = [await ctx.signal("go"), await ctx.signal("never", within=4, default="late")]
    seen["approved"] = (await ctx.ask(Approval("Fine?"), to="boss", within=days(1))).approved
    seen["asked"] = await ctx.ask("How many?", answer=int, within=10, default=0)
    seen["child"] = await started.result()
    return seen


@workflow
async def undone(ctx: Context, n: int) -> None:
    await ctx.on_undo(undo, 1)
    await ctx.call(leg, 2)
    await ctx.gather(ctx.call(echo, n), ctx.call(broken))


@workflow
async def cancelled(ctx: Context, n: int) -> None:
    await ctx.on_undo(undo, 1)
    started = await ctx.spawn(child, n)
    await ctx.gather(ctx.call(never), ctx.sleep(1_000), started.result())


scarce = scripted("scarce", lambda value: value, limit=Limit(requests=1, per=20.0, max_wait=1.0))
tripping = failing("tripping", times=1, then="up", retry=Retry(attempts=2, delay=40.0), breaker=Breaker(min_calls=1))


@agent
async def charge(amount: int, steps: Steps) -> int:
    async def done() -> int:
        return amount

    return await steps.once("charge", done, input=amount, effects="once")


async def ruled(ctx: Context, n: int) -> list[Json]:
    held = [await ctx.call(scarce, n), await ctx.call(scarce, n)]
    return [*held, await ctx.call(tripping), await ctx.call(charge, n)]


@workflow(name="governed", version="1")
async def governed(ctx: Context, n: int) -> list[Json]:
    return [*await ruled(ctx, n), await ctx.call(echo, "old"), await ctx.signal("go")]


@workflow(name="governed", version="2")
async def governed_2(ctx: Context, n: int) -> list[Json]:
    return [*await ruled(ctx, n), await ctx.call(echo, "new"), await ctx.signal("go")]


spare = scripted("spare", lambda value: f"spare {value}")
priced = scripted("priced", lambda value: value, usd=0.01)
dear = scripted("dear", lambda value: value, usd=50.0)


@agent(retry=Retry(attempts=2, delay=5.0))
async def stumbling(n: int, steps: Steps, call: Call) -> int:
    async def part() -> int:
        return n

    first = await steps.once("first", part, input=n, effects="once")
    if call.attempt == 1:
        raise ValueError("it stumbled")
    return first + await steps.once("second", part, input=n)


@workflow
async def spared(ctx: Context, n: int) -> list[Json]:
    seen: list[Json] = [await ctx.call(broken, n, fallback=[broken, spare])]
    seen.append(await ctx.call(broken, n, fallback=[FallbackValue("poor")]))
    seen += [await ctx.call(priced, i) for i in range(4)]
    try:
        await ctx.call(dear, n)
    except CallError as error:
        seen.append(str(error))
    return [*seen, await ctx.call(stumbling, n)]


@workflow
async def restarted(ctx: Context, n: int) -> list[int]:
    seen = [await ctx.call(echo, n) for _ in range(2)]
    await ctx.sleep(5)
    if n < 9:
        await ctx.restart(n + 1)
    return seen


@agent(retry=Retry(attempts=2, delay=1.0))
async def teller(n: int, steps: Steps, call: Call) -> int:
    async def part() -> int:
        steps.tell_sent(lambda place: {"n": n, "messages": []})
        if call.attempt == 1:
            raise TransportFailed("no route")
        return n + 1

    return await steps.once("part", part, input=n)


@workflow
async def sending(ctx: Context, n: int) -> list[int]:
    return [await ctx.call(teller, n), await ctx.call(teller, n + 1)]


@workflow
async def talking(ctx: Context, n: int) -> list[Json]:
    """Says something in two conversations, in the second of them inside a branch."""

    async def aside(inner: Context) -> Json:
        return await inner.call(echo, n + 1, conversation="aside")

    return [await ctx.call(echo, n, conversation="talk"), await ctx.gather(ctx.branch(aside))]


AGENTS: list[AnyAgent] = [
    echo, flaky, broken, never, undo, helper, stepwise, pay, leg, child, journey, undone, cancelled, scarce, tripping,
    charge, governed, governed_2, spare, priced, dear, stumbling, spared, restarted, teller, sending, talking,
]  # fmt: skip
RECORDED = ("journey", "undone", "cancelled")
