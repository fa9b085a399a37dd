"""Flows of Prefect that run workflows of Podium, or are run by them; served for ever. FOLDER is where they work."""

import asyncio
import os
from pathlib import Path

from prefect import flow, serve, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import flow_run

from podium import App, Context, agent, workflow
from podium.orchestrators.prefect import cancel_runs, run
from podium.testing import Witness

FOLDER = Path(os.environ["FOLDER"])
STORE, WITNESS = FOLDER / "podium.db", Witness(FOLDER / "witness")


@agent
async def pay(what: str) -> str:
    WITNESS.saw("paid", what)
    return what


@agent
async def shaky(what: str) -> str:
    WITNESS.saw("shaky", what)
    if WITNESS.count("shaky", what) == 1:
        raise ValueError(f"{what} is locked")
    return f"{what} is done"


@agent
async def undo(what: str) -> None:
    WITNESS.saw("undone", what)


@workflow
async def article(ctx: Context, what: str) -> str:
    return await ctx.call(shaky, await ctx.call(pay, what))


@workflow
async def waits(ctx: Context, what: str) -> str:
    await ctx.on_undo(undo, what)
    return await ctx.ask("Publish?", answer=str)


@task(retries=1)
async def tried_twice(what: str) -> str:
    async with App.open(STORE, agents=[article]) as app:
        return await run(app, article, what)


@flow
async def retries_a_task(what: str) -> None:
    await acreate_markdown_artifact(key="given", markdown=await tried_twice(what))


@flow(retries=1)
async def retries_a_flow(what: str) -> None:
    async with App.open(STORE, agents=[article]) as app:
        await acreate_markdown_artifact(key="given", markdown=await run(app, article, what))


@flow
async def fails(what: str) -> None:
    async with App.open(STORE, agents=[article]) as app:
        await run(app, article, what)


@flow(on_cancellation=[cancel_runs(STORE, agents=[waits])])
async def asks(what: str) -> None:
    async with App.open(STORE, agents=[waits]) as app:
        await run(app, waits, what)


@flow
async def etl(day: str) -> str:
    WITNESS.saw("etl", day)
    if day == "sunday":
        raise ValueError("nothing comes on a sunday")
    while day == "slow":
        await asyncio.sleep(0.1)
    await acreate_markdown_artifact(key="rows", markdown=f"3 rows of {day}, by {flow_run.id and 'a flow run'}")
    return "not to be had from outside"


if __name__ == "__main__":
    flows = (retries_a_task, retries_a_flow, fails, asks, etl)
    serve(*(each.to_deployment("here") for each in flows), pause_on_shutdown=False)
