"""A program that is changed while its run is under way."""

import asyncio
import json
from pathlib import Path

from podium import App, Context, agent, workflow
from podium.errors import RunBlocked
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.testing import Witness, die_at


def made(variant: str, witness: Witness, version: str) -> list[AnyAgent]:
    """Return the agents and the workflow as this variant of the program has them."""

    def seeing(name: str) -> AnyAgent:
        async def see(n: int) -> int:
            witness.saw("call", name, n)
            return n

        return agent(name=name)(see)

    read, think, write = seeing("read"), seeing("think"), seeing("ponder" if variant == "renamed" else "write")

    async def branch(ctx: Context) -> int:
        return await ctx.call(think, 9)

    @workflow(name="story", version=version)
    async def story(ctx: Context) -> list[int]:
        if variant == "reordered":
            second, first = await ctx.call(think, 2), await ctx.call(read, 1)
        else:
            first = await ctx.call(read, 1)
            if variant == "branch added":
                await ctx.gather(ctx.branch(branch), ctx.branch(branch))
            second = 2 if variant == "call removed" else await ctx.call(think, 2)
        third = await ctx.call(write, 3)
        await ctx.sleep(0.2)
        return [first, second, third, await ctx.call(read, 4)]

    return [read, think, write, story]


async def drive(folder: Path, variant: str, version: str, repin: bool, die: bool) -> None:  # noqa: FBT001
    witness = Witness(folder / "witness")
    agents = made(variant, witness, version)
    async with asyncio.timeout(120), App.open(folder / "podium.db", agents=agents, poll=0.05) as app:
        handle: AnyHandle = await app.handle("r") if await app.store.run("r") else await app.start("story", id="r")
        if die:
            while witness.count("call") < 3:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            die_at("before-body-1").enter("body")
        if repin:
            await app.operations.repin("r", version)
        try:
            end: dict[str, Json] = {"value": await handle.result()}
        except RunBlocked as blocked:
            end = {"blocked": str(blocked)}
        (folder / "end").write_text(json.dumps(end))


def warm() -> None:
    """Load nothing more."""


def main(folder: str, variant: str, version: str, repin: bool, die: bool) -> None:  # noqa: FBT001
    asyncio.run(drive(Path(folder), variant, version, repin, die))
