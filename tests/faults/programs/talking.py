"""Two runs that want their turns in one conversation, in a process that dies where it is told to."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App, Context, Steps, agent, workflow
from podium.errors import CallFailed
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.testing import Faults, die_at
from tests.faults.stores import store_in

GIVE_UP = 120.0


def parts(faults: Faults) -> list[AnyAgent]:
    @agent
    async def tells(text: str, steps: Steps) -> str:
        turn = steps.conversation
        assert turn is not None
        said = [each.message["parts"][0]["content"] for each in await turn.messages()]
        await asyncio.sleep(0.001)
        return f"{text} after {len(said)}"

    @agent
    async def fails(text: str) -> str:
        raise ValueError(text)

    telling, failing = faults.agent(tells), faults.agent(fails)

    @workflow
    async def inside(ctx: Context, text: str) -> str:
        return await ctx.call(telling, text, conversation=ctx.conversation)

    @workflow
    async def talk(ctx: Context, who: str) -> list[str]:
        first = await ctx.call(telling, f"{who}1", conversation=ctx.conversation)
        with suppress(CallFailed):
            await ctx.call(failing, f"{who} fails", conversation=ctx.conversation)
        await ctx.sleep(0.001)
        return [first, await ctx.call(inside, f"{who}2", conversation="c")]

    return [talk, inside, telling, failing]


async def drive(folder: Path, point: str | None) -> None:
    faults = die_at(point)
    store = faults.store(store_in(folder))
    async with asyncio.timeout(GIVE_UP), App.open(store, agents=parts(faults), poll=0.02) as app:
        runs: list[AnyHandle] = [await app.start("talk", who, id=who, conversation="c") for who in "ab"]
        values = {run.id: await run.result() for run in runs}
        said = await app.store.messages("default", "c")
        state = await app.store.conversation("default", "c")
        texts = [each.message["parts"][0]["content"] for each in said]
        (folder / "result").write_text(json.dumps({"values": values, "said": texts}))
        assert state is not None
        assert (state.holder, state.waiting, state.revision) == (None, 0, len(said))
        assert [each.place for each in said] == list(range(len(said)))
        for run in "ab":
            assert await app.reports.verify(run) == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Talk once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
