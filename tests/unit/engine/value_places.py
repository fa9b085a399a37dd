"""The places where values enter a run, and what comes of one there: live, and in every replay."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import pytest

from podium import Approval, Context, Decision, Steps, agent, workflow
from podium.agents.memory import Get, Put, Remembered, memory
from podium.errors import PodiumError
from tests.unit.engine.bench import Bench


@cache
def echoing(kind: Any) -> Any:
    async def same(value: Any) -> Any:
        return value

    same.__annotations__ = {"value": kind, "return": kind}
    return agent(same)


def giving(kind: Any, value: Any) -> Any:
    async def gives() -> Any:
        return value

    gives.__annotations__ = {"return": kind}
    return agent(gives)


@cache
def child_of(kind: Any) -> Any:
    async def child(ctx: Context, value: Any) -> Any:
        return value

    child.__annotations__ = {"ctx": Context, "value": kind, "return": kind}
    return workflow(child)


Body = Callable[[Context, Any, Any], Awaitable[Any]]


async def through_a_call(ctx: Context, kind: Any, value: Any) -> Any:
    return await ctx.call(echoing(kind), value)


async def out_of_an_agent(ctx: Context, kind: Any, value: Any) -> Any:
    return await ctx.call(giving(kind, value))


async def through_an_inner_workflow(ctx: Context, kind: Any, value: Any) -> Any:
    return await ctx.call(child_of(kind), value)


async def through_a_child_run(ctx: Context, kind: Any, value: Any) -> Any:
    return await (await ctx.spawn(child_of(kind), value)).result()


async def out_of_once(ctx: Context, kind: Any, value: Any) -> Any:
    return await ctx.once("one", lambda: value, gives=kind)


async def through_an_undo(ctx: Context, kind: Any, value: Any) -> Any:
    await ctx.on_undo(echoing(kind), value)
    return value


TYPED: dict[str, Body] = {
    "input of a call": through_a_call,
    "output of an agent": out_of_an_agent,
    "an inner workflow": through_an_inner_workflow,
    "a child run": through_a_child_run,
    "once": out_of_once,
    "on_undo": through_an_undo,
}


MEMORY = memory()


async def through_memory(ctx: Context, kind: Any, value: Any) -> Any:
    await ctx.call(MEMORY, Put("key", value))
    found = await ctx.call(MEMORY, Get("key"))
    assert isinstance(found, Remembered)
    return found.value


async def through_a_step(ctx: Context, kind: Any, value: Any) -> Any:
    @agent
    async def steps_once(_: None, steps: Steps) -> Any:
        async def give() -> Any:
            return value

        return await steps.once("give", give)

    return await ctx.call(steps_once, None)


async def as_a_subject(ctx: Context, kind: Any, value: Any) -> Any:
    await ctx.ask("?", subject=value, within=1, default=None)
    return value


async def as_what_is_approved(ctx: Context, kind: Any, value: Any) -> Any:
    await ctx.ask(Approval("?", value), within=1, default=Decision(approved=False))
    return value


FREE: dict[str, Body] = {
    "memory": through_memory,
    "a step": through_a_step,
    "subject of a question": as_a_subject,
    "subject of an approval": as_what_is_approved,
}
"""Places that take any JSON."""


async def came_of(bench: Bench, body: Body, kind: Any, value: Any) -> list[Any]:
    """Return what comes of a value live, and in every replay; raises what it is refused with."""
    seen: list[Any] = []

    @workflow(name="flow")
    async def flow(ctx: Context) -> None:
        seen.append(await body(ctx, kind, value))
        await ctx.signal("go")

    async with bench.app(flow, child_of(kind), echoing(kind)) as app:
        handle = await app.start(flow)
        await bench.clock.advance(2)
        await bench.clock.settle()
        if (stands := await handle.status()).state.ended:
            await handle.result()
        assert stands.state == "parked", stands.reason
    async with bench.app(flow, child_of(kind), echoing(kind)) as app:
        await (await app.handle(handle.id)).signal("go")
        await (await app.handle(handle.id)).result()
    return seen


async def refusal_of(bench: Bench, body: Body, kind: Any, value: Any) -> str:
    with pytest.raises(PodiumError) as refused:
        await came_of(bench, body, kind, value)
    said = str(refused.value)
    assert "\n" not in said
    return said
