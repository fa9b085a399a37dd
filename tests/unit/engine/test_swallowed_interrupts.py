"""Code that catches what interrupts a step does not keep it from the engine: what it returns then is not recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent

from podium import App, Context, Steps, agent, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import Forbidden, RunFailed
from podium.model.consent import Consent
from podium.model.deferral import Deferred
from podium.model.json import Json
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.testing import ScriptedModel, Use

MAY_PAY = Ask(text="May it pay?", subject=None, schema=APPROVAL_SCHEMA, to="boss", kind="permission")

Asking = Callable[[], Awaitable[Json]]


async def gathered(asks: Asking) -> Json:
    return [str(each) for each in await asyncio.gather(asks(), return_exceptions=True)]


async def caught(asks: Asking) -> Json:
    try:
        return [await asks()]
    except BaseException as problem:  # noqa: BLE001 - what code must not do, and does
        return [str(problem)]


async def wrapped(asks: Asking) -> Json:
    try:
        return [await asks()]
    except BaseException as problem:
        raise ValueError from problem


SWALLOWING = [gathered, caught, wrapped]


def allowed(steps: Steps, paid: list[str]) -> Awaitable[Json]:
    """Pay in a step of its own, which people have to allow."""

    async def pay() -> Json:
        paid.append("paid")
        return "paid"

    return steps.once_allowed("pay", pay, Consent(ask=MAY_PAY), key="p")


async def asked(steps: Steps, paid: list[str]) -> Json:
    """Pay in the step one is in, after people allowed it."""
    await steps.ask(MAY_PAY)
    paid.append("paid")
    return "paid"


def clerk_of(swallow: Any, ask: Any, paid: list[str]) -> Any:
    @agent(name="clerk")
    async def clerk(steps: Steps) -> list[str]:
        return await steps.once("work", lambda: swallow(lambda: ask(steps, paid)))

    return clerk


def deferring(swallow: Any, ask: Any, paid: list[str]) -> Any:
    """Ask where a step goes on whose value was put off."""

    @agent(name="clerk")
    async def clerk(steps: Steps) -> list[str]:
        async def put_off() -> Deferred:
            return Deferred(None)

        async def go_on(_: Json) -> Json:
            return await swallow(lambda: ask(steps, paid))

        return await steps.once_allowed("work", put_off, Consent(), resume=go_on)

    return clerk


def llm(swallow: Any, paid: list[str]) -> Any:
    """Ask in a tool of an agent that a tool runs."""
    inner = PydanticAgent(ScriptedModel([Use("pay", id="p"), "paid"], name="inner"), name="inner")
    outer = PydanticAgent(ScriptedModel([Use("work", id="w"), "['paid']"], name="outer"), name="clerk")

    @inner.tool_plain(requires_approval=True)
    async def pay() -> str:
        paid.append("paid")
        return "paid"

    @outer.tool_plain
    async def work() -> Any:
        async def asks() -> Json:
            return (await inner.run("go")).output

        return await swallow(asks)

    return from_pydantic_ai(outer)


def flow_of(clerk: Any) -> Any:
    @workflow(name="flow")
    async def flow(ctx: Context) -> Any:
        return await ctx.call(clerk)

    return flow


async def answered(flow: Any) -> tuple[Json, int]:
    """Return what a flow gives once somebody said yes to all that it asks, and how often it asked."""
    async with App.open(":memory:", agents=[flow]) as app, asyncio.timeout(120):
        handle = await app.start(flow)
        done = asyncio.ensure_future(handle.result())
        while not done.done():
            for question in await app.inbox.list():
                await app.inbox.answer(question.id, {"approved": True}, by="b")
            await asyncio.sleep(0)
        return await done, len(await app.inbox.list(state=None))


@pytest.mark.parametrize("ask", [allowed, asked])
@pytest.mark.parametrize("made", [clerk_of, deferring])
@pytest.mark.parametrize("swallow", SWALLOWING)
async def test_a_question_in_a_step_waits_for_its_answer(swallow: Any, made: Any, ask: Any) -> None:
    paid = list[str]()
    assert await answered(flow_of(made(swallow, ask, paid))) == (["paid"], 1)
    assert paid == ["paid"]


@pytest.mark.parametrize("swallow", SWALLOWING)
async def test_a_question_in_a_tool_waits_for_its_answer(swallow: Any) -> None:
    paid = list[str]()
    clerk = llm(swallow, paid)

    @workflow(name="flow")
    async def flow(ctx: Context) -> Any:
        return await ctx.call(clerk, "go")

    assert await answered(flow) == ("['paid']", 1)
    assert paid == ["paid"]


@pytest.mark.parametrize("swallow", SWALLOWING)
async def test_what_is_forbidden_in_a_step_ends_the_call(swallow: Any) -> None:
    async def forbidden(steps: Steps, _: list[str]) -> Json:
        async def pay() -> Json:
            raise Forbidden("pay", "not by machines")

        return await steps.once("pay", pay)

    with pytest.raises(RunFailed, match="not by machines"):
        await answered(flow_of(clerk_of(swallow, forbidden, [])))
