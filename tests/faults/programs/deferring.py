"""Tools that happen once and raise to wait, in a process that dies where it is told to; doubts are answered truly."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ApprovalRequired, CallDeferred, RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.question import Question
from podium.testing import Faults, Witness, die_at
from podium.testing.model import ModelReply, ScriptedModel, Use
from tests.faults.stores import store_in

GIVE_UP = 120.0
RESULTS: dict[str, str] = {"submit": "job 7 is done", "pay": "paid 5"}
"""What each tool gives in the end."""


def parts(witness: Witness, faults: Faults) -> list[AnyAgent]:
    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        told = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        results = [part for part in told if isinstance(part, ToolReturnPart)]
        if not results:
            return [Use(tool, {}, id=tool) for tool in RESULTS]
        return json.dumps([[part.tool_name, str(part.content)] for part in results])

    async def submitted() -> None:
        witness.saw("submit")

    async def paid() -> None:
        witness.saw("pay")

    agent = PydanticAgent(ScriptedModel(play), name="clerk")

    @agent.tool_plain
    async def submit() -> str:
        await faults.body(submitted)()
        raise CallDeferred(metadata={"job": 7})

    @agent.tool
    async def pay(ctx: RunContext[Any]) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        await faults.body(paid)()
        return RESULTS["pay"]

    clerk = from_pydantic_ai(agent, tool_effects={"submit": "once", "pay": "once"})

    @workflow
    async def pays(ctx: Context) -> str:
        return str(await ctx.call(clerk, "Pay."))

    return [pays, clerk]


def said(question: Question, witness: Witness) -> Json:
    """Return what people say, who know what really happened."""
    if question.ask.kind == "permission":
        return {"approved": True}
    if question.ask.kind != "in_doubt":
        return RESULTS[question.ask.subject["tool"]]
    tool = next(each for each in RESULTS if f"tool/{each} " in question.ask.text)
    return {"happened": RESULTS[tool]} if witness.counts().get(tool) else {"not_done": True}


async def people(app: App, witness: Witness) -> None:
    """Answer one question after the other."""
    while True:
        for question in await app.inbox.list(limit=1):
            await app.inbox.answer(question.id, said(question, witness), by="ann")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None) -> None:
    witness, faults = Witness(folder / "witness"), die_at(point)
    store = faults.store(store_in(folder))
    async with App.open(store, agents=parts(witness, faults), poll=0.02) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app, witness))
        handle: AnyHandle = await app.start("pays", id="r")
        async with asyncio.timeout(GIVE_UP):
            value = json.loads(await handle.result())
        answering.cancel()
        (folder / "result").write_text(json.dumps(value))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Pay once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
