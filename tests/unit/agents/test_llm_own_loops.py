"""A step that has begun is recorded, in whichever loop: a synchronous tool may run an agent in a loop of its own."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.capabilities import HandleDeferredToolCalls
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext

from podium import App, Context, workflow
from podium.agents.frameworks.flight import Flight
from podium.agents.frameworks.loops import in_loop, kept_in_loop
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import NotDone
from podium.model.json import Json
from podium.model.retry import Retry
from podium.model.steps import Effects
from podium.testing import ScriptedModel, Use

Work = Callable[[], Coroutine[object, None, str]]

Run = Callable[[Coroutine[object, None, str]], str]
"""Runs a coroutine in a loop of its own."""


class Shop:
    """Pays in one tool while another one raises, the first time."""

    def __init__(self) -> None:
        self.paid, self.looked = 0, 0
        self.failed = asyncio.Event()

    async def pay(self) -> str:
        self.paid += 1
        await self.failed.wait()
        await turns()
        return "paid"

    async def look(self) -> str:
        self.looked += 1
        if self.looked > 1:
            return "seen"
        while not self.paid:
            await asyncio.sleep(0)
        self.failed.set()
        raise NotDone("look is down")


async def turns() -> None:
    for _ in range(1000):
        await asyncio.sleep(0)


def clerk(name: str, *tools: Work) -> PydanticAgent[None, str]:
    uses = [Use(tool.__name__, id=f"{name}{at}") for at, tool in enumerate(tools)]
    agent = PydanticAgent(ScriptedModel([uses, "done"], name=name), name=name)
    for tool in tools:
        agent.tool_plain(tool)
    return agent


def at_once(shop: Shop) -> Work:
    inner = clerk("inner", shop.pay, shop.look)

    async def work() -> str:
        return (await inner.run("go")).output

    return work


def beside(shop: Shop) -> Work:
    payer, looker = clerk("inner", shop.pay), clerk("looker", shop.look)

    async def work() -> str:
        first, _ = await asyncio.gather(payer.run("go"), looker.run("go"))
        return first.output

    return work


def stopped(work: Coroutine[object, None, str]) -> str:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def bot_of(work: Work, run: Run | None, effects: Effects) -> Any:
    outer = PydanticAgent(ScriptedModel([Use("work", id="w"), "done"], name="outer"), name="bot")
    if run is None:
        outer.tool_plain(name="work")(work)
    else:
        outer.tool_plain(name="work")(lambda: run(work()))
    return from_pydantic_ai(outer, tool_effects={"inner/pay": effects}, retry=Retry(attempts=2, delay=0.0))


async def answer(bot: Any) -> Json:
    @workflow(name="flow")
    async def flow(ctx: Context) -> str:
        return await ctx.call(bot, "go")

    async with App.open(":memory:", agents=[flow]) as app, asyncio.timeout(120):
        return await app.run(flow)


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("run", [None, asyncio.run, stopped], ids=["home", "asyncio.run", "stopped"])
async def test_a_use_that_is_under_way_when_one_beside_it_raises_is_done_once(
    run: Run | None, effects: Effects
) -> None:
    shop = Shop()
    assert await answer(bot_of(at_once(shop), run, effects)) == "done"
    assert (shop.paid, shop.looked) == (1, 2)


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("run", [None, asyncio.run], ids=["home", "asyncio.run"])
async def test_a_use_of_an_agent_that_the_tool_left_behind_is_done_once(run: Run | None, effects: Effects) -> None:
    shop = Shop()
    assert await answer(bot_of(beside(shop), run, effects)) == "done"
    assert (shop.paid, shop.looked) == (1, 2)


async def test_a_step_in_a_loop_that_was_stopped_for_good_does_not_keep_its_call() -> None:
    flight, loop = Flight(), asyncio.new_event_loop()
    left = list[asyncio.Future[Json]]()

    async def main() -> None:
        begun = asyncio.Event()

        async def work() -> Json:
            begun.set()
            await asyncio.Event().wait()

        left.append(asyncio.ensure_future(flight.carry(kept_in_loop(loop, work))))
        await begun.wait()

    async with asyncio.timeout(120), flight:
        await asyncio.to_thread(loop.run_until_complete, main())
    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(loop.run_until_complete, left[0])
    loop.close()


@pytest.mark.parametrize("way", [in_loop, kept_in_loop])
async def test_what_a_loop_no_longer_begins_is_nothing_that_nobody_awaited(way: Callable[..., Any]) -> None:
    loop, begun = asyncio.new_event_loop(), list[str]()

    async def work() -> None:
        begun.append("work")

    waiting = asyncio.ensure_future(way(loop, work))
    await asyncio.sleep(0)
    loop.close()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gc.collect()  # a coroutine that nobody awaited would be told of now, and is an error in tests
    assert begun == []


async def test_a_handler_that_decides_while_a_use_beside_it_raises_is_asked_once() -> None:
    shop = Shop()

    async def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
        await shop.pay()
        return requests.build_results(approve_all=True)

    uses = [Use("send", id="c0"), Use("look", id="c1")]
    agent = PydanticAgent(
        ScriptedModel([uses, "done"], name="outer"), name="bot", capabilities=[HandleDeferredToolCalls(handle)]
    )
    agent.tool_plain(shop.look)
    sent = list[str]()

    @agent.tool_plain(requires_approval=True)
    async def send() -> str:
        sent.append("sent")
        return "sent"

    assert await answer(from_pydantic_ai(agent, retry=Retry(attempts=2, delay=0.0))) == "done"
    assert (shop.paid, shop.looked, sent) == (1, 2, ["sent"])
