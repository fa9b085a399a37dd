"""Many small runs at once, in a process that is killed at any moment."""

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App, Call, Context, Retry, Steps, agent, workflow
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.run import RunState
from podium.testing import Witness

QUICK = Retry(attempts=3, delay=0.002, jitter=0.5)


def made(witness: Witness) -> list[AnyAgent]:  # noqa: C901 - a list of small functions
    """Return the agents and the workflows."""

    def saw(call: Call) -> None:
        witness.saw("call", call.run, call.key, call.attempt)

    @agent(retry=QUICK)
    async def double(n: int, call: Call) -> int:
        saw(call)
        await asyncio.sleep(n % 3 / 1_000)
        if n % 4 == 3 and call.attempt == 1:
            raise ConnectionError("not yet")
        return n * 2

    @agent(effects="once")
    async def pay(n: int, call: Call) -> str:
        saw(call)
        witness.saw("effect", call.run)
        await asyncio.sleep(0.001)
        return f"paid {n}"

    @agent
    async def stepwise(n: int, call: Call, steps: Steps) -> list[int]:
        saw(call)

        async def step(i: int) -> int:
            witness.saw("step", call.run, steps.idempotency_key.partition(":")[2])
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

    return [double, pay, stepwise, undo, small, doomed, job]


def expected(n: int) -> dict[str, object]:
    return {
        "child": n * 2 + 1, "doubles": [n * 2, n * 2 + 2, n * 2 + 4], "order": 2, "steps": [n, n + 1, n + 2],
        "paid": f"paid {n}", "first": True, "failed": True, "pair": 2,
    }  # fmt: skip


async def people(app: App, witness: Witness) -> None:
    """Say of each payment in doubt whether it happened: the witness knows."""
    while True:
        for question in await app.inbox.list():
            happened = witness.count("effect", question.run)
            answer = {"happened": f"paid {question.ask.subject}"} if happened else {"not_done": True}
            await app.inbox.answer(question.id, answer, by="ann")
        await asyncio.sleep(0.005)


async def drive(folder: Path, runs: int) -> None:
    witness = Witness(folder / "witness")
    agents = made(witness)
    opening = App.open(folder / "podium.db", agents=agents, poll=0.05, quarantine_after=1_000)
    async with opening as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app, witness))
        handles: list[AnyHandle] = [await app.start("job", n, id=f"r{n}") for n in range(runs)]
        async with asyncio.timeout(60):
            values = [await handle.result() for handle in handles]
        answering.cancel()
        for n, value in enumerate(values):
            assert value == expected(n), f"run {n} gave {value}"
        left = [run.id for run in await app.runs.list(limit=10_000) if run.state is not RunState.DONE]
        assert left == [], f"runs are left: {left}"
        counts = {f"r{n}": witness.count("effect", f"r{n}") for n in range(runs)}
        assert set(counts.values()) == {1}, f"paid not once: {counts}"
    (folder / "done").write_text(json.dumps(counts))


def warm() -> None:
    """Do all of it once: the children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), 1))


def main(folder: str, runs: int, die_after: float | None) -> None:
    if die_after is not None:
        threading.Thread(target=die, args=(die_after,), daemon=True).start()
    asyncio.run(drive(Path(folder), runs))


def die(after: float) -> None:
    time.sleep(after)
    os.kill(os.getpid(), signal.SIGKILL)
