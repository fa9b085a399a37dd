"""Agents and workflows that server tests look at: one that works, one that fails, one that asks, one that talks."""

from typing import Any

from podium import Approval, Context, Retry, agent, workflow
from podium.errors import NotDone


@agent(description="Writes about a topic.", capabilities=["writing"], usd=0.25)
async def draft(topic: str) -> str:
    """Say something."""
    return f"All about {topic}."


@workflow(description="Writes an article.")
async def article(ctx: Context, topic: str) -> str:
    return await ctx.call(draft, topic)


SHAKY = [True]


@agent(retry=Retry(attempts=1))
async def shaky(n: int) -> int:
    if SHAKY[0]:
        raise NotDone("not today")
    return n


@workflow
async def trial(ctx: Context, n: int) -> int:
    return await ctx.call(shaky, n)


@workflow
async def asks(ctx: Context, text: str) -> bool:
    return (await ctx.ask(Approval("Publish?", text), to="editors")).approved


@workflow
async def waits(ctx: Context) -> Any:
    return await ctx.signal("go")


@agent
async def echo(text: str) -> str:
    return f"You said {text}."


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


DESK = (draft, article, shaky, trial, asks, waits, echo, chat)
