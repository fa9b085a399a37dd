"""A language model that wants to use a tool again and again which it may not use, in a process that may die.

Each use is another one, so none is refused because the same was.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_ai.messages import ModelMessage
from pydantic_ai.tools import Tool

from podium import App, Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import CallRefused
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.policy import PolicySettings
from podium.store.sqlite.store import SqliteStore
from podium.testing import Faults, Witness, die_at
from podium.testing.model import ModelReply, ScriptedModel, Use

GIVE_UP = 120.0
TOLD = 4
"""Of how many refusals the model is told; it wants two uses at a time."""
DENIED = """\
permit(principal, action, resource);
@id("no") forbid(principal, action == Action::"tool", resource == Tool::"bot/pay");
"""
WAYS = ("policy", "person")
"""Who does not allow it."""


def parts(witness: Witness, faults: Faults, way: str) -> list[AnyAgent]:
    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        n, said = faults.enter("body"), sum(each.kind == "response" for each in messages)
        witness.saw("request", said)
        try:
            return [Use("pay", {"n": said * 2 + each}, id=f"c{said * 2 + each}") for each in range(2)]
        finally:
            faults.leave("body", n)

    async def pay(n: int) -> str:
        witness.saw("effect", n)
        return "paid"

    bot = llm_agent(
        "bot", model=ScriptedModel(play), instructions="Pay.", tools=[Tool(pay, requires_approval=way == "person")],
        max_refusals=TOLD,
    )  # fmt: skip

    @workflow
    async def job(ctx: Context) -> str:
        try:
            return await ctx.call(bot, "Go.")
        except CallRefused as error:
            return str(error)

    return [job]


async def people(app: App) -> None:
    """Say no to whatever is asked."""
    while True:
        for question in await app.inbox.list(limit=1):
            await app.inbox.answer(question.id, {"approved": False, "comment": "no"}, by="ann")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None, way: str) -> None:
    faults = die_at(point)
    store = faults.store(SqliteStore(str(folder / "podium.db")))
    policy = folder / "policy.cedar"
    policy.write_text(DENIED)
    settings: Any = {"policy": PolicySettings(file=str(policy))} if way == "policy" else {}
    agents = parts(Witness(folder / "witness"), faults, way)
    async with App.open(store, agents=agents, poll=0.02, **settings) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app))
        handle: AnyHandle = await app.start("job", id="r")
        async with asyncio.timeout(GIVE_UP):
            value = await handle.result()
        answering.cancel()
        asked = len((await app.inbox.list(state=None)).items)
        (folder / "result").write_text(json.dumps({"value": value, "asked": asked}))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Run it once: its children find everything loaded."""
    for way in WAYS:
        with TemporaryDirectory() as folder:
            asyncio.run(drive(Path(folder), None, way))


def main(folder: str, point: str | None, way: str) -> None:
    asyncio.run(drive(Path(folder), point, way))
